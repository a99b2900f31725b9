// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/signal_watch.h"
#include "vmm/test_suite/case_process.h"
#include "vmm/test_suite/requirement.h"

namespace skiff::test_suite {
namespace {

/// Of a case's name, what is safe as a file's.
std::string file_name(const std::string& name) {
    std::string result = name;
    for (char& c : result) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        c = plain ? c : '_';
    }
    constexpr std::size_t kLongest = 200;
    result.resize(std::min(result.size(), kLongest));
    return result.starts_with('.') ? "_" + result : result;
}

std::optional<std::string> reason_to_skip(const TestCase& test) {
    if (test.skip.has_value()) {
        return test.skip;
    }
    for (const std::string& requirement : test.requirements) {
        if (std::optional<std::string> why = unmet(requirement, test.folder)) {
            return why;
        }
    }
    return std::nullopt;
}

Outcome without_run(Verdict verdict, std::string reason) {
    Outcome outcome;
    outcome.verdict = verdict;
    outcome.reason = std::move(reason);
    return outcome;
}

class Run {
  public:
    Run(EventLoop& loop, const std::vector<TestCase>& cases, const RunnerOptions& options,
        const std::vector<std::unique_ptr<Reporter>>& reporters)
        : loop_(loop),
          cases_(cases),
          options_(options),
          reporters_(reporters),
          stop_timer_(loop, [this] { kill_all(); }) {
        summary_.total = cases.size();
    }

    Result<RunResult> to_the_end() {
        SKIFF_ASSIGN_OR_RETURN(const std::unique_ptr<SignalWatch> signals,
                               SignalWatch::create(loop_, {SIGINT, SIGTERM, SIGHUP},
                                                   [this](int number) { on_signal(number); }));
        const auto started = std::chrono::steady_clock::now();
        for (const auto& reporter : reporters_) {
            reporter->begin(cases_.size());
        }
        loop_.post([this] { fill(); });
        loop_.run();
        summary_.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - started);
        Result<void> told;
        for (const auto& reporter : reporters_) {
            Result<void> result = reporter->end(summary_);
            told = told.ok() ? result : told;
        }
        if (!told.ok()) {
            return told.error();
        }
        return RunResult{summary_, signal_};
    }

  private:
    /// Starts what may run; ends the loop when nothing runs.
    void fill() {
        while (running_.size() < options_.jobs && next_ < cases_.size() && !stopping()) {
            start(next_++);
        }
        if (running_.empty() && (next_ == cases_.size() || stopping())) {
            loop_.stop();
        }
    }

    void start(std::size_t index) {
        const TestCase& test = cases_[index];
        if (const std::optional<std::string> why = reason_to_skip(test)) {
            tell(test, without_run(Verdict::kSkip, *why));
            return;
        }
        auto process =
            CaseProcess::start(loop_, test,
                               {.skiff_path = options_.skiff_path,
                                .timeout = test.timeout.value_or(options_.timeout),
                                .output_base = output_base(test)},
                               [this, index](const Outcome& outcome) { on_end(index, outcome); });
        if (!process.ok()) {
            tell(test, without_run(Verdict::kError, process.error().message()));
            return;
        }
        running_.emplace(index, std::move(process).value());
    }

    std::optional<std::string> output_base(const TestCase& test) {
        if (!options_.output_folder.has_value()) {
            return std::nullopt;
        }
        const std::string name = file_name(test.name);
        std::string unique = name;
        for (int i = 2; !file_names_.insert(unique).second; ++i) {
            unique = fmt::format("{}-{}", name, i);
        }
        return *options_.output_folder + "/" + unique;
    }

    void on_end(std::size_t index, const Outcome& outcome) {
        if (!stopping()) {
            tell(cases_[index], outcome);
        }
        // It is the process that calls.
        loop_.post([this, index] {
            running_.erase(index);
            fill();
        });
    }

    void tell(const TestCase& test, const Outcome& outcome) {
        summary_.count(outcome.verdict);
        for (const auto& reporter : reporters_) {
            reporter->case_ended(test, outcome);
        }
        if (options_.fail_fast && !is_good(outcome.verdict)) {
            stop(EarlyEnd::kFailFast);
        }
    }

    void on_signal(int number) {
        if (signal_ != 0) {
            kill_all();
            return;
        }
        signal_ = number;
        stop(EarlyEnd::kInterrupted);
        loop_.post([this] { fill(); });
    }

    bool stopping() const { return summary_.early_end != EarlyEnd::kNone; }

    void stop(EarlyEnd why) {
        summary_.early_end = why;
        for (const auto& [index, process] : running_) {
            process->stop();
        }
        if (!stop_timer_.start(options_.stop_time)) {
            kill_all();
        }
    }

    void kill_all() {
        for (const auto& [index, process] : running_) {
            process->kill();
        }
    }

    EventLoop& loop_;
    const std::vector<TestCase>& cases_;
    const RunnerOptions& options_;
    const std::vector<std::unique_ptr<Reporter>>& reporters_;
    Summary summary_;
    std::size_t next_ = 0;
    std::map<std::size_t, std::unique_ptr<CaseProcess>> running_;
    std::set<std::string> file_names_;
    int signal_ = 0;
    LoopTimer stop_timer_;
};

}  // namespace

Result<RunResult> run_cases(const std::vector<TestCase>& cases, const RunnerOptions& options,
                            const std::vector<std::unique_ptr<Reporter>>& reporters) {
    SKIFF_ASSIGN_OR_RETURN(EventLoop loop, EventLoop::create());
    return Run(loop, cases, options, reporters).to_the_end();
}

}  // namespace skiff::test_suite
