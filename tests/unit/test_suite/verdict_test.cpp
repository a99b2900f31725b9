// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/verdict.h"

#include <catch2/catch.hpp>

namespace skiff::test_suite {
namespace {

Judgement judged(const TestCase& test, const machine::ExitReport& report,
                 std::string_view console = {}) {
    OutputWatch watch(test.output);
    watch.append(console);
    watch.end();
    return judge(test,
                 {.process = {.by_signal = false, .number = report.status},
                  .report = report,
                  .last_message = {}},
                 watch);
}

TestCase expecting(std::vector<int> statuses, std::vector<std::string_view> words = {}) {
    TestCase test;
    for (const int status : statuses) {
        REQUIRE(test.expectation.add_status(status).ok());
    }
    for (const std::string_view word : words) {
        REQUIRE(test.expectation.add_word(word).ok());
    }
    return test;
}

const machine::ExitReport kPowerOff{"power-off", 0, 0, ""};
const machine::ExitReport kDebugExit0{"debug-exit", 1, 0, ""};
const machine::ExitReport kDebugExit16{"debug-exit", 33, 16, ""};
const machine::ExitReport kHostError{"host-error", 1, 0, "no memory"};
const machine::ExitReport kPanic{"panic", 70, 0, "not syncing: a test"};
const machine::ExitReport kTripleFault{"triple-fault", 71, 0, ""};
const machine::ExitReport kTimeout{"timeout", 124, 0, ""};

TEST_CASE("Without an expectation, success is an orderly end or the debug exit with 0") {
    const TestCase test;
    CHECK(judged(test, kPowerOff).verdict == Verdict::kPass);
    CHECK(judged(test, {"reset", 0, 0, ""}).verdict == Verdict::kPass);
    CHECK(judged(test, kDebugExit0).verdict == Verdict::kPass);
    CHECK(judged(test, {"power-off", 1, 1, ""}).verdict == Verdict::kFail);
    CHECK(judged(test, kDebugExit16).verdict == Verdict::kFail);
    CHECK(judged(test, kDebugExit16).reason == "debug-exit (status 33), expected success");
}

TEST_CASE("A failure of the host is never what was expected") {
    CHECK(judged({}, kHostError).verdict == Verdict::kError);
    CHECK(judged(expecting({1}), kHostError).verdict == Verdict::kError);
    CHECK(judged(expecting({1}), kDebugExit0).verdict == Verdict::kPass);
}

TEST_CASE("A guest that breaks down crashes, and one that is slow times out") {
    CHECK(judged({}, kPanic).verdict == Verdict::kCrash);
    CHECK(judged({}, kPanic).reason == "panic: not syncing: a test (status 70), expected success");
    CHECK(judged({}, kTripleFault).verdict == Verdict::kCrash);
    CHECK(judged({}, {"kvm-failure", 72, 0, ""}).verdict == Verdict::kCrash);
    CHECK(judged({}, kTimeout).verdict == Verdict::kTimeout);
    // The same status by the guest's own choice: (35 << 1) | 1.
    CHECK(judged({}, {"debug-exit", 71, 35, ""}).verdict == Verdict::kFail);
}

TEST_CASE("What was expected passes, be it a crash, and nothing else does") {
    CHECK(judged(expecting({}, {"panic"}), kPanic).verdict == Verdict::kPass);
    CHECK(judged(expecting({}, {"panic"}), kPowerOff).verdict == Verdict::kFail);
    CHECK(judged(expecting({}, {"panic"}), kTripleFault).verdict == Verdict::kCrash);
    CHECK(judged(expecting({71}), kTripleFault).verdict == Verdict::kPass);
    CHECK(judged(expecting({}, {"timeout"}), kTimeout).verdict == Verdict::kPass);
    CHECK(judged(expecting({33, 0}), kDebugExit16).verdict == Verdict::kPass);
    CHECK(judged(expecting({33, 0}), kPowerOff).verdict == Verdict::kPass);
    CHECK(judged(expecting({33}, {"success"}), kDebugExit0).verdict == Verdict::kPass);
}

TEST_CASE("A guest skips itself with status 77, unless that is expected") {
    CHECK(judged({}, {"debug-exit", 77, 38, ""}).verdict == Verdict::kSkip);
    CHECK(judged({}, {"power-off", 77, 77, ""}).verdict == Verdict::kSkip);
    CHECK(judged(expecting({77}), {"power-off", 77, 77, ""}).verdict == Verdict::kPass);
}

TEST_CASE("skiff's own failures are errors") {
    const TestCase test;
    const OutputWatch watch(test.output);
    const auto verdict_on = [&](const CaseEnd& end) { return judge(test, end, watch).verdict; };
    CHECK(verdict_on({.process = {false, 2}, .report = {}, .last_message = {}}) == Verdict::kError);
    CHECK(verdict_on({.process = {true, 6}, .report = kPowerOff, .last_message = {}}) ==
          Verdict::kError);
    CHECK(verdict_on({.process = {false, 3}, .report = kPowerOff, .last_message = {}}) ==
          Verdict::kError);
    CHECK(verdict_on({.process = {true, 9}, .report = {}, .last_message = {}, .killed = true}) ==
          Verdict::kTimeout);
    CHECK(judged(test, {"signal", 143, 15, ""}).verdict == Verdict::kError);
}

TEST_CASE("A console that is not as it should be fails what ended well") {
    TestCase test;
    test.output.must_contain = {"hello"};
    CHECK(judged(test, kPowerOff, "oh hello\n").verdict == Verdict::kPass);
    CHECK(judged(test, kPowerOff, "hell\no\n").verdict == Verdict::kFail);
    CHECK(judged(test, kPanic, "").verdict == Verdict::kCrash);
}

}  // namespace
}  // namespace skiff::test_suite
