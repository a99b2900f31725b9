// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vmm/machine/host_report.h"

/// The parts of examine_host(): each adds its checks to the report.
namespace skiff::machine {

/// /dev/kvm: there, allowed, the right version, what it can do, how it runs guests.
void check_kvm(HostReport& report, const std::string& device = "/dev/kvm");

/// What beside KVM skiff can use: tun, huge pages, io_uring, seccomp, user namespaces.
void check_features(HostReport& report);

}  // namespace skiff::machine
