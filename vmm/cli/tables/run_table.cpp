// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "vmm/cli/tables/command_tables.h"
#include "vmm/cli/tables/run_command_options.h"
#include "vmm/cli/tables/run_device_options.h"
#include "vmm/cli/tables/run_examples.h"

namespace skiff::cli {
namespace {

constexpr std::array kArguments = {
    ArgumentSpec{
        .name = "KERNEL",
        .completion = Completion::kFile,
        .help = "The kernel to boot: an ELF vmlinux, a bzImage or a Multiboot image. The same as "
                "--kernel.",
    },
};

constexpr std::string_view kWhatToBoot = "What to boot";
constexpr std::string_view kMachine = "The machine";
constexpr std::string_view kConsole = "Console and log";
constexpr std::string_view kDebugging = "Debugging";
constexpr std::string_view kControl = "Control by programs";
constexpr std::string_view kStopping = "Stopping";

constexpr std::array kBootAndMachineOptions = {
    OptionSpec{
        .long_name = "kernel",
        .short_name = 'k',
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kWhatToBoot,
        .help = "The kernel: an ELF vmlinux (PVH note or 64-bit Linux protocol), a bzImage, or a "
                "Multiboot 1 image.",
    },
    OptionSpec{
        .long_name = "initrd",
        .short_name = 'i',
        .value_use = ValueUse::kRequired,
        .value_name = "FILE[,WORDS]",
        .completion = Completion::kFile,
        .repeatable = true,
        .group = kWhatToBoot,
        .help =
            "The initial RAM disk (initramfs). For a Multiboot image, a module, with WORDS for it "
            "behind a comma (two commas stand for one in a path); may be repeated.",
    },
    OptionSpec{
        .long_name = "config",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kWhatToBoot,
        .help = "A configuration file, in JSON or TOML, as 'skiff firecracker' takes it. Options "
                "change what it says, or add to it.",
    },
    OptionSpec{
        .long_name = "append",
        .short_name = 'a',
        .value_use = ValueUse::kRequired,
        .value_name = "PARAMETERS",
        .repeatable = true,
        .group = kWhatToBoot,
        .help = "Kernel parameters, added to the default command line. May be repeated.",
    },
    OptionSpec{
        .long_name = "cmdline",
        .value_use = ValueUse::kRequired,
        .value_name = "PARAMETERS",
        .group = kWhatToBoot,
        .help = "The kernel command line that replaces the default one; --append adds to it.",
    },
    OptionSpec{
        .long_name = "entry",
        .value_use = ValueUse::kRequired,
        .value_name = "PROTOCOL",
        .completion = Completion::kChoices,
        .choices = "auto pvh multiboot linux64 linux32",
        .default_value = "auto",
        .group = kWhatToBoot,
        .help =
            "How the kernel is entered: pvh, multiboot, linux64, linux32, or auto for the first "
            "of these that it offers.",
    },
    OptionSpec{
        .long_name = "flat",
        .value_use = ValueUse::kRequired,
        .value_name = "ADDRESS[,MODE]",
        .completion = Completion::kChoices,
        .choices = "0x7c00,real 0x100000,32 0x100000,64",
        .group = kWhatToBoot,
        .help =
            "The kernel is a flat image: its bytes are put at this physical address and entered "
            "at the first one, in mode real, 32 (the default) or 64.",
    },
    OptionSpec{
        .long_name = "no-host-quirks",
        .group = kWhatToBoot,
        .help = "Do not add the kernel parameters that this host's KVM needs (see skiff doctor).",
    },
    OptionSpec{
        .long_name = "name",
        .value_use = ValueUse::kRequired,
        .value_name = "NAME",
        .group = kMachine,
        .help = "What the machine is called: default MAC addresses of its network devices are made "
                "from it.",
    },
    OptionSpec{
        .long_name = "cpus",
        .short_name = 'c',
        .value_use = ValueUse::kRequired,
        .value_name = "COUNT",
        .default_value = "1",
        .group = kMachine,
        .help = "Virtual CPUs, 1 to 254.",
    },
    OptionSpec{
        .long_name = "cpu-template",
        .value_use = ValueUse::kRequired,
        .value_name = "NAME|FILE",
        .completion = Completion::kFile,
        .group = kMachine,
        .help = "What the guest sees of its CPUs: a template of Firecracker's (C3, T2, T2S, T2CL, "
                "T2A), or a file with one's own, in JSON. Without it, all that KVM supports.",
    },
    OptionSpec{
        .long_name = "memory",
        .short_name = 'm',
        .value_use = ValueUse::kRequired,
        .value_name = "SIZE",
        .default_value = "256M",
        .group = kMachine,
        .help = "Guest memory: a number with K, M, G or T. A number alone counts MiB.",
    },
    OptionSpec{
        .long_name = "memory-backing",
        .value_use = ValueUse::kRequired,
        .value_name = "KIND",
        .completion = Completion::kChoices,
        .choices = "anon memfd hugetlb anon,thp anon,prefault memfd,thp memfd,prefault hugetlb=2M "
                   "hugetlb=1G hugetlb,prefault",
        .default_value = "anon",
        .group = kMachine,
        .help = "What guest memory is made of: anon, memfd (can be shared with another process) or "
                "hugetlb[=2M|1G] (reserved huge pages); then ,thp for transparent huge pages and "
                ",prefault to touch every page before the guest starts.",
    },
    OptionSpec{
        .long_name = "no-acpi",
        .group = kMachine,
        .help = "Describe the machine by the MP table alone.",
    },
    OptionSpec{
        .long_name = "fdt",
        .group = kMachine,
        .help = "Describe the machine by a device tree (and the MP table) instead of ACPI and "
                "virtio_mmio.device= parameters: for kernels with CONFIG_OF.",
    },
    OptionSpec{
        .long_name = "dump-dtb",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kMachine,
        .help = "Write the device tree of --fdt into a file, in the form that dtc reads; also with "
                "--dry-run.",
    },
};

constexpr std::array kOtherOptions = {
    OptionSpec{
        .long_name = "console",
        .value_use = ValueUse::kRequired,
        .value_name = "KIND",
        .completion = Completion::kChoices,
        .choices = "serial virtio none",
        .default_value = "serial",
        .group = kConsole,
        .help = "What the guest's console is: serial (ttyS0, which every kernel has), virtio "
                "(hvc0: faster, and knows the window's size; for kernels with virtio_console "
                "built in), or none.",
    },
    OptionSpec{
        .long_name = "serial",
        .value_use = ValueUse::kRequired,
        .value_name = "WHERE",
        .completion = Completion::kChoices,
        .choices = "stdio none file= pty unix=",
        .default_value = "stdio",
        .group = kConsole,
        .help = "Where the console is, be it serial or virtio: stdio, none (nobody sees it), "
                "file=PATH, pty (a new pseudo-terminal), or unix=PATH (a listening socket).",
    },
    OptionSpec{
        .long_name = "quiet",
        .short_name = 'q',
        .group = kConsole,
        .help = "Log only what went wrong.",
    },
    OptionSpec{
        .long_name = "verbose",
        .short_name = 'v',
        .group = kConsole,
        .help = "Log what is loaded where and which unknown I/O the guest did.",
    },
    OptionSpec{
        .long_name = "log-file",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kConsole,
        .help = "Append the log to a file or FIFO instead of standard error. SIGHUP reopens it.",
    },
    OptionSpec{
        .long_name = "log-format",
        .value_use = ValueUse::kRequired,
        .value_name = "FORMAT",
        .completion = Completion::kChoices,
        .choices = "text json",
        .default_value = "text",
        .group = kConsole,
        .help = "text, or json: an object a line, with time, level, the machine's name and thread.",
    },
    OptionSpec{
        .long_name = "gdb",
        .value_use = ValueUse::kRequired,
        .value_name = "ADDRESS",
        .completion = Completion::kChoices,
        .choices = "auto unix: tcp:127.0.0.1:",
        .group = kDebugging,
        .help =
            "Let gdb debug the guest, at unix:PATH (a listening socket) or tcp:127.0.0.1:PORT "
            "(0: a free port, which the log names); auto, with --name NAME, is where 'skiff gdb "
            "NAME' looks. What this host's KVM cannot debug is said at the start.",
    },
    OptionSpec{
        .long_name = "gdb-wait",
        .group = kDebugging,
        .help = "Do not run the guest's first instruction before gdb says so.",
    },
    OptionSpec{
        .long_name = "dump-on-crash",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kDebugging,
        .help =
            "Write the guest's memory and registers into FILE when it dies (by a status of 70 to "
            "76, 124, or an error of the host): an ELF core for gdb, crash and drgn. Zero pages "
            "are holes in it.",
    },
    OptionSpec{
        .long_name = "trace",
        .value_use = ValueUse::kRequired,
        .value_name = "WHAT[=FILE]",
        .completion = Completion::kChoices,
        .choices = "exits devices exits,devices exits= devices= exits,devices=",
        .group = kDebugging,
        .help =
            "Count and time what makes the guest leave KVM (exits: by kind and address) or what "
            "its virtio queues do (devices), or both (exits,devices). At the end comes a table, "
            "on standard error or in FILE; a FILE that ends in .json gets each event, for "
            "Perfetto and chrome://tracing.",
    },
    OptionSpec{
        .long_name = "vmlinux",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kDebugging,
        .help =
            "The ELF file with the kernel's symbols, for reports of a guest's death. Without it, "
            "the kernel itself, or the vmlinux that was built with a bzImage.",
    },
    OptionSpec{
        .long_name = "api-sock",
        .value_use = ValueUse::kRequired,
        .value_name = "PATH",
        .completion = Completion::kFile,
        .group = kControl,
        .help = "Serve the API of 'skiff firecracker' on this Unix socket while the guest runs.",
    },
    OptionSpec{
        .long_name = "metrics-path",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kControl,
        .help = "Append metrics to a file or FIFO, a line of JSON a minute while the guest runs.",
    },
    OptionSpec{
        .long_name = "fail-on",
        .value_use = ValueUse::kRequired,
        .value_name = "TROUBLE",
        .completion = Completion::kChoices,
        .choices = "panic oops warn",
        .default_value = "panic",
        .group = kStopping,
        .help =
            "What the kernel must print for the run to end at once: panic; oops for an oops or BUG "
            "(status 73) and for lockups and stalls (75) too; warn for warnings (74) as well. The "
            "stack trace that follows is waited for, and shown.",
    },
    OptionSpec{
        .long_name = "silence-timeout",
        .value_use = ValueUse::kRequired,
        .value_name = "SECONDS",
        .group = kStopping,
        .help = "Stop the guest, with status 76, when it has printed nothing for this time on its "
                "console and ports. Fractions are allowed.",
    },
    OptionSpec{
        .long_name = "timeout",
        .value_use = ValueUse::kRequired,
        .value_name = "SECONDS",
        .group = kStopping,
        .help = "Stop the guest after this time, with status 124. Fractions are allowed.",
    },
    OptionSpec{
        .long_name = "grace",
        .value_use = ValueUse::kRequired,
        .value_name = "SECONDS",
        .default_value = "10",
        .group = kStopping,
        .help =
            "How long the guest may take to power off after SIGTERM, before it is stopped hard.",
    },
    OptionSpec{
        .long_name = "exit-file",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kStopping,
        .help = "Write how the run ended into a file, for programs: lines kind=, status=, value= "
                "and detail=, as in kind=triple-fault. It stays empty where no guest ran.",
    },
    OptionSpec{
        .long_name = "dry-run",
        .value_use = ValueUse::kOptional,
        .value_name = "FORM",
        .completion = Completion::kChoices,
        .choices = "toml json",
        .group = kStopping,
        .help =
            "Build the machine, print it as a configuration file (TOML, with what would be loaded "
            "where as comments; or JSON), and do not start it.",
    },
};

constexpr auto kOptions = joined(
    joined(joined(kBootAndMachineOptions, kRunCommandOptions), kRunDeviceOptions), kOtherOptions);

}  // namespace

constinit const CommandSpec kRunCommand = {
    .name = "run",
    .summary = "boot a Linux kernel in a virtual machine, for a command or as it is",
    .description =
        "Boots KERNEL on /dev/kvm and connects its console to this terminal. The "
        "process ends when the guest powers off or resets, with a status that says why.\n"
        "With -- COMMAND, no image is needed: the command is packed with the libraries and "
        "interpreters that it needs, runs in the guest as it would here, with this process's "
        "standard streams, and its exit status is that of skiff. The guest's console is shown only "
        "with -v, or when something goes wrong.\n"
        "SIGTERM presses the guest's power button; after --grace seconds, or on a second "
        "signal, the guest is stopped hard.\n"
        "On a terminal, Ctrl-] opens a menu: q quits at once, p presses the power button, b SIZE "
        "changes the balloon, f asks for free pages, i shows the state of the machine; Ctrl-] "
        "twice sends one to the guest.",
    .arguments = kArguments,
    .options = kOptions,
    .statuses = kRunStatuses,
    .examples = kRunExamples,
    .command_words = "COMMAND [ARGUMENT]...",
};

}  // namespace skiff::cli
