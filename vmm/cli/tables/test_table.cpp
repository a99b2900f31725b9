// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "vmm/cli/tables/command_tables.h"

namespace skiff::cli {
namespace {

constexpr std::string_view kWhich = "Which cases";
constexpr std::string_view kHow = "How they run";
constexpr std::string_view kReports = "Reports";

constexpr std::array kArguments = {
    ArgumentSpec{
        .name = "PATH",
        .required = true,
        .repeatable = true,
        .completion = Completion::kFile,
        .help = "A suite (NAME.toml), an image, or a folder: each bootable image in it is a case.",
    },
};

constexpr std::array kOptions = {
    OptionSpec{
        .long_name = "filter",
        .short_name = 'f',
        .value_use = ValueUse::kRequired,
        .value_name = "REGEX",
        .repeatable = true,
        .group = kWhich,
        .help = "Only the cases whose name this extended regular expression matches somewhere. "
                "May be repeated: one of them has to match.",
    },
    OptionSpec{
        .long_name = "list",
        .group = kWhich,
        .help = "Print the names of the cases and run none.",
    },
    OptionSpec{
        .long_name = "repeat",
        .value_use = ValueUse::kRequired,
        .value_name = "COUNT",
        .default_value = "1",
        .group = kWhich,
        .help = "Run all cases so many times.",
    },
    OptionSpec{
        .long_name = "expect",
        .value_use = ValueUse::kRequired,
        .value_name = "END",
        .completion = Completion::kChoices,
        .choices =
            "success power-off reset debug-exit panic oops warning lockup silence triple-fault "
            "kvm-failure timeout",
        .default_value = "success",
        .repeatable = true,
        .group = kWhich,
        .help = "How the images that are no suite have to end: a status of skiff run, or a word. "
                "success is power-off or reset with status 0, or a debug exit with value 0 "
                "(status 1). May be repeated: one of them has to come.",
    },
    OptionSpec{
        .long_name = "arg",
        .value_use = ValueUse::kRequired,
        .value_name = "ARGUMENT",
        .repeatable = true,
        .group = kWhich,
        .help = "A further argument of skiff run for the images that are no suite, as in "
                "--arg=--cpus=2. May be repeated.",
    },
    OptionSpec{
        .long_name = "jobs",
        .short_name = 'j',
        .value_use = ValueUse::kRequired,
        .value_name = "COUNT",
        .group = kHow,
        .help = "Guests at a time; without it, as many as this process has CPUs.",
    },
    OptionSpec{
        .long_name = "timeout",
        .value_use = ValueUse::kRequired,
        .value_name = "SECONDS",
        .default_value = "60",
        .group = kHow,
        .help = "The time limit of cases that have none of their own.",
    },
    OptionSpec{
        .long_name = "fail-fast",
        .group = kHow,
        .help = "End the run with the first case that does not pass.",
    },
    OptionSpec{
        .long_name = "tap",
        .value_use = ValueUse::kOptional,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kReports,
        .help = "Report in the Test Anything Protocol (version 14), on standard output in place of "
                "the report for people, or into a file beside it.",
    },
    OptionSpec{
        .long_name = "junit",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kReports,
        .help = "Write JUnit XML into a file, for CI systems.",
    },
    OptionSpec{
        .long_name = "output-dir",
        .value_use = ValueUse::kRequired,
        .value_name = "FOLDER",
        .completion = Completion::kFile,
        .group = kReports,
        .help =
            "Keep all that each case writes, as NAME.console and NAME.log in this folder, which "
            "is made if need be. Reports show the last 64 KiB of each.",
    },
    OptionSpec{
        .long_name = "verbose",
        .short_name = 'v',
        .group = kReports,
        .help = "Show the console of every case, not only of those that do not pass.",
    },
};

constexpr std::array kStatuses = {
    StatusSpec{"0", "Every case passed or was skipped."},
    StatusSpec{"1", "A case did not pass, did not run, or the host failed."},
    StatusSpec{"2", "The command line or a suite is wrong; nothing was run."},
    StatusSpec{"128 + n", "Signal n ended the run."},
};

constexpr std::array kExamples = {
    ExampleSpec{"skiff test build/payloads", "Run every image of a folder."},
    ExampleSpec{"skiff test suite.toml -j8 --junit out.xml", "Run a suite, with a report for CI."},
    ExampleSpec{"skiff test suite.toml -f virtio --repeat 100 --fail-fast",
                "Look for a failure that is rare."},
    ExampleSpec{"skiff test test.elf --expect 33 --arg=--cpus=2",
                "An image that reports success as value 16 of the debug exit."},
};

}  // namespace

constinit const CommandSpec kTestCommand = {
    .name = "test",
    .summary = "run many guests as a test suite",
    .description =
        "Runs each case in a skiff run of its own, several at a time, and judges it by how its "
        "guest ended and what its console showed. Cases are images, or are written in a TOML file "
        "(docs/testing-guests.md).\n"
        "A case passes, fails (another end or console than expected), crashes (panic, triple "
        "fault, "
        "KVM could not go on), times out, or is skipped (it says so itself by status 77, or the "
        "suite does).\n"
        "Every case has a debug exit at port 0xf4. Ctrl-C stops all guests and reports what has "
        "run.",
    .arguments = kArguments,
    .options = kOptions,
    .statuses = kStatuses,
    .examples = kExamples,
};

}  // namespace skiff::cli
