// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::machine {

/// Looks at what the guest prints: keeps the end of it for a death report, and notices a kernel
/// panic. All of it is the guest's text: bounded, and trusted for nothing but the exit status.
/// Thread-safe; on_output() neither allocates nor waits for more than another call of this class.
class ConsoleWatch {
  public:
    /// How much of the output is kept.
    static constexpr std::size_t kKeptBytes = 16 * 1024;

    /// Returns panic_is_over().
    bool on_output(std::span<const std::uint8_t> bytes);

    /// Whether the output that is kept has Linux's panic message ("Kernel panic - not syncing").
    bool panicked() const;
    /// Whether the panic's end marker is the last thing that was printed: a kernel that prints it
    /// will not go on ("---[ end Kernel panic").
    bool panic_is_over() const;
    /// The panic message itself, without what stands before it; empty without one.
    std::string panic_message() const;

    /// Up to `count` last lines, oldest first, the unfinished one included.
    std::vector<std::string> last_lines(std::size_t count) const;

  private:
    // mutex_ is held:
    std::string kept() const;
    std::vector<std::string> lines() const;
    bool line_ends_panic() const;

    mutable std::mutex mutex_;
    std::array<char, kKeptBytes> ring_{};  // guarded by mutex_
    std::uint64_t written_ = 0;            // guarded by mutex_; all bytes ever
    std::uint64_t line_start_ = 0;         // guarded by mutex_; where in them the last line begins
    bool ends_with_panic_ = false;         // guarded by mutex_
};

}  // namespace skiff::machine
