// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What `skiff doctor` finds out about the host.
namespace skiff::machine {

struct HostCheck {
    enum class Status {
        kOk,
        kWarn,  ///< Something works less well, or an optional part is missing.
        kFail,  ///< No guest can run.
    };

    std::string name;  ///< Stable: "kvm-device", "tun", …
    Status status = Status::kOk;
    std::string detail;  ///< What was found.
    std::string remedy;  ///< The command, or the step, that mends it; empty where there is none.
};

struct HostReport {
    /// "vmx", "svm", "pvm", "other"; "none" where there is no KVM.
    std::string backend = "none";
    /// Kernel parameters that guests need here; skiff run adds them.
    std::vector<std::string> host_quirks;
    std::vector<HostCheck> checks;
    std::string kernel_version;
    std::string libc_version;

    /// Whether no check failed.
    bool can_run() const;
};

/// "ok", "warn", "fail".
std::string_view status_name(HostCheck::Status status);

/// Looks at everything. Changes nothing on the host; runs one tiny probe VM.
HostReport examine_host();

}  // namespace skiff::machine
