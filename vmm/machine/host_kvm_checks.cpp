// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "vmm/kvm/capabilities.h"
#include "vmm/kvm/host_probe.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/x86_64/supervisor_probe.h"
#include "vmm/machine/host_checks.h"
#include "vmm/machine/host_file.h"
#include "vmm/machine/host_quirks.h"
#include "vmm/machine/machine_config.h"

namespace skiff::machine {
namespace {

using Status = HostCheck::Status;

/// The group's name, from /etc/group alone: NSS cannot be used from a static executable.
std::string group_name(gid_t gid) {
    const std::string groups = "\n" + read_host_file("/etc/group").value_or("");
    const std::string wanted = fmt::format(":{}:", gid);
    std::size_t begin = 0;
    while (begin < groups.size()) {  // NAME:PASSWORD:GID:MEMBERS
        const std::size_t end = std::min(groups.find('\n', begin + 1), groups.size());
        const std::string_view line = std::string_view(groups).substr(begin + 1, end - begin - 1);
        const std::size_t name_end = std::min(line.find(':'), line.size());
        const std::size_t password_end = std::min(line.find(':', name_end + 1), line.size());
        if (line.substr(password_end).starts_with(wanted)) {
            return std::string(line.substr(0, name_end));
        }
        begin = end;
    }
    return fmt::format("{}", gid);
}

HostCheck missing_device(const std::string& device) {
    const bool has_module = ::access("/sys/module/kvm", F_OK) == 0;
    return {.name = "kvm-device",
            .status = Status::kFail,
            .detail = has_module
                          ? fmt::format("{} does not exist, though KVM is loaded", device)
                          : fmt::format("{} does not exist: KVM is not loaded, or this processor "
                                        "or virtual machine offers no virtualisation",
                                        device),
            .remedy = has_module ? fmt::format("sudo mknod {} c 10 232", device)
                                 : "sudo modprobe kvm_intel || sudo modprobe kvm_amd"};
}

/// Adds the check; whether the device is there.
bool check_device(HostReport& report, const std::string& device) {
    struct stat status {};
    if (::stat(device.c_str(), &status) != 0) {
        report.checks.push_back(missing_device(device));
        return false;
    }
    if (!S_ISCHR(status.st_mode)) {
        report.checks.push_back(
            {.name = "kvm-device",
             .status = Status::kFail,
             .detail = fmt::format("{} is not a device", device),
             .remedy = fmt::format("sudo rm {0} && sudo mknod {0} c 10 232", device)});
        return false;
    }
    report.checks.push_back({.name = "kvm-device",
                             .status = Status::kOk,
                             .detail = fmt::format("{} exists", device),
                             .remedy = {}});
    return true;
}

/// What gives this user the device.
std::string access_remedy(const std::string& device) {
    struct stat status {};
    constexpr mode_t kGroupReadWrite = S_IRGRP | S_IWGRP;
    if (::stat(device.c_str(), &status) == 0 && status.st_gid != 0 &&
        (status.st_mode & kGroupReadWrite) == kGroupReadWrite) {
        return fmt::format("sudo usermod -aG {} $USER, then log in again",
                           group_name(status.st_gid));
    }
    return fmt::format(
        "sudo chgrp kvm {0} && sudo chmod 660 {0} && sudo usermod -aG kvm $USER, "
        "then log in again",
        device);
}

bool check_access(HostReport& report, const std::string& device) {
    const UniqueFd fd(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (fd.valid()) {
        report.checks.push_back({.name = "kvm-access",
                                 .status = Status::kOk,
                                 .detail = fmt::format("this user may open {}", device),
                                 .remedy = {}});
        return true;
    }
    const int error = errno;
    const bool denied = error == EACCES || error == EPERM;
    report.checks.push_back(
        {.name = "kvm-access",
         .status = Status::kFail,
         .detail = fmt::format("{} cannot be opened: {}", device, std::strerror(error)),
         .remedy =
             denied ? access_remedy(device) : "sudo modprobe kvm_intel || sudo modprobe kvm_amd"});
    return false;
}

void check_capabilities(HostReport& report, const kvm::Kvm& kvm) {
    std::string missing;
    for (const kvm::OptionalCapability& capability : kvm::optional_capabilities(kvm)) {
        if (!capability.present) {
            missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", capability.name,
                                   capability.without);
        }
    }
    report.checks.push_back(
        {.name = "kvm-capabilities",
         .status = missing.empty() ? Status::kOk : Status::kWarn,
         .detail = missing.empty() ? "all that skiff uses are offered" : "missing: " + missing,
         .remedy = missing.empty() ? "" : "run a newer host kernel"});
}

void check_vcpus(HostReport& report, const kvm::Kvm& kvm) {
    const kvm::VcpuLimits limits = kvm::vcpu_limits(kvm);
    report.checks.push_back(
        {.name = "kvm-vcpus",
         .status = Status::kOk,
         .detail = fmt::format("up to {} vCPUs in a guest, {} recommended",
                               std::min(limits.maximum, static_cast<int>(MachineConfig::kMaxCpus)),
                               limits.recommended),
         .remedy = {}});
}

void check_backend(HostReport& report, const kvm::Kvm& kvm) {
    const kvm::Backend backend = kvm::detect_backend(kvm.fd());
    report.backend = kvm::backend_name(backend);
    const std::string quirks = quirk_parameters(backend);
    if (quirks.empty()) {
        report.checks.push_back(
            {.name = "kvm-backend", .status = Status::kOk, .detail = report.backend, .remedy = {}});
        return;
    }
    report.host_quirks.push_back(quirks);
    report.checks.push_back(
        {.name = "kvm-backend",
         .status = Status::kWarn,
         .detail = fmt::format("{}: guest kernels need the parameter {}, which skiff run adds, and "
                               "a patch that knows it",
                               report.backend, quirks),
         .remedy = "boot the kernel that './dev demo' builds"});
}

/// Runs the probe VM; also finds a backend that emulates without being known for it.
void check_guest_code(HostReport& report, const kvm::Kvm& kvm) {
    const auto execution = kvm::x86_64::probe_supervisor_execution(kvm);
    HostCheck check{.name = "kvm-guest", .status = Status::kOk, .detail = {}, .remedy = {}};
    if (!execution.ok()) {
        check.status = Status::kFail;
        check.detail = "a probe VM did not run: " + execution.error().message();
        check.remedy = "look at 'sudo dmesg' for what KVM says";
    } else if (*execution == kvm::x86_64::SupervisorExecution::kNative) {
        check.detail = "a probe VM ran; its kernel-mode code runs on the processor";
    } else {
        check.detail =
            "a probe VM ran; KVM emulates its kernel-mode code, without all instructions";
        if (report.host_quirks.empty()) {
            check.status = Status::kWarn;
            check.remedy = fmt::format("skiff run … -a {}", quirk_parameters(kvm::Backend::kPvm));
        }
    }
    report.checks.push_back(std::move(check));
}

}  // namespace

void check_kvm(HostReport& report, const std::string& device) {
    if (!check_device(report, device) || !check_access(report, device)) {
        return;
    }
    const Result<kvm::Kvm> kvm = kvm::Kvm::open(device);
    if (!kvm.ok()) {
        report.checks.push_back({.name = "kvm-api",
                                 .status = Status::kFail,
                                 .detail = kvm.error().message(),
                                 .remedy = "run a newer host kernel"});
        return;
    }
    report.checks.push_back({.name = "kvm-api",
                             .status = Status::kOk,
                             .detail = "API version 12, with all required capabilities",
                             .remedy = {}});
    check_capabilities(report, *kvm);
    check_vcpus(report, *kvm);
    check_backend(report, *kvm);
    check_guest_code(report, *kvm);
}

}  // namespace skiff::machine
