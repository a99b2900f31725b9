// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/event_counter.h"

namespace skiff::api {

/// How many requests of a kind there were, and how many of them got an error.
struct RequestCount {
    /// By verb and resource: the section and the beginning of the key of Firecracker's metrics
    /// ("put_api_requests", "drive"). By verb alone: the verb, and nothing.
    std::string_view group;
    std::string_view name;
    std::uint64_t count = 0;
    std::uint64_t fails = 0;
};

struct RequestCounts {
    std::vector<RequestCount> by_resource;
    std::vector<RequestCount> by_verb;  ///< All requests: what is no verb of ours is "other".
};

/// Counts requests: on the API's thread. Any thread reads.
class RequestCounters {
  public:
    static constexpr std::size_t kResources = 25;
    static constexpr std::size_t kVerbs = 6;

    void count(std::string_view verb, std::string_view path, unsigned status);
    RequestCounts counts() const;

  private:
    struct Pair {
        EventCounter count;
        EventCounter fails;
    };
    static void add(Pair& pair, bool failed);

    std::array<Pair, kResources> by_resource_;
    std::array<Pair, kVerbs> by_verb_;
};

}  // namespace skiff::api
