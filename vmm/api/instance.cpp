// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/instance.h"

#include <array>
#include <utility>

#include "base/log.h"
#include "vmm/api/config_file.h"
#include "vmm/api/instance_answers.h"
#include "vmm/api/resources/write_resources.h"

namespace skiff::api {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // clang 14 does not deduce it by itself

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

}  // namespace

log::Options log_options(const VmDescription& description) {
    const Logger logger = description.logger.value_or(Logger{});
    return {.level = to_log_level(logger.level.value_or(Logger::Level::kInfo)),
            .file_path = logger.log_path.value_or(""),
            .instance_id = description.id,
            .show_level = logger.show_level.value_or(false),
            .format = logger.log_format == Logger::Format::kJson ? log::Format::kJson
                                                                 : log::Format::kText};
}

Result<std::string> Instance::handle(const Command& command) {
    Lock lock(mutex_);
    if (state_ == State::kEnded) {
        if (std::holds_alternative<Shutdown>(command)) {
            return no_body();
        }
        return Error::user("the microVM has ended");
    }
    const auto described = [this](const auto& resource) -> Result<std::string> {
        SKIFF_RETURN_IF_ERROR(needs_no_run());
        return empty_answer(api::apply(Command(resource), description_));
    };
    return std::visit(
        Overloaded{
            [this](DescribeInstance) -> Result<std::string> {
                return instance_json(description_, state_word());
            },
            [](GetVersion) -> Result<std::string> { return version_json(); },
            [this](GetMachineShape) -> Result<std::string> {
                return to_json(description_.machine);
            },
            [this](GetVmConfig) -> Result<std::string> { return to_json(description_); },
            [this](GetMachineOptions) -> Result<std::string> {
                return to_json(description_.options.value_or(MachineOptions{}));
            },
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
            [this](const Metrics& metrics) { return configure(metrics); },
            [this](GetStats asked) { return tell(asked); },
            [this](GetPrometheusMetrics asked) { return tell(asked); },
            [this](GetMetadata asked) { return metadata(asked); },
            [this](const Metadata& given) { return metadata(given); },
            [this](const MetadataPatch& given) { return metadata(given); },
            [this](const Shutdown& shutdown) { return shut_down(shutdown); },
            [this](const BalloonTarget& target) { return change(target); },
            [this](GetBalloonSize) { return balloon_size(); },
            described,
        },
        command);
}

std::string_view Instance::state_word() const {
    constexpr std::array kWords = {"Not started", "Running", "Paused"};
    return kWords.at(static_cast<std::size_t>(state_));
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
            return no_body();
        case Action::kFlushMetrics:
            break;
    }
    return flush_metrics();
}

Result<std::string> Instance::start(Lock& lock) {
    SKIFF_RETURN_IF_ERROR(needs_no_run());
    SKIFF_ASSIGN_OR_RETURN(wanted_, description_.machine_config());
    start_error_.reset();
    events_.state("Starting");
    start_wanted_();
    start_decided_.wait(lock, [this] { return !wanted_.has_value(); });
    return start_error_.has_value() ? Result<std::string>(*start_error_)
                                    : Result<std::string>(no_body());
}

std::optional<machine::MachineConfig> Instance::wanted() const {
    const std::lock_guard lock(mutex_);
    return wanted_;
}

bool Instance::quit_is_wanted() const {
    const std::lock_guard lock(mutex_);
    return quit_wanted_;
}

void Instance::started(machine::MachineControl& control,
                       std::shared_ptr<machine::ConsoleTap> console) {
    const std::lock_guard lock(mutex_);
    control_ = &control;
    console_ = std::move(console);
    state_ = State::kRunning;
    events_.state(state_word());
    begin_metrics();
    wanted_.reset();
    start_decided_.notify_all();
}

std::shared_ptr<machine::ConsoleTap> Instance::console() const {
    const std::lock_guard lock(mutex_);
    return console_;
}

void Instance::failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    start_error_ = error;
    events_.state(state_word(), error.message());
    wanted_.reset();
    start_decided_.notify_all();
}

void Instance::end(const machine::ExitReason& reason) {
    metrics_thread_.reset();  // without the mutex, which it may wait for
    const std::lock_guard lock(mutex_);
    if (control_ != nullptr) {
        static_cast<void>(write_metrics());  // the last ones; those that are lost are lost
    }
    events_.ended(reason);
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
    const auto begin = std::chrono::steady_clock::now();
    SKIFF_RETURN_IF_ERROR(pause ? control_->pause() : control_->resume());
    (pause ? pause_time_ : resume_time_) = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begin);
    const State before = std::exchange(state_, pause ? State::kPaused : State::kRunning);
    if (state_ != before) {
        events_.state(state_word());
    }
    log::info("the guest {}", pause ? "is paused" : "runs on");
    return no_body();
}

Result<std::string> Instance::configure(const Logger& logger) {
    SKIFF_RETURN_IF_ERROR(needs_no_run());
    VmDescription changed = description_;
    changed.logger = logger;
    SKIFF_RETURN_IF_ERROR(log::configure(log_options(changed)));
    description_ = std::move(changed);
    return no_body();
}

}  // namespace skiff::api
