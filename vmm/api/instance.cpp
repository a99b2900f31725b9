// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "base/units.h"
#include "vmm/api/config_file.h"
#include "vmm/api/write_resources.h"

namespace skiff::api {
namespace {

constexpr std::string_view kNoBody;

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // clang 14 does not deduce it by itself

Result<std::string> empty_answer(const Result<void>& result) {
    return result.ok() ? Result<std::string>(std::string(kNoBody)) : result.error();
}

log::Level to_log_level(Logger::Level level) {
    switch (level) {
        case Logger::Level::kTrace:
            return log::Level::kTrace;
        case Logger::Level::kDebug:
            return log::Level::kDebug;
        case Logger::Level::kInfo:
            return log::Level::kInfo;
        case Logger::Level::kWarning:
            return log::Level::kWarning;
        case Logger::Level::kError:
            return log::Level::kError;
        case Logger::Level::kOff:
            break;
    }
    return log::Level::kOff;
}

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

log::Options log_options(const VmDescription& description) {
    const Logger logger = description.logger.value_or(Logger{});
    return {.level = to_log_level(logger.level.value_or(Logger::Level::kInfo)),
            .file_path = logger.log_path.value_or(""),
            .instance_id = description.id,
            .show_level = logger.show_level.value_or(false)};
}

Result<std::string> Instance::handle(const Command& command) {
    Lock lock(mutex_);
    if (state_ == State::kEnded) {
        return Error::user("the microVM has ended");
    }
    const auto described = [this](const auto& resource) -> Result<std::string> {
        SKIFF_RETURN_IF_ERROR(needs_no_run());
        return empty_answer(api::apply(Command(resource), description_));
    };
    return std::visit(
        Overloaded{
            [this](DescribeInstance) -> Result<std::string> {
                constexpr std::array kWords = {"Not started", "Running", "Paused"};
                return instance_json(description_, kWords.at(static_cast<std::size_t>(state_)));
            },
            [](GetVersion) -> Result<std::string> { return version_json(); },
            [this](GetMachineShape) -> Result<std::string> {
                return to_json(description_.machine);
            },
            [this](GetVmConfig) -> Result<std::string> { return to_json(description_); },
            [this](GetBalloon) -> Result<std::string> {
                if (!description_.balloon.has_value()) {
                    return Error::user("this microVM has no balloon");
                }
                return to_json(*description_.balloon);
            },
            [this](GetBalloonStatistics) { return balloon_statistics(); },
            [this](GetBalloonHinting asked) { return hinting(asked); },
            [this](BalloonHintingStart asked) { return hinting(asked); },
            [this](BalloonHintingStop asked) { return hinting(asked); },
            [this](const DriveUpdate& update) { return change(update); },
            [this](const NetworkInterfaceUpdate& update) { return change(update); },
            [this](const BalloonUpdate& update) { return change(update); },
            [this](const BalloonStatisticsUpdate& update) { return change(update); },
            [&](Action action) { return act(action, lock); },
            [this](StateChange wanted) { return change_state(wanted); },
            [this](const Logger& logger) { return configure(logger); },
            described,
        },
        command);
}

Result<void> Instance::needs_run() const {
    return state_ == State::kNotStarted
               ? Error::user("this is possible only once the microVM has started")
               : Result<void>();
}

Result<void> Instance::needs_no_run() const {
    return state_ == State::kNotStarted
               ? Result<void>()
               : Error::user("this is possible only before the microVM starts");
}

Result<std::string> Instance::act(Action action, Lock& lock) {
    switch (action) {
        case Action::kInstanceStart:
            return start(lock);
        case Action::kSendCtrlAltDel:
            SKIFF_RETURN_IF_ERROR(needs_run());
            control_->press_ctrl_alt_del();
            return std::string(kNoBody);
        case Action::kFlushMetrics:
            break;
    }
    return Error::user("FlushMetrics: metrics are not supported yet");
}

Result<std::string> Instance::start(Lock& lock) {
    SKIFF_RETURN_IF_ERROR(needs_no_run());
    SKIFF_ASSIGN_OR_RETURN(wanted_, description_.machine_config());
    start_error_.reset();
    start_wanted_();
    start_decided_.wait(lock, [this] { return !wanted_.has_value(); });
    return start_error_.has_value() ? Result<std::string>(*start_error_)
                                    : Result<std::string>(std::string(kNoBody));
}

std::optional<machine::MachineConfig> Instance::wanted() const {
    const std::lock_guard lock(mutex_);
    return wanted_;
}

void Instance::started(machine::MachineControl& control) {
    const std::lock_guard lock(mutex_);
    control_ = &control;
    state_ = State::kRunning;
    wanted_.reset();
    start_decided_.notify_all();
}

void Instance::failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    start_error_ = error;
    wanted_.reset();
    start_decided_.notify_all();
}

void Instance::end() {
    const std::lock_guard lock(mutex_);
    control_ = nullptr;
    state_ = State::kEnded;
    if (wanted_.has_value()) {  // else a guest that was quick: its client has yet to see the start
        start_error_ = Error::user("skiff was stopped before the microVM had started");
    }
    wanted_.reset();
    start_decided_.notify_all();
}

Result<std::string> Instance::change_state(StateChange change) {
    SKIFF_RETURN_IF_ERROR(needs_run());
    const bool pause = change == StateChange::kPause;
    SKIFF_RETURN_IF_ERROR(pause ? control_->pause() : control_->resume());
    state_ = pause ? State::kPaused : State::kRunning;
    log::info("the guest {}", pause ? "is paused" : "runs on");
    return std::string(kNoBody);
}

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
    return std::string(kNoBody);
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
    return std::string(kNoBody);
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

Result<std::string> Instance::configure(const Logger& logger) {
    SKIFF_RETURN_IF_ERROR(needs_no_run());
    VmDescription changed = description_;
    changed.logger = logger;
    SKIFF_RETURN_IF_ERROR(log::configure(log_options(changed)));
    description_ = std::move(changed);
    return std::string(kNoBody);
}

}  // namespace skiff::api
