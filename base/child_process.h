// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

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
    struct Options {
        std::string path;                    ///< As find_program() gives it.
        std::vector<std::string> arguments;  ///< The first one is the program's name.
        std::vector<int> inherited;          ///< Have the same numbers in the child.
    };

    static Result<ChildProcess> start(const Options& options);
    ChildProcess(ChildProcess&& other) noexcept = default;
    ChildProcess& operator=(ChildProcess&& other) noexcept {
        kill();
        process_ = std::move(other.process_);
        output_ = std::move(other.output_);
        return *this;
    }
    /// Kills it, and waits for its end.
    ~ChildProcess() { kill(); }

    /// Becomes readable when it has ended.
    int exit_fd() const { return process_.get(); }
    /// What it writes to its standard output and standard error; does not block.
    int output_fd() const { return output_.get(); }

    /// How it ended, once, for a message: "status 1", "signal 9 (Killed)"; nothing while it runs.
    std::optional<std::string> take_end();

  private:
    ChildProcess(UniqueFd process, UniqueFd output)
        : process_(std::move(process)), output_(std::move(output)) {}
    void kill();

    UniqueFd process_;  // a pidfd; gone when it was waited for
    UniqueFd output_;
};

}  // namespace skiff
