// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/irq_line.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "vmm/kvm/vm.h"

namespace skiff::kvm {

/// An interrupt line behind which KVM listens to an eventfd: triggering it costs one write and
/// needs no lock.
class IrqfdLine final : public IrqLine {
  public:
    static Result<IrqfdLine> create(const Vm& vm, std::uint32_t gsi);

    void trigger() override;

  private:
    explicit IrqfdLine(UniqueFd eventfd) : eventfd_(std::move(eventfd)) {}

    UniqueFd eventfd_;
};

}  // namespace skiff::kvm
