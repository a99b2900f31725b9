// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "vmm/cli/commands/commands.h"
#include "vmm/cli/commands/test_options.h"
#include "vmm/cli/output.h"
#include "vmm/test_suite/human_report.h"
#include "vmm/test_suite/junit_report.h"
#include "vmm/test_suite/report_file.h"
#include "vmm/test_suite/runner.h"
#include "vmm/test_suite/tap_report.h"

namespace skiff::cli {
namespace {

using test_suite::ReportFile;
using Reporters = std::vector<std::unique_ptr<test_suite::Reporter>>;

constexpr int kStatusSignalBase = 128;

int list(const std::vector<test_suite::TestCase>& cases) {
    std::string text;
    for (const test_suite::TestCase& test : cases) {
        text += visible(test.name) + "\n";
    }
    return print(text);
}

/// All files are made before the first guest runs: one that cannot be is known at once.
Result<Reporters> make_reporters(const TestOptions& options) {
    Reporters reporters;
    if (options.tap_on_stdout) {
        reporters.push_back(std::make_unique<test_suite::TapReport>(ReportFile::standard_output()));
    } else {
        using Consoles = test_suite::HumanReport::Consoles;
        reporters.push_back(std::make_unique<test_suite::HumanReport>(
            ReportFile::standard_output(),
            options.show_all_consoles ? Consoles::kAll : Consoles::kOfFailures));
    }
    if (options.tap_file.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(ReportFile file, ReportFile::create(*options.tap_file));
        reporters.push_back(std::make_unique<test_suite::TapReport>(std::move(file)));
    }
    if (options.junit_file.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(ReportFile file, ReportFile::create(*options.junit_file));
        reporters.push_back(std::make_unique<test_suite::JunitReport>(std::move(file)));
    }
    return reporters;
}

Result<void> make_output_folder(const std::optional<std::string>& folder) {
    if (!folder.has_value()) {
        return {};
    }
    std::error_code failure;
    std::filesystem::create_directories(*folder, failure);
    return failure ? Error::user(fmt::format("--output-dir: cannot make '{}': {}", *folder,
                                             failure.message()))
                   : Result<void>();
}

Result<int> run(const ParsedArguments& arguments) {
    SKIFF_ASSIGN_OR_RETURN(const TestOptions options, to_test_options(arguments));
    if (options.list) {
        return list(options.cases);
    }
    SKIFF_RETURN_IF_ERROR(make_output_folder(options.runner.output_folder));
    SKIFF_ASSIGN_OR_RETURN(const Reporters reporters, make_reporters(options));
    SKIFF_ASSIGN_OR_RETURN(const test_suite::RunResult result,
                           test_suite::run_cases(options.cases, options.runner, reporters));
    if (result.signal != 0) {
        return kStatusSignalBase + result.signal;
    }
    return result.summary.good() ? kStatusOk : kStatusHostError;
}

}  // namespace

int test_command(const ParsedArguments& arguments) {
    const Result<int> status = run(arguments);
    return status.ok() ? *status : report(status.error());
}

}  // namespace skiff::cli
