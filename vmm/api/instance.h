// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/periodic_thread.h"
#include "base/result.h"
#include "vmm/api/command.h"
#include "vmm/api/reports/metrics_file.h"
#include "vmm/api/reports/request_counters.h"
#include "vmm/api/reports/statistics.h"
#include "vmm/api/streams/event_log.h"
#include "vmm/api/vm_description.h"
#include "vmm/machine/console_tap.h"
#include "vmm/machine/machine_config.h"
#include "vmm/machine/machine_control.h"

namespace skiff::api {

/// One microVM as the API sees it: described, then started, then running or paused.
///
/// Commands come on the API's thread. The main thread builds and runs the machine: it waits for
/// InstanceStart by what on_start() gave it, and says with started() or failed() how that went,
/// which is what the client then gets for an answer.
class Instance {
  public:
    /// `description` is what is known before the first command.
    explicit Instance(VmDescription description) : description_(std::move(description)) {}

    /// Does one command: the JSON that it answers, or nothing. On the API's thread.
    Result<std::string> handle(const Command& command);

    // For the main thread.
    /// Called on the API's thread when a client wants the start, or the end before it; must not
    /// block. Before that thread is started.
    void on_start(std::function<void()> wanted) { start_wanted_ = std::move(wanted); }
    /// The machine that a client wants to be started; nothing where none does.
    std::optional<machine::MachineConfig> wanted() const;
    /// Whether a client wants the process to end before any start.
    bool quit_is_wanted() const;
    /// Opens the metrics file that the description names. Before anything else.
    Result<void> open_metrics();
    /// Clients can be served from now on.
    void serving(const LaunchTimes& launch);
    /// The guest runs. `control` lives until end().
    void started(machine::MachineControl& control, std::shared_ptr<machine::ConsoleTap> console);
    /// Its console; null before the start. Any thread.
    std::shared_ptr<machine::ConsoleTap> console() const;
    /// What happens to it. Any thread.
    EventLog& events() { return events_; }
    /// For the API's thread, which counts.
    RequestCounters& requests() { return requests_; }
    /// It could not be built: the description may be changed, and started again.
    void failed(const Error& error);
    /// The machine is about to go, or the process is: from when this returns on, commands get an
    /// error, and so does a client that waits for a start. Clients are told of the reason.
    void end(const machine::ExitReason& reason);

  private:
    enum class State { kNotStarted, kRunning, kPaused, kEnded };
    using Lock = std::unique_lock<std::mutex>;

    // With the mutex held.
    Result<std::string> start(Lock& lock);
    Result<std::string> change_state(StateChange change);
    Result<std::string> change(const DriveUpdate& update);
    Result<std::string> change(const NetworkInterfaceUpdate& update);
    Result<std::string> change(const BalloonUpdate& update);
    Result<std::string> change(const BalloonStatisticsUpdate& update);
    Result<std::string> act(Action action, Lock& lock);
    Result<std::string> configure(const Logger& logger);
    Result<std::string> configure(const Metrics& metrics);
    Statistics statistics(bool with_memory) const;
    Result<std::string> tell(GetStats asked) const;
    Result<std::string> tell(GetPrometheusMetrics asked) const;
    Result<std::string> flush_metrics();
    Result<void> write_metrics();
    void begin_metrics();
    Result<std::string> metadata(const Command& command);
    Result<std::string> shut_down(const Shutdown& shutdown);
    Result<std::string> change(const BalloonTarget& target);
    Result<std::string> balloon_size() const;
    Result<std::string> balloon_statistics() const;
    Result<std::string> hinting(const Command& command);
    std::string_view state_word() const;
    Result<void> needs_run() const;
    Result<void> needs_no_run() const;

    EventLog events_;
    RequestCounters requests_;
    std::function<void()> start_wanted_;
    mutable std::mutex mutex_;  // held while a command is done
    std::condition_variable start_decided_;
    // All guarded by mutex_.
    VmDescription description_;
    State state_ = State::kNotStarted;
    machine::MachineControl* control_ = nullptr;
    std::shared_ptr<machine::ConsoleTap> console_;
    std::optional<machine::MachineConfig> wanted_;  // while a client waits for its start
    std::optional<Error> start_error_;
    bool quit_wanted_ = false;
    std::unique_ptr<MetricsFile> metrics_file_;  // none without a place for metrics
    StartUpTimes start_up_;
    std::chrono::microseconds pause_time_{0};
    std::chrono::microseconds resume_time_{0};
    // The main thread's; its task takes mutex_.
    std::optional<PeriodicThread> metrics_thread_;
};

/// What base/log.h takes of it.
log::Options log_options(const VmDescription& description);

}  // namespace skiff::api
