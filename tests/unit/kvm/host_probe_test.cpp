// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/host_probe.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <initializer_list>
#include <string>

namespace skiff::kvm {
namespace {

/// A folder like /sys/module, gone with the test.
class ModuleFolder {
  public:
    explicit ModuleFolder(std::initializer_list<const char*> modules) {
        std::string pattern = std::filesystem::temp_directory_path() / "skiff-modules-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
        for (const char* module : modules) {
            std::filesystem::create_directory(path_ / module);
        }
    }
    ModuleFolder(const ModuleFolder&) = delete;
    ModuleFolder& operator=(const ModuleFolder&) = delete;
    ~ModuleFolder() { std::filesystem::remove_all(path_); }

    std::string path() const { return path_; }

  private:
    std::filesystem::path path_;
};

constexpr int kNoKvm = -1;

TEST_CASE("The one KVM module that is loaded names the backend") {
    CHECK(detect_backend(kNoKvm, ModuleFolder{"kvm", "kvm_intel"}.path()) == Backend::kVmx);
    CHECK(detect_backend(kNoKvm, ModuleFolder{"kvm", "kvm_amd"}.path()) == Backend::kSvm);
    CHECK(detect_backend(kNoKvm, ModuleFolder{"kvm", "kvm_pvm"}.path()) == Backend::kPvm);
}

TEST_CASE("Without an answer from sysfs or from KVM the backend is other") {
    CHECK(detect_backend(kNoKvm, ModuleFolder{"kvm"}.path()) == Backend::kOther);
    CHECK(detect_backend(kNoKvm, "/nonexistent/module") == Backend::kOther);
}

TEST_CASE("Several modules built into one kernel decide nothing by themselves") {
    CHECK(detect_backend(kNoKvm, ModuleFolder{"kvm_intel", "kvm_amd"}.path()) == Backend::kOther);
}

TEST_CASE("Backends have the names that doctor --json promises") {
    CHECK(backend_name(Backend::kVmx) == "vmx");
    CHECK(backend_name(Backend::kSvm) == "svm");
    CHECK(backend_name(Backend::kPvm) == "pvm");
    CHECK(backend_name(Backend::kOther) == "other");
}

}  // namespace
}  // namespace skiff::kvm
