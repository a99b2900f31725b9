// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/test_suite/outcome.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::test_suite {

/// Keeps the end of a stream, whatever comes.
class OutputTail {
  public:
    static constexpr std::size_t kLimit = 64 * 1024;

    void append(std::string_view part);
    KeptOutput take() const;

  private:
    std::string text_;
    std::uint64_t total_ = 0;
};

/// Looks at a console line by line, as it comes, for what a case wants to see or not to see there.
/// A line ends with LF, CR LF or at kLineLimit bytes, so that a guest cannot make it grow.
class OutputWatch {
  public:
    static constexpr std::size_t kLineLimit = 4096;

    /// `rules` outlive it.
    explicit OutputWatch(const OutputRules& rules);
    void append(std::string_view part);
    /// No more will come: what is left is a line.
    void end();

    /// What is wrong, after end().
    std::optional<std::string> complaint() const;

  private:
    void take_line(std::string_view line);

    const OutputRules& rules_;
    std::string line_;
    std::vector<bool> matched_;
    std::vector<bool> contained_;
    std::optional<std::string> forbidden_;
};

}  // namespace skiff::test_suite
