// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "vmm/cli/tables/command_tables.h"

namespace skiff::cli {
namespace {

constexpr std::string_view kApi = "The API";
constexpr std::string_view kMicroVm = "The microVM";
constexpr std::string_view kLog = "Log and metrics";
constexpr std::string_view kAccepted = "Accepted for launchers' sake, without effect";

constexpr std::array kOptions = {
    OptionSpec{
        .long_name = "api-sock",
        .value_use = ValueUse::kRequired,
        .value_name = "PATH",
        .completion = Completion::kFile,
        .default_value = "/run/firecracker.socket",
        .group = kApi,
        .help = "The Unix socket of the API. A socket that nobody listens on any more is replaced.",
    },
    OptionSpec{
        .long_name = "no-api",
        .group = kApi,
        .help = "No API: needs --config-file.",
    },
    OptionSpec{
        .long_name = "http-api-max-payload-size",
        .value_use = ValueUse::kRequired,
        .value_name = "BYTES",
        .default_value = "51200",
        .group = kApi,
        .help = "The largest body of a request.",
    },
    OptionSpec{
        .long_name = "id",
        .value_use = ValueUse::kRequired,
        .value_name = "ID",
        .default_value = "anonymous-instance",
        .group = kMicroVm,
        .help = "What the microVM is called: letters, digits and hyphens.",
    },
    OptionSpec{
        .long_name = "config-file",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kMicroVm,
        .help = "Start the microVM that this file describes (JSON or TOML), without waiting for "
                "the API.",
    },
    OptionSpec{
        .long_name = "metadata",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kMicroVm,
        .help = "Give the metadata service this JSON object, as PUT /mmds does.",
    },
    OptionSpec{
        .long_name = "mmds-size-limit",
        .value_use = ValueUse::kRequired,
        .value_name = "BYTES",
        .group = kMicroVm,
        .help = "How large the metadata may be. Without it: as large as a request's body.",
    },
    OptionSpec{
        .long_name = "boot-timer",
        .group = kMicroVm,
        .help = "Log how long the guest takes until it writes 123 to address 0xc0000000.",
    },
    OptionSpec{
        .long_name = "log-path",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kLog,
        .help = "Append the log to a file or FIFO instead of standard error. What a FIFO's reader "
                "does not take is lost; nothing waits for it.",
    },
    OptionSpec{
        .long_name = "level",
        .value_use = ValueUse::kRequired,
        .value_name = "LEVEL",
        .completion = Completion::kChoices,
        .choices = "Error Warning Info Debug Trace Off",
        .default_value = "Info",
        .group = kLog,
        .help = "How much is logged: Error, Warning, Info, Debug, Trace or Off, in any case.",
    },
    OptionSpec{
        .long_name = "show-level",
        .group = kLog,
        .help = "Name the level in each line of a log file.",
    },
    OptionSpec{
        .long_name = "log-format",
        .value_use = ValueUse::kRequired,
        .value_name = "FORMAT",
        .completion = Completion::kChoices,
        .choices = "text json",
        .default_value = "text",
        .group = kLog,
        .help = "text, or json: an object a line, with time, level, id and thread. SIGHUP reopens "
                "a log file that was moved away.",
    },
    OptionSpec{
        .long_name = "metrics-path",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = kLog,
        .help = "Append metrics to a file or FIFO, a line of JSON a minute while the guest runs "
                "(docs/api/metrics.md).",
    },
    OptionSpec{
        .long_name = "start-time-us",
        .value_use = ValueUse::kRequired,
        .value_name = "MICROSECONDS",
        .group = kLog,
        .help = "When the launcher started, by CLOCK_MONOTONIC: for the metrics.",
    },
    OptionSpec{
        .long_name = "start-time-cpu-us",
        .value_use = ValueUse::kRequired,
        .value_name = "MICROSECONDS",
        .group = kLog,
        .help = "The same by the process's CPU time.",
    },
    OptionSpec{
        .long_name = "parent-cpu-time-us",
        .value_use = ValueUse::kRequired,
        .value_name = "MICROSECONDS",
        .group = kLog,
        .help = "What CPU time the launcher took itself.",
    },
    OptionSpec{
        .long_name = "version",
        .group = kLog,
        .help = "Print the version of Firecracker whose API this is, and skiff's own.",
    },
    OptionSpec{
        .long_name = "show-log-origin",
        .group = kAccepted,
        .help = "skiff's lines have no origin.",
    },
    OptionSpec{
        .long_name = "module",
        .value_use = ValueUse::kRequired,
        .value_name = "PATH",
        .group = kAccepted,
        .help = "skiff's lines belong to no module.",
    },
    OptionSpec{
        .long_name = "no-seccomp",
        .group = kAccepted,
        .help = "skiff has no filter yet that this would switch off.",
    },
    OptionSpec{
        .long_name = "seccomp-filter",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .group = kAccepted,
        .help = "This one is refused: a filter that is asked for and not set would be a lie.",
    },
};

constexpr std::array kExamples = {
    ExampleSpec{"skiff --api-sock /tmp/s.sock",
                "Wait for a program that describes and starts a microVM (docs/api/)."},
    ExampleSpec{"skiff --no-api --config-file vm.json", "Start what a file describes."},
    ExampleSpec{"ln -s /usr/bin/skiff firecracker",
                "A link of that name takes these options and nothing else."},
};

constexpr std::array kStatuses = {
    StatusSpec{"0", "The guest powered off or reset in an orderly way."},
    StatusSpec{"1", "The host failed: KVM, files, memory."},
    StatusSpec{"2", "The command line or the configuration file is wrong."},
    StatusSpec{"70, 71, 72", "The guest's kernel panicked; triple fault; KVM could not go on."},
    StatusSpec{"128 + n", "Signal n stopped it."},
};

}  // namespace

constinit const CommandSpec kFirecrackerCommand = {
    .name = "firecracker",
    .summary = "serve Firecracker's API, for programs that launch microVMs",
    .description =
        "Takes the options that Firecracker takes and serves its HTTP API on a Unix socket: "
        "clients "
        "describe a microVM, start it, and control it while it runs. The command's name may be "
        "left out, as in 'skiff --api-sock PATH'.\n"
        "The serial console is on standard input and output.",
    .arguments = {},
    .options = kOptions,
    .statuses = kStatuses,
    .examples = kExamples,
};

}  // namespace skiff::cli
