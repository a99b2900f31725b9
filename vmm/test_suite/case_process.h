// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/child_process.h"
#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/result.h"
#include "vmm/test_suite/outcome.h"
#include "vmm/test_suite/output_watch.h"
#include "vmm/test_suite/report_file.h"
#include "vmm/test_suite/test_case.h"
#include "vmm/test_suite/verdict.h"

namespace skiff::test_suite {

/// A case that runs: its process, and what comes from it. Belongs to the loop's thread; when it
/// goes, the process is killed.
class CaseProcess {
  public:
    struct Options {
        std::string skiff_path;
        std::chrono::milliseconds timeout;
        /// Where all that it writes goes too: this and ".console" or ".log".
        std::optional<std::string> output_base;
    };

    /// `loop` and `test` outlive it. `done` is called once, on the loop's thread, when the process
    /// has ended; the object may go then, but not from within the call.
    static Result<std::unique_ptr<CaseProcess>> start(EventLoop& loop, const TestCase& test,
                                                      const Options& options,
                                                      std::function<void(const Outcome&)> done);
    ~CaseProcess();
    CaseProcess(const CaseProcess&) = delete;
    CaseProcess& operator=(const CaseProcess&) = delete;

    /// Asks skiff to stop the guest hard.
    void stop() { child_->signal(SIGTERM); }
    void kill() { child_->signal(SIGKILL); }

  private:
    /// One of its two streams.
    struct Stream {
        int fd = -1;
        EventLoop::Id watch = 0;
        OutputTail tail;
        std::optional<ReportFile> file;
    };

    CaseProcess(EventLoop& loop, const TestCase& test, std::function<void(const Outcome&)> done);
    Result<void> open_files(const std::string& base);
    Result<void> start_child(const Options& options);
    Result<void> watch();
    Result<void> watch_stream(Stream& stream, int fd);
    bool read_part(Stream& stream);
    void drain(Stream& stream);
    void unwatch(Stream& stream);
    void on_exit();
    std::optional<machine::ExitReport> read_report() const;
    Outcome make_outcome(const ChildProcess::End& end);

    EventLoop& loop_;
    const TestCase& test_;
    std::function<void(const Outcome&)> done_;
    std::chrono::steady_clock::time_point started_;
    Stream console_;
    Stream messages_;
    OutputWatch output_;
    UniqueFd report_;
    std::optional<ChildProcess> child_;
    EventLoop::Id exit_watch_ = 0;
    bool killed_ = false;
    LoopTimer hard_limit_;
};

}  // namespace skiff::test_suite
