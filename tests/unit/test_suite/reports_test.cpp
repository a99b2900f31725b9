// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "tests/support/temporary_folder.h"
#include "vmm/test_suite/human_report.h"
#include "vmm/test_suite/junit_report.h"
#include "vmm/test_suite/tap_report.h"
#include "vmm/test_suite/xml_writer.h"

namespace skiff::test_suite {
namespace {

using std::chrono::milliseconds;

TestCase named(const std::string& name) {
    TestCase test;
    test.suite = "some <suite>";
    test.name = name;
    test.origin = "s.toml:3";
    return test;
}

Outcome outcome(Verdict verdict, std::string reason = {}, std::string console = {}) {
    Outcome result;
    result.verdict = verdict;
    result.reason = std::move(reason);
    result.status = 3;
    result.duration = milliseconds(1234);
    result.console = {std::move(console), 0};
    return result;
}

/// What a reporter of this kind writes about one case of each verdict and an odd console.
template <typename Report, typename... More>
std::string written_by(EarlyEnd early_end, More... more) {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/report";
    {
        auto file = ReportFile::create(path);
        REQUIRE(file.ok());
        Report report(std::move(file).value(), more...);
        Summary summary;
        summary.total = 6;
        summary.early_end = early_end;
        summary.duration = milliseconds(2000);
        report.begin(summary.total);
        const auto tell = [&](const std::string& name, const Outcome& what) {
            summary.count(what.verdict);
            report.case_ended(named(name), what);
        };
        tell("good", outcome(Verdict::kPass, {}, "unseen"));
        tell("bad #1", outcome(Verdict::kFail, "a \"reason\" <&>", "  first\r\n]]>\x1b[31m\xff\n"));
        tell("left out", outcome(Verdict::kSkip, "it needs luck"));
        tell("slow", outcome(Verdict::kTimeout, "timeout"));
        Outcome crash = outcome(Verdict::kCrash, "panic", "end");
        crash.console.dropped = 2048;
        tell("broken", crash);
        REQUIRE(report.end(summary).ok());
    }
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_CASE("People get a line a case, the consoles of what went wrong, and a summary") {
    using Consoles = HumanReport::Consoles;
    const std::string text = written_by<HumanReport>(EarlyEnd::kInterrupted, Consoles::kOfFailures);
    CHECK(text == R"(pass       1/6 good (1.23 s)
FAIL       2/6 bad #1 (1.23 s): a "reason" <&>
    |   first
    | ]]>\x1b[31m)"
                  "\xef\xbf\xbd"
                  R"(
skip       3/6 left out (1.23 s): it needs luck
TIMEOUT    4/6 slow (1.23 s): timeout
CRASH      5/6 broken (1.23 s): panic
    | [2 KiB before this were not kept; --output-dir keeps all]
    | end

  FAIL    bad #1 [s.toml:3]
  TIMEOUT slow [s.toml:3]
  CRASH   broken [s.toml:3]
6 cases: 1 passed, 1 failed, 1 crashed, 1 timed out, 1 skipped, 1 did not run to their end; 2.00 s; interrupted
)");
    CHECK_THAT(written_by<HumanReport>(EarlyEnd::kNone, Consoles::kAll),
               Catch::Contains("    | unseen\n"));
}

TEST_CASE("TAP has a point a case, with what went wrong as YAML") {
    CHECK(written_by<TapReport>(EarlyEnd::kFailFast) == R"(TAP version 14
1..6
ok 1 - good
not ok 2 - bad \#1
  ---
  message: "a \"reason\" <&>"
  severity: fail
  at: "s.toml:3"
  status: 3
  duration_ms: 1234
  console: |2
      first
    ]]>\x1b[31m)"
                                                        "\xef\xbf\xbd"
                                                        R"(
  ...
ok 3 - left out # SKIP it needs luck
not ok 4 - slow
  ---
  message: "timeout"
  severity: timeout
  at: "s.toml:3"
  status: 3
  duration_ms: 1234
  ...
not ok 5 - broken
  ---
  message: "panic"
  severity: crash
  at: "s.toml:3"
  status: 3
  duration_ms: 1234
  console: |2
    [2 KiB before this were not kept; --output-dir keeps all]
    end
  ...
Bail out! a case did not pass (--fail-fast)
# 6 cases: 1 passed, 1 failed, 1 crashed, 1 timed out, 1 skipped, 1 did not run to their end
)");
}

TEST_CASE("JUnit has what CI systems read, and no character that XML has not") {
    CHECK(written_by<JunitReport>(EarlyEnd::kNone) == R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites time="2.000">
  <testsuite name="some &lt;suite&gt;" tests="5" failures="1" errors="2" skipped="1" time="6.170">
    <testcase name="good" classname="some &lt;suite&gt;" file="s.toml:3" time="1.234">
    </testcase>
    <testcase name="bad #1" classname="some &lt;suite&gt;" file="s.toml:3" time="1.234">
      <failure message="a &quot;reason&quot; &lt;&amp;&gt;" type="fail"/>
      <system-out>  first
]]&gt;\x1b[31m)"
                                                      "\xef\xbf\xbd"
                                                      R"(
</system-out>
    </testcase>
    <testcase name="left out" classname="some &lt;suite&gt;" file="s.toml:3" time="1.234">
      <skipped message="it needs luck"/>
    </testcase>
    <testcase name="slow" classname="some &lt;suite&gt;" file="s.toml:3" time="1.234">
      <error message="timeout" type="timeout"/>
    </testcase>
    <testcase name="broken" classname="some &lt;suite&gt;" file="s.toml:3" time="1.234">
      <error message="panic" type="crash"/>
      <system-out>[2 KiB before this were not kept; --output-dir keeps all]
end</system-out>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST_CASE("Line breaks and tabs survive in an attribute") {
    XmlWriter xml;
    xml.element("e", {{"a", "x\n\ty"}});
    CHECK_THAT(xml.text(), Catch::Contains("a=\"x&#10;&#9;y\""));
}

TEST_CASE("A report that cannot be written is an error that names the file") {
    CHECK_FALSE(ReportFile::create("/none/such").ok());
    auto full = ReportFile::create("/dev/full");
    REQUIRE(full.ok());
    JunitReport report(std::move(full).value());
    const auto result = report.end({});
    REQUIRE_FALSE(result.ok());
    CHECK_THAT(result.error().message(), Catch::Contains("/dev/full"));
}

}  // namespace
}  // namespace skiff::test_suite
