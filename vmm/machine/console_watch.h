// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace skiff::machine {

/// Looks at what the guest prints: keeps its last lines for a death report, and notices a kernel
/// panic. All of it is the guest's text: bounded, and trusted for nothing but the exit status.
/// Thread-safe.
class ConsoleWatch {
  public:
    static constexpr std::size_t kMaxLines = 128;
    static constexpr std::size_t kMaxLineBytes = 512;  ///< Longer lines are cut.

    /// Returns panic_is_over().
    bool on_output(std::span<const std::uint8_t> bytes);

    /// Whether the last kMaxLines lines hold Linux's panic message ("Kernel panic - not syncing").
    bool panicked() const;
    /// Whether the panic's end marker is the last thing that was printed: a kernel that prints it
    /// will not go on ("---[ end Kernel panic").
    bool panic_is_over() const;
    /// The panic message itself, without its prefix; empty without one.
    std::string panic_message() const;

    /// Up to `count` last lines, oldest first, the unfinished one included.
    std::vector<std::string> last_lines(std::size_t count) const;

  private:
    // mutex_ is held:
    void finish_line();
    bool ends_with_panic() const;

    mutable std::mutex mutex_;
    std::string line_;               // guarded by mutex_
    std::deque<std::string> lines_;  // guarded by mutex_
};

}  // namespace skiff::machine
