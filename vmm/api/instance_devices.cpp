// SPDX-License-Identifier: Apache-2.0
// Commands that change or ask the devices of a microVM, most of them while it runs.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/units.h"
#include "vmm/api/instance.h"
#include "vmm/api/instance_answers.h"
#include "vmm/api/resources/write_resources.h"

namespace skiff::api {
namespace {

/// The limits after an update: buckets that it does not name stay.
RateLimits updated(std::optional<RateLimiterSetting>& limiter,
                   const std::optional<RateLimiterSetting>& update) {
    if (update.has_value()) {
        RateLimiterSetting merged = limiter.value_or(RateLimiterSetting{});
        merged.merge(*update);
        limiter = merged;
    }
    return limiter.has_value() ? limiter->limits() : RateLimits{};
}

}  // namespace

Result<std::string> Instance::change(const DriveUpdate& update) {
    SKIFF_RETURN_IF_ERROR(needs_run());
    auto& drives = description_.drives;
    const auto drive = std::find_if(drives.begin(), drives.end(), [&](const Drive& other) {
        return other.drive_id == update.drive_id;
    });
    if (drive == drives.end()) {
        return Error::user(fmt::format("there is no drive '{}'", update.drive_id))
            .with_field("drive_id");
    }
    const auto place = static_cast<std::size_t>(drive - drives.begin());
    if (update.path_on_host.has_value()) {
        const auto replaced = control_->replace_disk(place, *update.path_on_host);
        if (!replaced.ok()) {
            return replaced.error().with_field("path_on_host");
        }
        drive->path_on_host = *update.path_on_host;
    }
    if (update.rate_limiter.has_value()) {
        control_->set_disk_limits(place, updated(drive->rate_limiter, update.rate_limiter));
    }
    return no_body();
}

Result<std::string> Instance::change(const NetworkInterfaceUpdate& update) {
    SKIFF_RETURN_IF_ERROR(needs_run());
    auto& nets = description_.nets;
    const auto net = std::find_if(nets.begin(), nets.end(), [&](const NetworkInterface& other) {
        return other.iface_id == update.iface_id;
    });
    if (net == nets.end()) {
        return Error::user(fmt::format("there is no network interface '{}'", update.iface_id))
            .with_field("iface_id");
    }
    const auto place = static_cast<std::size_t>(net - nets.begin());
    if (update.rx_rate_limiter.has_value()) {
        control_->set_net_limits_in(place, updated(net->rx_rate_limiter, update.rx_rate_limiter));
    }
    if (update.tx_rate_limiter.has_value()) {
        control_->set_net_limits_out(place, updated(net->tx_rate_limiter, update.tx_rate_limiter));
    }
    return no_body();
}

Result<std::string> Instance::change(const BalloonUpdate& update) {
    if (state_ != State::kNotStarted) {
        SKIFF_RETURN_IF_ERROR(control_->set_balloon_size(update.amount_mib * kMiB));
    }
    return empty_answer(description_.set(update));
}

Result<std::string> Instance::change(const BalloonStatisticsUpdate& update) {
    if (state_ != State::kNotStarted) {
        SKIFF_RETURN_IF_ERROR(control_->set_balloon_statistics_interval(
            std::chrono::seconds(update.stats_polling_interval_s)));
    }
    return empty_answer(description_.set(update));
}

Result<std::string> Instance::balloon_statistics() const {
    SKIFF_RETURN_IF_ERROR(needs_run());
    if (!description_.balloon.has_value() || description_.balloon->stats_polling_interval_s == 0) {
        return Error::user("no statistics: the balloon was made without stats_polling_interval_s");
    }
    return statistics_json(*control_->balloon());
}

Result<std::string> Instance::hinting(const Command& command) {
    SKIFF_RETURN_IF_ERROR(needs_run());
    if (!description_.balloon.has_value() || !description_.balloon->free_page_hinting) {
        return Error::user("no hints: the balloon was made without free_page_hinting");
    }
    if (std::holds_alternative<GetBalloonHinting>(command)) {
        return hinting_json(*control_->balloon());
    }
    return empty_answer(std::holds_alternative<BalloonHintingStart>(command)
                            ? control_->start_free_page_hints()
                            : control_->stop_free_page_hints());
}

}  // namespace skiff::api
