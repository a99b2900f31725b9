// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace skiff::virtio::balloon {

/// What a balloon does beside inflating and deflating.
struct BalloonOptions {
    /// How much memory the balloon takes from the guest, from the start. Whole pages.
    std::uint64_t size_bytes = 0;
    /// The guest may take memory back rather than run out of it.
    bool deflate_on_oom = false;
    /// The guest tells of memory that it has freed, and it is given back to the host.
    bool free_page_reporting = false;
    /// How often the guest is asked for its statistics; zero: never.
    std::chrono::milliseconds stats_interval{0};
    bool operator==(const BalloonOptions&) const = default;
};

}  // namespace skiff::virtio::balloon
