// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/runner.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temporary_folder.h"

namespace skiff::test_suite {
namespace {

using Words = std::vector<std::string>;

/// Stands in for skiff: runs the script that is its last argument, which finds the exit file in
/// $exit.
constexpr const char* kStandIn = R"(#!/bin/sh
for word; do
    case $word in --exit-file=*) exit=${word#*=} ;; esac
    last=$word
done
power_off() { printf 'kind=power-off\nstatus=%s\nvalue=%s\ndetail=\n' $1 $1 >$exit; exit $1; }
eval "$last"
)";

struct Told {
    std::string name;
    Outcome outcome;
};

class Recorder final : public Reporter {
  public:
    explicit Recorder(std::vector<Told>& told) : told_(told) {}
    void begin(std::size_t /*total*/) override {}
    void case_ended(const TestCase& test, const Outcome& outcome) override {
        told_.push_back({test.name, outcome});
    }
    Result<void> end(const Summary& /*summary*/) override { return {}; }

  private:
    std::vector<Told>& told_;
};

class Suite {
  public:
    Suite() {
        const std::string path = folder_.path() + "/skiff";
        std::ofstream(path) << kStandIn;
        REQUIRE(::chmod(path.c_str(), 0755) == 0);
        options.skiff_path = path;
        options.jobs = 2;
    }

    TestCase& add(const std::string& name, const std::string& script) {
        TestCase test;
        test.name = name;
        test.arguments = {script};
        cases.push_back(test);
        return cases.back();
    }

    RunResult run() {
        std::vector<std::unique_ptr<Reporter>> reporters;
        reporters.push_back(std::make_unique<Recorder>(told));
        auto result = run_cases(cases, options, reporters);
        REQUIRE(result.ok());
        return *result;
    }

    const Outcome& outcome_of(const std::string& name) const {
        const auto found = std::find_if(told.begin(), told.end(),
                                        [&](const Told& one) { return one.name == name; });
        REQUIRE(found != told.end());
        return found->outcome;
    }

    const std::string& folder() const { return folder_.path(); }

    RunnerOptions options;
    std::vector<TestCase> cases;
    std::vector<Told> told;

  private:
    test::TemporaryFolder folder_;
};

std::string content_of(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_CASE("Each case is judged by its own process") {
    Suite suite;
    suite.add("good", "echo console; echo message >&2; power_off 0");
    suite.add("bad", "power_off 3");
    suite.add("wrong", "echo 'skiff: wrong' >&2; exit 2");
    suite.add("shot", "kill -9 $$");
    suite.add("left out", "exit 0").skip = "not now";
    suite.add("needy", "exit 0").requirements = {"file:/none/such"};
    const RunResult result = suite.run();
    CHECK(result.signal == 0);
    CHECK(result.summary.describe() == "6 cases: 1 passed, 1 failed, 2 could not run, 2 skipped");
    CHECK_FALSE(result.summary.good());
    CHECK(suite.outcome_of("good").console.text == "console\n");
    CHECK(suite.outcome_of("good").messages.text == "message\n");
    CHECK(suite.outcome_of("bad").status == 3);
    CHECK(suite.outcome_of("wrong").reason ==
          "skiff run ended with status 2 before a guest ran: wrong");
    CHECK_FALSE(suite.outcome_of("shot").status.has_value());
    CHECK(suite.outcome_of("needy").reason == "it needs the file /none/such");
}

TEST_CASE("No more cases run at a time than were asked for, and all in the end") {
    Suite suite;
    suite.options.jobs = 3;
    // A folder can be made once: three places, each taken while its case runs.
    const std::string script =
        "for place in 1 2 3; do if mkdir $0.$place 2>/dev/null; then "
        "rmdir $0.$place; power_off 0; fi; done; power_off 9";
    for (int i = 0; i < 20; ++i) {
        suite.add(std::to_string(i), script);
    }
    CHECK(suite.run().summary.passed == 20);
}

TEST_CASE("Cases run in their folder, with their variables") {
    Suite suite;
    TestCase& test = suite.add("it", "pwd; echo $SKIFF_TEST_VALUE; power_off 0");
    test.folder = "/usr";
    test.environment = {"SKIFF_TEST_VALUE=a b"};
    suite.run();
    CHECK(suite.outcome_of("it").console.text == "/usr\na b\n");
}

TEST_CASE("All output is kept in files, the end of it in memory") {
    Suite suite;
    suite.options.output_folder = suite.folder();
    suite.add("../a b", "head -c 1000000 /dev/zero; echo end; power_off 0");
    suite.add("../a_b", "echo 2 >&2; power_off 0");
    suite.run();
    const KeptOutput& kept = suite.outcome_of("../a b").console;
    CHECK(kept.dropped + kept.text.size() == 1'000'004);
    CHECK(kept.text.ends_with("end\n"));
    const std::string base = suite.folder() + "/_.._a_b";
    CHECK((content_of(base + ".console") == std::string(1'000'000, '\0') + "end\n"));
    CHECK(content_of(base + ".log").empty());
    CHECK(content_of(base + "-2.console").empty());
    CHECK(content_of(base + "-2.log") == "2\n");
}

TEST_CASE("With fail-fast the first failure ends what runs") {
    Suite suite;
    suite.options.fail_fast = true;
    suite.add("runs on", "sleep 1000");
    suite.add("fails", "power_off 1");
    suite.add("never", "power_off 0");
    const RunResult result = suite.run();
    CHECK(result.summary.early_end == EarlyEnd::kFailFast);
    REQUIRE(suite.told.size() == 1);
    CHECK(suite.told.front().name == "fails");
    CHECK(result.summary.describe() == "3 cases: 0 passed, 1 failed, 2 did not run to their end");
}

TEST_CASE("A signal ends the run and what runs, and is told") {
    Suite suite;
    suite.options.jobs = 1;
    suite.add("passes", "power_off 0");
    suite.add("asks for the end", "kill -INT $PPID; exec sleep 1000");
    suite.add("never", "power_off 0");
    const RunResult result = suite.run();
    CHECK(result.signal == SIGINT);
    CHECK(result.summary.early_end == EarlyEnd::kInterrupted);
    REQUIRE(suite.told.size() == 1);
    CHECK(suite.told.front().name == "passes");
    CHECK_FALSE(result.summary.good());
}

TEST_CASE("What does not end when it is told to is killed") {
    Suite suite;
    suite.options.stop_time = std::chrono::milliseconds(50);
    suite.add("deaf", "trap '' TERM; kill -TERM $PPID; while :; do sleep 0.1; done");
    CHECK(suite.run().signal == SIGTERM);
}

TEST_CASE("A program that is not there is an error of the case") {
    Suite suite;
    suite.options.skiff_path = "/none/such";
    suite.add("it", "");
    CHECK(suite.run().summary.errors == 1);
    CHECK_THAT(suite.outcome_of("it").reason, Catch::Contains("/none/such"));
}

}  // namespace
}  // namespace skiff::test_suite
