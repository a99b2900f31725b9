// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "boot/compression.h"
#include "boot/kernel_config.h"

/// What skiff's machine wants of a kernel's configuration, and what one lacks of it.
namespace skiff::boot {

/// A kernel option that a request needs.
struct KernelWish {
    std::string_view option;     ///< Without "CONFIG_".
    std::string_view needed_by;  ///< In the user's words: "-d", "the initrd".
    /// Another option that does as well; empty where there is none.
    std::string_view alternative = {};
    /// For options that are numbers: not below this.
    std::uint64_t at_least = 0;
};

namespace wish {
inline constexpr KernelWish kDisk{"VIRTIO_BLK", "-d"};
inline constexpr KernelWish kNet{"VIRTIO_NET", "-n"};
inline constexpr KernelWish kBalloon{"VIRTIO_BALLOON", "--balloon"};
inline constexpr KernelWish kVsock{"VIRTIO_VSOCKETS", "--vsock"};
inline constexpr KernelWish kVirtioConsole{"VIRTIO_CONSOLE", "--console virtio"};
inline constexpr KernelWish kPorts{"VIRTIO_CONSOLE", "--port"};
inline constexpr KernelWish kVirtioMmio{"VIRTIO_MMIO", "each virtio device"};
/// A command that the guest runs (docs/run-command.md).
inline constexpr KernelWish kCommandStreams{"VIRTIO_CONSOLE", "a command's separate streams"};
inline constexpr KernelWish kCommandProgram{"BINFMT_ELF", "a command"};
inline constexpr KernelWish kCommandDevices{"DEVTMPFS", "a command"};
inline constexpr KernelWish kCommandProc{"PROC_FS", "a command"};
inline constexpr KernelWish kCommandControl{"DEVPORT", "a command's exit status", "DEVMEM"};
/// How the kernel hears of them: with ACPI, with neither, with a device tree.
inline constexpr KernelWish kFoundByAcpi{"ACPI", "each virtio device",
                                         "VIRTIO_MMIO_CMDLINE_DEVICES"};
inline constexpr KernelWish kFoundByCmdline{"VIRTIO_MMIO_CMDLINE_DEVICES", "each virtio device"};
inline constexpr KernelWish kFoundByTree{"OF", "--fdt"};
inline constexpr KernelWish kSerialConsole{"SERIAL_8250_CONSOLE", "the console"};
inline constexpr KernelWish kInitrd{"BLK_DEV_INITRD", "the initrd"};
inline constexpr KernelWish kSmp{"SMP", "-c"};
}  // namespace wish

/// The option by which a kernel unpacks an initrd.
KernelWish initrd_wish(Compression compression);

/// The option without which a kernel drives no more than `count` processors.
KernelWish cpu_count_wish(unsigned count);

/// What all of skiff's devices and boot paths need, for `skiff inspect`.
std::span<const KernelWish> all_kernel_wishes();

/// A wish that a configuration does not fulfil, or (`as_module`) only where somebody in the guest
/// loads the module.
struct KernelLack {
    KernelWish wish;
    bool as_module = false;
    /// The number that the configuration has instead, for wishes with `at_least`.
    std::uint64_t number = 0;
};

/// What `config` lacks, in the order of the wishes, each option once.
std::vector<KernelLack> kernel_lacks(const KernelConfig& config,
                                     std::span<const KernelWish> wishes);

/// "CONFIG_VIRTIO_BLK=y, which -d needs; CONFIG_…", in one line; for as_module ones with
/// "CONFIG_VIRTIO_BLK=m" instead.
std::string describe(std::span<const KernelLack> lacks);

}  // namespace skiff::boot
