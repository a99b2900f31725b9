// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/requirement.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/child_process.h"
#include "vmm/machine/host_report.h"

namespace skiff::test_suite {
namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kProgram = "program:";

/// One look for all cases: it runs a probe VM.
const std::string& backend() {
    static const std::string name = machine::examine_host().backend;
    return name;
}

std::optional<std::string> unless(bool met, std::string why) {
    return met ? std::nullopt : std::optional(std::move(why));
}

}  // namespace

Result<void> check_requirement_form(std::string_view requirement) {
    const bool known = requirement == "root" || requirement == "kvm" ||
                       requirement == "hardware-kvm" ||
                       (requirement.starts_with(kFile) && requirement.size() > kFile.size()) ||
                       (requirement.starts_with(kProgram) && requirement.size() > kProgram.size());
    return known ? Result<void>()
                 : Error::user(fmt::format("'{}' is nothing that can be required: write root, kvm, "
                                           "hardware-kvm, file:PATH or program:NAME",
                                           requirement));
}

std::optional<std::string> unmet(const std::string& requirement, const std::string& folder) {
    if (requirement == "root") {
        return unless(::geteuid() == 0, "it needs root");
    }
    if (requirement == "kvm") {
        return unless(::access("/dev/kvm", R_OK | W_OK) == 0, "it needs /dev/kvm");
    }
    if (requirement == "hardware-kvm") {
        return unless(
            backend() == "vmx" || backend() == "svm",
            fmt::format("it needs KVM with VMX or SVM; this one's backend is {}", backend()));
    }
    if (requirement.starts_with(kFile)) {
        const std::string path = requirement.substr(kFile.size());
        std::error_code failure;
        return unless(std::filesystem::exists(std::filesystem::path(folder) / path, failure),
                      fmt::format("it needs the file {}", path));
    }
    const std::string name = requirement.substr(kProgram.size());
    return unless(!find_program(name).empty(), fmt::format("it needs the program {}", name));
}

}  // namespace skiff::test_suite
