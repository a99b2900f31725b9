// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/guest_memory.h"
#include "base/poll_window.h"
#include "base/rate_limiter.h"
#include "base/result.h"
#include "base/units.h"
#include "boot/boot_request.h"
#include "devices/boot_timer.h"
#include "virtio/balloon/balloon_options.h"
#include "virtio/block/disk_options.h"
#include "virtio/net/net_options.h"
#include "virtio/vsock/vsock_options.h"
#include "vmm/gdb/address.h"
#include "vmm/machine/command_config.h"
#include "vmm/machine/cpu_templates.h"
#include "vmm/machine/kernel_messages.h"
#include "vmm/machine/port_config.h"
#include "vmm/machine/trace/trace_config.h"

namespace skiff::machine {

class ConsoleTap;

/// Where the console's bytes go and come from.
struct SerialConfig {
    enum class Kind { kStdio, kNone, kFile, kPty, kUnix, kStderr };
    Kind kind = Kind::kStdio;
    /// For kFile (output is appended to nothing: the file is truncated) and kUnix (listening
    /// socket).
    std::string path;
    bool operator==(const SerialConfig&) const = default;
};

/// A file of the fw_cfg device.
struct FwCfgFile {
    std::string name;
    /// Where the content is; nothing where `text` is the content.
    std::optional<std::string> path;
    std::string text;
    bool operator==(const FwCfgFile&) const = default;
};

using DiskConfig = virtio::block::DiskOptions;
using NetworkConfig = virtio::net::NetOptions;
using PortForward = virtio::net::PortForward;
using BalloonConfig = virtio::balloon::BalloonOptions;
using VsockConfig = virtio::vsock::VsockOptions;

/// Everything that describes a virtual machine before it exists: made by the command line, the API
/// or a file; the same for all of them.
struct MachineConfig {
    static constexpr unsigned kMaxCpus = 254;
    static constexpr unsigned kMaxIoThreads = 64;

    /// What the user calls the machine; empty: nothing. Default MAC addresses come from it.
    std::string name;
    std::string kernel_path;
    /// Of a Linux.
    std::optional<std::string> initrd_path;
    /// The same and any further ones, as a Multiboot image takes them.
    std::vector<boot::ModuleFile> modules;
    /// In place of a path: an initrd that is a file of ours already.
    std::shared_ptr<const File> initrd_file;
    /// Appended to the default command line.
    std::string extra_cmdline;
    /// Replaces the default command line when set; extra_cmdline is appended to it too.
    std::optional<std::string> whole_cmdline;
    boot::EntryProtocol entry = boot::EntryProtocol::kAuto;
    /// The kernel is a flat image.
    std::optional<boot::FlatImage> flat;

    unsigned cpu_count = 1;
    /// What guests see of the processors, where it is not all that KVM supports.
    std::optional<CpuTemplate> cpu_template;
    std::uint64_t memory_bytes = 256 * kMiB;
    MemoryBacking memory_backing;

    /// The memory balloon; none without --balloon.
    std::optional<BalloonConfig> balloon;
    /// Stream sockets between guest and host; none without --vsock.
    std::optional<VsockConfig> vsock;
    /// The entropy device, and its limits; without limits, those that the device has by itself.
    bool rng = true;
    std::optional<RateLimits> rng_limits;
    /// Event loops that run the devices, the main thread's included.
    unsigned io_threads = 1;
    /// How long an event loop that has worked polls before it sleeps.
    PollPolicy io_poll;
    /// In the order in which the guest finds them: /dev/vda first.
    std::vector<DiskConfig> disks;
    /// In the order in which the guest finds them: eth0 first.
    std::vector<NetworkConfig> nets;

    /// What the guest's console is.
    enum class Console {
        kSerial,  ///< ttyS0, the 16550A.
        kVirtio,  ///< hvc0; early messages come through the 16550A.
        kNone,    ///< The kernel is told to have none.
    };
    Console console = Console::kSerial;
    SerialConfig serial;
    /// Where the console can be watched and typed on beside that; null: nowhere.
    std::shared_ptr<ConsoleTap> console_tap;
    /// Named ports of the virtio console.
    std::vector<PortConfig> ports;
    bool has_virtio_console() const {
        return console == Console::kVirtio || !ports.empty() || command.has_value();
    }
    /// The machine is there for one command; `initrd_file` has it.
    std::optional<CommandConfig> command;
    bool acpi = true;
    /// Describe the virtio devices by a device tree instead of ACPI and the command line.
    bool device_tree = false;
    /// Whether the guest gets ACPI tables. A kernel with both ACPI and a tree would drive its
    /// devices by the tree, whose interrupts it cannot have when ACPI has set up the I/O APIC.
    bool has_acpi_tables() const { return acpi && !device_tree; }
    /// Port of the debug-exit device; none without --debug-exit.
    std::optional<std::uint16_t> debug_exit_port;
    /// A register by which the guest says that it is up, and since when that is measured.
    std::optional<devices::BootTimer::Start> boot_timer;
    /// The devices of QEMU's pc-testdev, and fw_cfg.
    bool testdev = false;
    /// fw_cfg; also there with testdev, or where it has files.
    bool fw_cfg = false;
    /// Named files of fw_cfg.
    std::vector<FwCfgFile> fw_cfg_files;
    /// The programmable interval timer.
    enum class Pit {
        kMakesUpTicks,   ///< Ticks that the guest missed come later.
        kDiscardsTicks,  ///< They never come.
        kNone,           ///< There is none.
    };
    Pit pit = Pit::kMakesUpTicks;
    /// Add what the host's KVM backend needs to the command line (host-notes: emulated_cpl0).
    bool host_quirks = true;

    /// An ELF file with the kernel's symbols, where the kernel's own file has none.
    std::optional<std::string> vmlinux_path;

    /// Where a core of the guest is written when it dies.
    std::optional<std::string> crash_dump_path;
    /// What is traced; nothing without --trace.
    std::optional<TraceConfig> trace;

    /// Where debuggers come to; none without --gdb.
    std::optional<gdb::ListenAddress> gdb;
    /// No vCPU runs before a debugger lets it.
    bool gdb_wait = false;

    /// Which messages of the guest's kernel end the run, besides a panic's.
    KernelTroubles fail_on;
    /// The run ends with status 76 when nothing has been printed for this time.
    std::optional<std::chrono::milliseconds> silence_timeout;
    /// The run ends with status 124 after this time.
    std::optional<std::chrono::milliseconds> timeout;
    /// Between the power button (SIGTERM) and the hard stop.
    std::chrono::milliseconds grace{10'000};
    bool operator==(const MachineConfig&) const = default;
};

/// Checks everything that can be checked without touching the host: ranges, sizes, combinations.
/// The error names the field as the user knows it and the values that are allowed.
Result<void> validate(const MachineConfig& config);

}  // namespace skiff::machine
