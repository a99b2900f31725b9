// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// Where a program is that PATH finds under this name (a name with '/' is a path itself); empty
/// where there is none that we may run.
std::string find_program(const std::string& name);

/// A program that runs beside us, and no longer than us: it is killed when this object goes, and by
/// the kernel when the thread that started it ends (PR_SET_PDEATHSIG; a program that changes its
/// user loses that, and should end when a descriptor that we share with it is closed).
///
/// It is started without a copy of our address space: guest memory is not touched. It gets default
/// signal dispositions, a process group of its own (Ctrl-C is not for it), no standard input, and
/// none of our descriptors but those that are named.
class ChildProcess {
  public:
    enum class Errors {
        kWithOutput,  ///< Standard error is what standard output is: one stream, in order.
        kApart,       ///< A pipe of its own, errors_fd().
    };

    struct Options {
        std::string path;                    ///< As find_program() gives it.
        std::vector<std::string> arguments;  ///< The first one is the program's name.
        std::vector<int> inherited = {};     ///< Have the same numbers in the child.
        /// NAME=VALUE each: added to our environment, in place of what it has of that name.
        std::vector<std::string> environment = {};
        std::string folder = {};  ///< The working folder; empty: ours.
        Errors errors = Errors::kWithOutput;
    };

    /// How it ended.
    struct End {
        bool by_signal = false;
        int number = 0;  ///< The exit status, or the signal.
        /// For a message: "status 1", "signal 9 (Killed)".
        std::string describe() const;
    };

    static Result<ChildProcess> start(const Options& options);
    ChildProcess(ChildProcess&& other) noexcept = default;
    ChildProcess& operator=(ChildProcess&& other) noexcept {
        kill();
        process_ = std::move(other.process_);
        output_ = std::move(other.output_);
        errors_ = std::move(other.errors_);
        return *this;
    }
    /// Kills it, and waits for its end.
    ~ChildProcess() { kill(); }

    /// Becomes readable when it has ended.
    int exit_fd() const { return process_.get(); }
    /// What it writes to its standard output (and to standard error, unless that is apart); does
    /// not block.
    int output_fd() const { return output_.get(); }
    /// What it writes to standard error, with Errors::kApart; does not block.
    int errors_fd() const { return errors_.get(); }

    /// How it ended, once; nothing while it runs.
    std::optional<End> take_end();
    /// Sends a signal, unless it was waited for.
    void signal(int number) const;

  private:
    ChildProcess(UniqueFd process, UniqueFd output, UniqueFd errors)
        : process_(std::move(process)), output_(std::move(output)), errors_(std::move(errors)) {}
    void kill();

    UniqueFd process_;  // a pidfd; gone when it was waited for
    UniqueFd output_;
    UniqueFd errors_;
};

/// What a program said and how it ended.
struct ProgramOutput {
    std::string text;  ///< Standard output and standard error.
    ChildProcess::End end;

    bool succeeded() const { return !end.by_signal && end.number == 0; }
};

/// Runs a program to its end. A host error where it takes longer than `limit` (it is killed then)
/// or says more than a few megabytes.
Result<ProgramOutput> run_program(const ChildProcess::Options& options,
                                  std::chrono::milliseconds limit);

}  // namespace skiff
