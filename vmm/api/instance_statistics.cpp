// SPDX-License-Identifier: Apache-2.0
// What is counted of a microVM: when it is collected, and where it goes.
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "vmm/api/instance.h"
#include "vmm/api/instance_answers.h"
#include "vmm/api/reports/prometheus_text.h"
#include "vmm/api/reports/stats_json.h"

namespace skiff::api {
namespace {

constexpr std::chrono::minutes kMetricsPeriod{1};

/// Names for the devices that options made, by their places.
void add_names(std::vector<std::string>& ids, std::string_view kind, std::size_t count) {
    while (ids.size() < count) {
        ids.push_back(fmt::format("{}{}", kind, ids.size()));
    }
}

}  // namespace

Result<void> Instance::open_metrics() {
    const std::lock_guard lock(mutex_);
    if (description_.metrics.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(metrics_file_, MetricsFile::open(*description_.metrics));
    }
    return {};
}

Result<std::string> Instance::configure(const Metrics& metrics) {
    SKIFF_RETURN_IF_ERROR(needs_no_run());
    if (metrics_file_ != nullptr) {
        return Error::user("metrics go to a file already, which cannot be changed");
    }
    SKIFF_ASSIGN_OR_RETURN(metrics_file_, MetricsFile::open(metrics));
    description_.metrics = metrics;
    return no_body();
}

Statistics Instance::statistics(bool with_memory) const {
    Statistics statistics;
    statistics.id = description_.id;
    statistics.state = state_word();
    if (control_ != nullptr) {
        statistics.machine = control_->statistics();
        if (with_memory) {
            statistics.resident = control_->resident_memory();
        }
    }
    for (const Drive& drive : description_.drives) {
        statistics.drive_ids.push_back(drive.drive_id);
    }
    for (const NetworkInterface& net : description_.nets) {
        statistics.net_ids.push_back(net.iface_id);
    }
    if (statistics.machine.has_value()) {
        add_names(statistics.drive_ids, "disk", statistics.machine->disks.size());
        add_names(statistics.net_ids, "eth", statistics.machine->nets.size());
    }
    statistics.requests = requests_.counts();
    statistics.lost_log_lines = log::lost_lines();
    statistics.lost_metrics_lines = metrics_file_ != nullptr ? metrics_file_->lost_lines() : 0;
    statistics.start_up = start_up_;
    statistics.pause_time = pause_time_;
    statistics.resume_time = resume_time_;
    return statistics;
}

Result<std::string> Instance::tell(GetStats /*asked*/) const {
    return stats_json(statistics(true));
}

Result<std::string> Instance::tell(GetPrometheusMetrics /*asked*/) const {
    return prometheus_text(statistics(true));
}

Result<void> Instance::write_metrics() {
    return metrics_file_ != nullptr ? metrics_file_->write(statistics(false)) : Result<void>();
}

Result<std::string> Instance::flush_metrics() {
    SKIFF_RETURN_IF_ERROR(needs_run());
    return empty_answer(write_metrics());
}

void Instance::begin_metrics() {
    if (metrics_file_ == nullptr) {
        return;
    }
    // What cannot be written is counted.
    static_cast<void>(write_metrics());
    metrics_thread_.emplace("metrics", kMetricsPeriod, [this] {
        const std::lock_guard lock(mutex_);
        static_cast<void>(write_metrics());
    });
}

void Instance::serving(const LaunchTimes& launch) {
    const std::lock_guard lock(mutex_);
    start_up_ = measure_start_up(launch);
}

}  // namespace skiff::api
