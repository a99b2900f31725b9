// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/junit_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "vmm/test_suite/xml_writer.h"

namespace skiff::test_suite {
namespace {

std::string seconds(std::chrono::milliseconds duration) {
    return fmt::format("{:.3f}", static_cast<double>(duration.count()) / 1000);
}

void write_verdict(XmlWriter& xml, const Outcome& outcome) {
    const XmlWriter::Attributes attributes = {{"message", outcome.reason},
                                              {"type", std::string(verdict_name(outcome.verdict))}};
    switch (outcome.verdict) {
        case Verdict::kPass:
            return;
        case Verdict::kSkip:
            xml.element("skipped", {{"message", outcome.reason}});
            return;
        case Verdict::kFail:
            xml.element("failure", attributes);
            return;
        case Verdict::kTimeout:
        case Verdict::kCrash:
        case Verdict::kError:
            xml.element("error", attributes);
            return;
    }
}

}  // namespace

void JunitReport::case_ended(const TestCase& test, const Outcome& outcome) {
    auto suite = std::find_if(suites_.begin(), suites_.end(),
                              [&](const Suite& known) { return known.name == test.suite; });
    if (suite == suites_.end()) {
        suite = suites_.insert(suites_.end(), Suite{test.suite, {}});
    }
    suite->cases.push_back({test.name, test.origin, outcome});
    if (is_good(outcome.verdict)) {  // nobody reads it, and there may be thousands
        suite->cases.back().outcome.console = {};
        suite->cases.back().outcome.messages = {};
    }
}

Result<void> JunitReport::end(const Summary& summary) {
    XmlWriter xml;
    xml.begin("testsuites", {{"time", seconds(summary.duration)}});
    for (const Suite& suite : suites_) {
        Summary counts;
        std::chrono::milliseconds time{0};
        for (const Ended& ended : suite.cases) {
            counts.count(ended.outcome.verdict);
            time += ended.outcome.duration;
        }
        const std::size_t errors = counts.timed_out + counts.crashed + counts.errors;
        xml.begin("testsuite", {{"name", suite.name},
                                {"tests", std::to_string(suite.cases.size())},
                                {"failures", std::to_string(counts.failed)},
                                {"errors", std::to_string(errors)},
                                {"skipped", std::to_string(counts.skipped)},
                                {"time", seconds(time)}});
        for (const Ended& ended : suite.cases) {
            xml.begin("testcase", {{"name", ended.name},
                                   {"classname", suite.name},
                                   {"file", ended.origin},
                                   {"time", seconds(ended.outcome.duration)}});
            write_verdict(xml, ended.outcome);
            if (const std::string text = kept_text(ended.outcome.console); !text.empty()) {
                xml.element("system-out", {}, text);
            }
            if (const std::string text = kept_text(ended.outcome.messages); !text.empty()) {
                xml.element("system-err", {}, text);
            }
            xml.end();
        }
        xml.end();
    }
    xml.end();
    file_.write(xml.text());
    return file_.result();
}

}  // namespace skiff::test_suite
