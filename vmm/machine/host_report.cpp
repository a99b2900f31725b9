// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/host_report.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <algorithm>

#include "vmm/machine/host_checks.h"

namespace skiff::machine {

bool HostReport::can_run() const {
    return std::none_of(checks.begin(), checks.end(), [](const HostCheck& check) {
        return check.status == HostCheck::Status::kFail;
    });
}

std::string_view status_name(HostCheck::Status status) {
    switch (status) {
        case HostCheck::Status::kOk:
            return "ok";
        case HostCheck::Status::kWarn:
            return "warn";
        case HostCheck::Status::kFail:
            return "fail";
    }
    return "fail";
}

HostReport examine_host() {
    HostReport report;
    utsname names{};
    if (::uname(&names) == 0) {
        report.kernel_version = names.release;
    }
    report.libc_version = ::gnu_get_libc_version();
    check_kvm(report);
    check_features(report);
    return report;
}

}  // namespace skiff::machine
