// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"
#include "vmm/machine/host_checks.h"
#include "vmm/machine/host_file.h"

namespace skiff::machine {
namespace {

using Status = HostCheck::Status;

HostCheck good(std::string name, std::string detail) {
    return {
        .name = std::move(name), .status = Status::kOk, .detail = std::move(detail), .remedy = {}};
}

HostCheck lacking(std::string name, std::string detail, std::string remedy) {
    return {.name = std::move(name),
            .status = Status::kWarn,
            .detail = std::move(detail),
            .remedy = std::move(remedy)};
}

HostCheck check_tun() {
    const UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (fd.valid()) {
        return good("tun", "/dev/net/tun can be opened");
    }
    const int error = errno;
    const bool denied = error == EACCES || error == EPERM;
    return lacking("tun",
                   fmt::format("/dev/net/tun: {}; guests cannot have a network interface",
                               std::strerror(error)),
                   denied ? "sudo chmod 666 /dev/net/tun" : "sudo modprobe tun");
}

HostCheck check_huge_pages() {
    struct Size {
        const char* folder;
        const char* name;
    };
    constexpr std::array kSizes = {Size{"hugepages-2048kB", "2M"},
                                   Size{"hugepages-1048576kB", "1G"}};
    std::string found;
    for (const Size& size : kSizes) {
        const std::string folder = fmt::format("/sys/kernel/mm/hugepages/{}", size.folder);
        const auto total = read_host_line(folder + "/nr_hugepages");
        if (total.has_value() && *total != "0") {
            found += fmt::format("{}{} of {} {} free", found.empty() ? "" : ", ",
                                 read_host_line(folder + "/free_hugepages").value_or("?"), *total,
                                 size.name);
        }
    }
    if (!found.empty()) {
        return good("hugepages", found);
    }
    return lacking("hugepages", "none are reserved, so --memory-backing hugetlb cannot work",
                   "sudo sysctl vm.nr_hugepages=128");
}

HostCheck check_transparent_huge_pages() {
    const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
    const auto setting = read_host_line(path);
    if (setting.has_value() && setting->find("[never]") == std::string::npos) {
        return good("transparent-hugepages", *setting);
    }
    return lacking("transparent-hugepages", setting.value_or("not in this kernel"),
                   fmt::format("echo madvise | sudo tee {}", path));
}

HostCheck check_io_uring() {
    io_uring_params parameters{};
    const UniqueFd ring(static_cast<int>(::syscall(SYS_io_uring_setup, 1U, &parameters)));
    if (ring.valid()) {
        return good("io_uring", "can be used");
    }
    const int error = errno;
    return lacking("io_uring",
                   fmt::format("{}; disks use synchronous I/O instead", std::strerror(error)),
                   error == EPERM ? "sudo sysctl kernel.io_uring_disabled=0"
                                  : "run a host kernel with CONFIG_IO_URING");
}

HostCheck check_seccomp() {
    std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
    if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0) {
        return good("seccomp", "filters that end the process can be used");
    }
    return lacking("seccomp", fmt::format("{}; skiff runs without a filter", std::strerror(errno)),
                   "run a host kernel with CONFIG_SECCOMP_FILTER");
}

/// Tries it in a child: the settings that may forbid it differ between distributions.
HostCheck check_user_namespaces() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return lacking("user-namespaces", "could not be tried", "");
    }
    const int error = WEXITSTATUS(status);
    if (error == 0) {
        return good("user-namespaces", "can be used");
    }
    return lacking("user-namespaces", std::strerror(error),
                   error == ENOSPC ? "sudo sysctl user.max_user_namespaces=10000"
                                   : "sudo sysctl kernel.unprivileged_userns_clone=1");
}

}  // namespace

void check_features(HostReport& report) {
    report.checks.push_back(check_tun());
    report.checks.push_back(check_huge_pages());
    report.checks.push_back(check_transparent_huge_pages());
    report.checks.push_back(check_io_uring());
    report.checks.push_back(check_seccomp());
    report.checks.push_back(check_user_namespaces());
}

}  // namespace skiff::machine
