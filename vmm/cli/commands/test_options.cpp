// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/commands/test_options.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "vmm/cli/run/run_options.h"
#include "vmm/cli/tables/command_tables.h"
#include "vmm/cli/values/option_values.h"
#include "vmm/test_suite/case_selection.h"
#include "vmm/test_suite/image_cases.h"
#include "vmm/test_suite/suite_file.h"

namespace skiff::cli {
namespace {

using test_suite::Expectation;
using test_suite::Pattern;
using test_suite::TestCase;

constexpr unsigned kMostJobs = 1024;
constexpr unsigned kMostRepeats = 1'000'000;

/// CPUs that this process may use.
unsigned usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

/// A number of --`name` from 1 to `most`; `otherwise` where it was not given.
Result<unsigned> count_of(const ParsedArguments& arguments, const char* name, unsigned most,
                          unsigned otherwise) {
    const std::string* const text = arguments.last(name);
    if (text == nullptr) {
        return otherwise;
    }
    const Result<unsigned> count = parse_count(*text);
    if (!count.ok()) {
        return count.error().with_context(fmt::format("--{}", name));
    }
    if (*count == 0 || *count > most) {
        return Error::user(fmt::format("--{}: {} is not from 1 to {}", name, *count, most));
    }
    return *count;
}

Result<Expectation> parse_expectation(const ParsedArguments& arguments) {
    Expectation expectation;
    for (const std::string_view text : arguments.all("expect")) {
        int status = 0;
        const char* const end = text.data() + text.size();
        const auto [rest, failure] = std::from_chars(text.data(), end, status);
        const bool is_number = failure == std::errc() && rest == end;
        const Result<void> added =
            is_number ? expectation.add_status(status) : expectation.add_word(text);
        if (!added.ok()) {
            return added.error().with_context("--expect");
        }
    }
    return expectation;
}

/// What --expect and --arg say is for images alone: a suite says it itself.
Result<void> apply_to_images(const ParsedArguments& arguments, std::vector<TestCase>& cases) {
    SKIFF_ASSIGN_OR_RETURN(const Expectation expectation, parse_expectation(arguments));
    for (TestCase& test : cases) {
        test.expectation = expectation;
        for (const std::string_view argument : arguments.all("arg")) {
            test.arguments.emplace_back(argument);
        }
    }
    return {};
}

Result<std::vector<TestCase>> cases_of(const std::string& path, const ParsedArguments& arguments) {
    if (path.ends_with(".toml")) {
        return test_suite::read_suite(path);
    }
    std::vector<TestCase> cases;
    std::error_code failure;
    if (std::filesystem::is_directory(path, failure)) {
        SKIFF_ASSIGN_OR_RETURN(cases, test_suite::cases_of_folder(path));
    } else {
        SKIFF_ASSIGN_OR_RETURN(TestCase test, test_suite::case_of_image(path));
        cases.push_back(std::move(test));
    }
    SKIFF_RETURN_IF_ERROR(apply_to_images(arguments, cases));
    return cases;
}

/// So that a mistyped option of a case is found now, and not when its turn comes.
Result<void> check_run_arguments(const TestCase& test) {
    std::vector<const char*> words;
    words.reserve(test.arguments.size());
    for (const std::string& word : test.arguments) {
        words.push_back(word.c_str());
    }
    const Result<ParsedArguments> parsed = ParsedArguments::parse(kRunCommand, words);
    const Result<RunOptions> options = parsed.ok() ? to_run_options(*parsed) : parsed.error();
    if (!options.ok()) {
        return options.error().with_context(fmt::format("{}: case '{}'", test.origin, test.name));
    }
    return {};
}

Result<std::vector<Pattern>> parse_filters(const ParsedArguments& arguments) {
    std::vector<Pattern> patterns;
    for (const std::string_view text : arguments.all("filter")) {
        Result<Pattern> pattern = Pattern::compile(std::string(text));
        if (!pattern.ok()) {
            return pattern.error().with_context("--filter");
        }
        patterns.push_back(std::move(pattern).value());
    }
    return patterns;
}

Result<std::vector<TestCase>> read_cases(const ParsedArguments& arguments) {
    std::vector<std::vector<TestCase>> sources;
    for (const std::string_view path : arguments.all("PATH")) {
        SKIFF_ASSIGN_OR_RETURN(std::vector<TestCase> cases, cases_of(std::string(path), arguments));
        sources.push_back(std::move(cases));
    }
    SKIFF_ASSIGN_OR_RETURN(const std::vector<Pattern> filters, parse_filters(arguments));
    std::vector<TestCase> cases =
        test_suite::selected(test_suite::joined(std::move(sources)), filters);
    if (cases.empty()) {
        return Error::user("no case has a name that --filter matches: --list shows the names");
    }
    for (const TestCase& test : cases) {
        SKIFF_RETURN_IF_ERROR(check_run_arguments(test));
    }
    SKIFF_ASSIGN_OR_RETURN(const unsigned times, count_of(arguments, "repeat", kMostRepeats, 1));
    return test_suite::repeated(cases, times);
}

Result<void> assign_runner(const ParsedArguments& arguments, test_suite::RunnerOptions& runner) {
    SKIFF_ASSIGN_OR_RETURN(runner.jobs, count_of(arguments, "jobs", kMostJobs, usable_cpus()));
    if (const std::string* const text = arguments.last("timeout")) {
        const auto timeout = parse_timeout(*text);
        if (!timeout.ok()) {
            return timeout.error().with_context("--timeout");
        }
        runner.timeout = *timeout;
    }
    runner.fail_fast = arguments.has("fail-fast");
    if (const std::string* const folder = arguments.last("output-dir")) {
        runner.output_folder = *folder;
    }
    return {};
}

}  // namespace

Result<TestOptions> to_test_options(const ParsedArguments& arguments) {
    TestOptions options;
    SKIFF_RETURN_IF_ERROR(assign_runner(arguments, options.runner));
    SKIFF_ASSIGN_OR_RETURN(options.cases, read_cases(arguments));
    options.list = arguments.has("list");
    options.show_all_consoles = arguments.has("verbose");
    if (const std::string* const file = arguments.last("tap")) {
        options.tap_on_stdout = file->empty();
        options.tap_file = file->empty() ? std::nullopt : std::optional(*file);
    }
    if (const std::string* const file = arguments.last("junit")) {
        options.junit_file = *file;
    }
    return options;
}

}  // namespace skiff::cli
