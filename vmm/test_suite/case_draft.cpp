// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/case_draft.h"

namespace skiff::test_suite {

std::vector<std::string> CaseDraft::run_arguments() const {
    std::vector<std::string> result;
    const auto add = [&](const char* option, const std::string& value) {
        result.emplace_back(option);
        result.push_back(value);
    };
    const auto add_if = [&](const char* option, const std::optional<std::string>& value) {
        if (value.has_value()) {
            add(option, *value);
        }
    };
    add_if("--kernel", kernel);
    for (const std::string& initrd : initrds) {
        add("--initrd", initrd);
    }
    // As one word: it may begin with a dash.
    if (append.has_value()) {
        result.push_back("--append=" + *append);
    }
    add_if("--cpus", cpus);
    add_if("--memory", memory);
    result.insert(result.end(), args.begin(), args.end());
    if (!command.empty()) {
        for (const std::string& variable : environment) {
            result.push_back("--env=" + variable);
        }
        result.emplace_back("--");
        result.insert(result.end(), command.begin(), command.end());
    }
    return result;
}

}  // namespace skiff::test_suite
