// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/stop_latch.h"

#include <utility>

namespace skiff::machine {

void StopLatch::stop(ExitReason reason) {
    {
        const std::lock_guard lock(mutex_);
        if (reason_.has_value()) {
            return;
        }
        reason_ = std::move(reason);
    }
    stopped_.store(true, std::memory_order_release);
    loop_.stop();
}

ExitReason StopLatch::reason() const {
    const std::lock_guard lock(mutex_);
    SKIFF_CHECK(reason_.has_value());
    return *reason_;
}

void StopLatch::power_off(std::uint8_t exit_status) {
    stop({.kind = ExitReason::Kind::kPowerOff, .value = exit_status, .detail = {}, .vcpu = {}});
}

void StopLatch::reset(std::uint8_t exit_status) {
    stop({.kind = ExitReason::Kind::kReset, .value = exit_status, .detail = {}, .vcpu = {}});
}

}  // namespace skiff::machine
