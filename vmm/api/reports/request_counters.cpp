// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/reports/request_counters.h"

#include <algorithm>

namespace skiff::api {
namespace {

constexpr std::string_view kGet = "get_api_requests";
constexpr std::string_view kPut = "put_api_requests";
constexpr std::string_view kPatch = "patch_api_requests";

constexpr unsigned kFirstError = 400;

struct Resource {
    std::string_view verb;
    /// With a slash at its end: and all that is below it.
    std::string_view path;
    std::string_view group;
    std::string_view name;
};

/// Firecracker's docs/metrics.md; src/vmm/src/logger/metrics.rs.
constexpr std::array kCounted = {
    Resource{"GET", "/", kGet, "instance_info"},
    Resource{"GET", "/machine-config", kGet, "machine_cfg"},
    Resource{"GET", "/mmds", kGet, "mmds"},
    Resource{"GET", "/version", kGet, "vmm_version"},
    Resource{"GET", "/hotplug/memory", kGet, "hotplug_memory"},
    Resource{"PUT", "/actions", kPut, "actions"},
    Resource{"PUT", "/boot-source", kPut, "boot_source"},
    Resource{"PUT", "/drives/", kPut, "drive"},
    Resource{"PUT", "/logger", kPut, "logger"},
    Resource{"PUT", "/machine-config", kPut, "machine_cfg"},
    Resource{"PUT", "/cpu-config", kPut, "cpu_cfg"},
    Resource{"PUT", "/metrics", kPut, "metrics"},
    Resource{"PUT", "/network-interfaces/", kPut, "network"},
    Resource{"PUT", "/mmds", kPut, "mmds"},
    Resource{"PUT", "/mmds/config", kPut, "mmds"},
    Resource{"PUT", "/vsock", kPut, "vsock"},
    Resource{"PUT", "/pmem/", kPut, "pmem"},
    Resource{"PUT", "/serial", kPut, "serial"},
    Resource{"PUT", "/hotplug/memory", kPut, "hotplug_memory"},
    Resource{"PATCH", "/drives/", kPatch, "drive"},
    Resource{"PATCH", "/network-interfaces/", kPatch, "network"},
    Resource{"PATCH", "/machine-config", kPatch, "machine_cfg"},
    Resource{"PATCH", "/mmds", kPatch, "mmds"},
    Resource{"PATCH", "/hotplug/memory", kPatch, "hotplug_memory"},
    Resource{"PATCH", "/pmem/", kPatch, "pmem"},
};
static_assert(kCounted.size() == RequestCounters::kResources);

constexpr std::array<std::string_view, RequestCounters::kVerbs> kVerbWords = {
    "GET", "PUT", "PATCH", "POST", "DELETE", "other"};

bool is_about(const Resource& resource, std::string_view verb, std::string_view path) {
    const bool is_folder = resource.path.size() > 1 && resource.path.ends_with('/');
    return resource.verb == verb &&
           (is_folder ? path.starts_with(resource.path) : path == resource.path);
}

/// The first that has the same name: PUT /mmds and PUT /mmds/config are counted as one.
std::size_t place_of(std::size_t resource) {
    const auto same = [&](const Resource& other) {
        return other.group == kCounted.at(resource).group &&
               other.name == kCounted.at(resource).name;
    };
    return static_cast<std::size_t>(std::find_if(kCounted.begin(), kCounted.end(), same) -
                                    kCounted.begin());
}

}  // namespace

void RequestCounters::add(Pair& pair, bool failed) {
    pair.count.add(1);
    pair.fails.add(failed ? 1 : 0);
}

void RequestCounters::count(std::string_view verb, std::string_view path, unsigned status) {
    const bool failed = status >= kFirstError;
    const auto word = std::find(kVerbWords.begin(), kVerbWords.end() - 1, verb);
    add(by_verb_.at(static_cast<std::size_t>(word - kVerbWords.begin())), failed);
    for (std::size_t i = 0; i < kCounted.size(); ++i) {
        if (is_about(kCounted.at(i), verb, path)) {
            add(by_resource_.at(place_of(i)), failed);
            return;
        }
    }
}

RequestCounts RequestCounters::counts() const {
    RequestCounts counts;
    for (std::size_t i = 0; i < kCounted.size(); ++i) {
        if (place_of(i) == i) {
            counts.by_resource.push_back({.group = kCounted.at(i).group,
                                          .name = kCounted.at(i).name,
                                          .count = by_resource_.at(i).count.value(),
                                          .fails = by_resource_.at(i).fails.value()});
        }
    }
    for (std::size_t i = 0; i < kVerbs; ++i) {
        counts.by_verb.push_back({.group = kVerbWords.at(i),
                                  .name = {},
                                  .count = by_verb_.at(i).count.value(),
                                  .fails = by_verb_.at(i).fails.value()});
    }
    return counts;
}

}  // namespace skiff::api
