// SPDX-License-Identifier: Apache-2.0
#include "devices/boot_timer.h"

#include <ctime>

#include "base/log.h"

namespace skiff::devices {
namespace {

std::chrono::nanoseconds process_cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

template <typename Duration>
std::int64_t microseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

BootTimer::Start BootTimer::Start::now() {
    return {.time = std::chrono::steady_clock::now(), .cpu_time = process_cpu_time()};
}

Access BootTimer::read(std::uint64_t /*offset*/, std::span<std::uint8_t> /*data*/) {
    return Access::kUnknownRegister;
}

Access BootTimer::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (offset != 0) {
        return Access::kUnknownRegister;
    }
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    // Logged here on the vCPU's thread, but once in a guest's life.
    if (data.front() == kBootedValue && !booted_.exchange(true)) {
        const Start now = Start::now();
        const std::int64_t wall = microseconds(now.time - start_.time);
        const std::int64_t cpu = microseconds(now.cpu_time - start_.cpu_time);
        log::info("Guest-boot-time = {:6} us {} ms, {:6} CPU us {} CPU ms", wall, wall / 1000, cpu,
                  cpu / 1000);
    }
    return Access::kDone;
}

}  // namespace skiff::devices
