// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/case_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace skiff::test_suite {

std::vector<TestCase> joined(std::vector<std::vector<TestCase>> sources) {
    std::set<std::string> suites;
    for (const auto& source : sources) {
        for (const TestCase& test : source) {
            suites.insert(test.suite);
        }
    }
    std::vector<TestCase> cases;
    std::set<std::string> names;
    for (auto& source : sources) {
        for (TestCase& test : source) {
            const std::string name = suites.size() > 1 ? test.suite + "/" + test.name : test.name;
            test.name = name;
            for (int i = 2; !names.insert(test.name).second; ++i) {
                test.name = fmt::format("{}#{}", name, i);
            }
            cases.push_back(std::move(test));
        }
    }
    return cases;
}

std::vector<TestCase> selected(std::vector<TestCase> cases, const std::vector<Pattern>& patterns) {
    if (patterns.empty()) {
        return cases;
    }
    std::erase_if(cases, [&](const TestCase& test) {
        return std::none_of(patterns.begin(), patterns.end(),
                            [&](const Pattern& pattern) { return pattern.matches(test.name); });
    });
    return cases;
}

std::vector<TestCase> repeated(const std::vector<TestCase>& cases, unsigned times) {
    if (times <= 1) {
        return cases;
    }
    std::vector<TestCase> result;
    result.reserve(cases.size() * times);
    for (unsigned round = 1; round <= times; ++round) {
        for (const TestCase& test : cases) {
            result.push_back(test);
            result.back().name = fmt::format("{} [{}/{}]", test.name, round, times);
        }
    }
    return result;
}

}  // namespace skiff::test_suite
