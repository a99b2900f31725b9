// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/tables/command_tables.h"

#include <algorithm>
#include <array>

namespace skiff::cli {
namespace {

constexpr OptionSpec kJsonOption = {
    .long_name = "json",
    .group = "Output",
    .help = "Print JSON, for programs.",
};

constexpr std::array kDoctorOptions = {kJsonOption};
constexpr std::array kDoctorStatuses = {
    StatusSpec{"0", "skiff run can work here; warnings may remain."},
    StatusSpec{"1", "Something that skiff run needs is missing."},
    StatusSpec{"2", "The command line is wrong."},
};
constexpr std::array kDoctorExamples = {
    ExampleSpec{"skiff doctor", "Check this host, in words."},
    ExampleSpec{"skiff doctor --json",
                "The same for a program; fields: backend, host_quirks, ok, "
                "versions, checks (name, status, detail, remedy)."},
};

constexpr std::array kInspectArguments = {
    ArgumentSpec{
        .name = "FILE",
        .required = true,
        .completion = Completion::kFile,
        .help = "A kernel, an initrd or a disk image.",
    },
};
constexpr std::array kInspectOptions = {kJsonOption};
constexpr std::array kInspectStatuses = {
    StatusSpec{"0", "The file was read and named."},
    StatusSpec{"1", "The host failed to read it."},
    StatusSpec{"2", "The command line is wrong, or there is no such file."},
};
constexpr std::array kInspectExamples = {
    ExampleSpec{"skiff inspect vmlinux", "What a kernel is and how it would be booted."},
    ExampleSpec{"skiff inspect --json /boot/vmlinuz-$(uname -r)", "The same for a program."},
};

constexpr std::array kConfigArguments = {
    ArgumentSpec{
        .name = "ACTION",
        .required = true,
        .completion = Completion::kChoices,
        .choices = "check",
        .help = "check: say what is wrong with the file, and start nothing.",
    },
    ArgumentSpec{
        .name = "FILE",
        .required = true,
        .completion = Completion::kFile,
        .help = "A configuration file, in JSON or TOML (docs/api/).",
    },
};
constexpr std::array kConfigStatuses = {
    StatusSpec{"0", "A microVM can be made of it."},
    StatusSpec{"2", "It cannot: the line on standard error says why."},
};
constexpr std::array kConfigExamples = {
    ExampleSpec{"skiff config check vm.json", "Check a file before it is used."},
};

constexpr std::array kQemuArguments = {
    ArgumentSpec{
        .name = "ARGUMENTS",
        .completion = Completion::kFile,
        .help = "QEMU's: 'skiff qemu -help' lists those that are known.",
    },
};
constexpr std::array kQemuExamples = {
    ExampleSpec{"skiff qemu -kernel test.flat -device isa-debug-exit,iobase=0xf4 -serial stdio",
                "Run a Multiboot test image as a script for QEMU does."},
    ExampleSpec{"skiff qemu -device help", "List the devices."},
};

constexpr std::array kGdbArguments = {
    ArgumentSpec{
        .name = "ADDRESS",
        .required = true,
        .completion = Completion::kFile,
        .help = "The machine's name, where it runs with --name NAME --gdb auto; or where skiff run "
                "--gdb listens: a socket's path, unix:PATH or tcp:127.0.0.1:PORT.",
    },
    ArgumentSpec{
        .name = "VMLINUX",
        .completion = Completion::kFile,
        .help =
            "The guest's ELF file with its symbols; for a machine by its name, the file that it "
            "booted unless another is named. The gdb scripts that a kernel's build has "
            "beside it (vmlinux-gdb.py) are loaded too.",
    },
};
constexpr std::array kGdbExamples = {
    ExampleSpec{"skiff gdb mine", "Debug the guest of skiff run vmlinux --name mine --gdb auto."},
    ExampleSpec{"skiff gdb /tmp/g vmlinux",
                "Debug the guest of skiff run vmlinux --gdb unix:/tmp/g."},
};

constexpr std::array kCompletionArguments = {
    ArgumentSpec{
        .name = "SHELL",
        .required = true,
        .completion = Completion::kChoices,
        .choices = "bash zsh",
        .help = "bash or zsh.",
    },
};
constexpr std::array kCompletionExamples = {
    ExampleSpec{"source <(skiff completion bash)", "Completion in this bash."},
    ExampleSpec{"skiff completion zsh > ~/.zfunc/_skiff",
                "Completion in zsh, where ~/.zfunc is in fpath."},
};

constexpr std::array kManArguments = {
    ArgumentSpec{
        .name = "COMMAND",
        .completion = Completion::kChoices,
        .choices = "run firecracker config test doctor inspect gdb qemu completion man",
        .help = "The command to print the page of; without it, the page of skiff itself.",
    },
};
constexpr std::array kManExamples = {
    ExampleSpec{"skiff man run | man -l -", "Read the page of skiff run."},
};

constexpr std::array kProgramExamples = {
    ExampleSpec{"skiff run vmlinux -i initramfs.cpio", "Boot Linux with its console here."},
    ExampleSpec{"skiff test suite.toml", "Run many guests as a test suite."},
    ExampleSpec{"skiff doctor", "Find out what this host lacks."},
    ExampleSpec{"skiff inspect bzImage", "Find out what a file is."},
};

constexpr std::array kCommands = {
    &kRunCommand,     &kFirecrackerCommand, &kConfigCommand, &kTestCommand,       &kDoctorCommand,
    &kInspectCommand, &kGdbCommand,         &kQemuCommand,   &kCompletionCommand, &kManCommand,
};

}  // namespace

constinit const CommandSpec kDoctorCommand = {
    .name = "doctor",
    .summary = "check whether this host can run guests, and say what mends it",
    .description =
        "Asks the host for everything that skiff uses: /dev/kvm, its version, "
        "capabilities and backend, and what later devices need. What is missing is "
        "named with the command that mends it.",
    .arguments = {},
    .options = kDoctorOptions,
    .statuses = kDoctorStatuses,
    .examples = kDoctorExamples,
};

constinit const CommandSpec kConfigCommand = {
    .name = "config",
    .summary = "check a microVM's configuration file",
    .description =
        "Reads a configuration file as skiff run --config and skiff --config-file do: keys, types, "
        "ranges, and whether the files that it names are there.",
    .arguments = kConfigArguments,
    .options = {},
    .statuses = kConfigStatuses,
    .examples = kConfigExamples,
};

constinit const CommandSpec kInspectCommand = {
    .name = "inspect",
    .summary = "say what a kernel, initrd or disk image is and how it would boot",
    .description =
        "Reads the beginning of FILE, says what it was found to be, and how skiff run "
        "would boot it. Nothing is started.",
    .arguments = kInspectArguments,
    .options = kInspectOptions,
    .statuses = kInspectStatuses,
    .examples = kInspectExamples,
};

constinit const CommandSpec kQemuCommand = {
    .name = "qemu",
    .summary = "run test images by the arguments that QEMU takes",
    .description =
        "Takes the arguments of QEMU that scripts of test suites use, so that such scripts can run "
        "their images by skiff: QEMU='skiff qemu', or a link called qemu-system-x86_64 that leads "
        "to skiff where they want one word. An argument that cannot be honoured is an error that "
        "names it. The exit statuses are those of skiff run.",
    .arguments = kQemuArguments,
    .options = {},
    .statuses = {},
    .examples = kQemuExamples,
};

constinit const CommandSpec kGdbCommand = {
    .name = "gdb",
    .summary = "start gdb on a running guest",
    .description =
        "Starts gdb, connected to a guest that was started with skiff run --gdb, with the "
        "guest's symbols where VMLINUX names them. The guest stands still meanwhile; it goes "
        "on when gdb says so, detaches or ends.",
    .arguments = kGdbArguments,
    .options = {},
    .statuses = {},
    .examples = kGdbExamples,
};

constinit const CommandSpec kCompletionCommand = {
    .name = "completion",
    .summary = "print a completion script for bash or zsh",
    .description = "Prints a script that teaches the shell skiff's commands, options and values.",
    .arguments = kCompletionArguments,
    .options = {},
    .statuses = {},
    .examples = kCompletionExamples,
};

constinit const CommandSpec kManCommand = {
    .name = "man",
    .summary = "print a man page",
    .description = "Prints the man page of skiff, or of one of its commands, in roff.",
    .arguments = kManArguments,
    .options = {},
    .statuses = {},
    .examples = kManExamples,
};

std::span<const CommandSpec* const> all_commands() {
    return kCommands;
}

const CommandSpec* find_command(std::string_view name) {
    const auto found =
        std::find_if(kCommands.begin(), kCommands.end(),
                     [&](const CommandSpec* command) { return command->name == name; });
    return found == kCommands.end() ? nullptr : *found;
}

std::span<const ExampleSpec> program_examples() {
    return kProgramExamples;
}

}  // namespace skiff::cli
