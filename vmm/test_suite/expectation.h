// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/machine/exit_report.h"

namespace skiff::test_suite {

/// How a guest has to end. Without a word or status: by success.
class Expectation {
  public:
    /// "success" (power-off, reset or a command with status 0, or a debug exit with value 0), or
    /// one of machine::exit_kinds(). A user error suggests the nearest word.
    Result<void> add_word(std::string_view word);
    /// An exit status of skiff run, 0 to 255.
    Result<void> add_status(long long status);

    /// A status is met by an end that has it, but by no failure of the host.
    bool is_met_by(const machine::ExitReport& report) const;
    /// "success", "status 3 or panic".
    std::string describe() const;

  private:
    std::vector<std::string> words_;
    std::vector<int> statuses_;
};

}  // namespace skiff::test_suite
