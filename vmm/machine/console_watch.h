// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/machine/kernel_messages.h"

namespace skiff::machine {

/// Looks at what the guest prints: keeps the end of it for a death report, and notices what its
/// kernel says of its own health. All of it is the guest's text: bounded, and trusted for nothing
/// but the exit status. Thread-safe; on_output() neither allocates nor waits for more than another
/// call of this class.
///
/// A message of the kernel stands behind a time stamp. Where the guest has printed none yet (a
/// kernel without CONFIG_PRINTK_TIME), it stands at the beginning of a line.
class ConsoleWatch {
  public:
    /// How much of the output is kept.
    static constexpr std::size_t kKeptBytes = 16 * 1024;

    /// What a piece of output brought.
    struct News {
        KernelTroubles troubles;
        bool panic_is_over = false;
    };
    News on_output(std::span<const std::uint8_t> bytes);

    /// All bytes ever printed.
    std::uint64_t written() const;

    /// Whether the output that is kept has Linux's panic message ("Kernel panic - not syncing").
    bool panicked() const;
    /// Whether the panic's end marker is the last thing that was printed: a kernel that prints it
    /// will not go on ("---[ end Kernel panic").
    bool panic_is_over() const;
    /// The panic message itself, without what stands before it; empty without one.
    std::string panic_message() const;

    /// The first message of this kind, without its stamp, cut at a bound; empty without one.
    std::string first_message(KernelTrouble trouble) const;
    /// The last one.
    std::string last_message(KernelTrouble trouble) const;
    /// Whether the end marker of a trace came after the last trouble that was reported.
    bool trace_is_over() const;

    /// Up to `count` last lines, oldest first, the unfinished one included.
    std::vector<std::string> last_lines(std::size_t count) const;
    /// The lines from the first message of at least this severity among the last ones that are kept
    /// to the end, at most `count`; none where no such message is left.
    std::vector<std::string> lines_since(KernelTrouble trouble, std::size_t count) const;

  private:
    /// The beginning of a message, in place: on_output() does not allocate.
    struct Message {
        std::array<char, 200> text{};
        std::size_t size = 0;

        void set(std::string_view message);
        std::string string() const { return {text.data(), size}; }
    };

    // mutex_ is held:
    void look_at_line(News& news);
    std::optional<KernelTrouble> trouble_of(std::string_view line) const;
    std::string kept() const;
    std::vector<std::string> lines() const;
    std::string_view last_line_head(std::span<char> room) const;

    mutable std::mutex mutex_;
    // All guarded by mutex_.
    std::array<char, kKeptBytes> ring_{};
    std::uint64_t written_ = 0;     // all bytes ever
    std::uint64_t line_start_ = 0;  // where in them the last line begins
    bool ends_with_panic_ = false;
    bool has_stamps_ = false;  // a line with a time stamp was seen
    bool trace_is_over_ = false;
    std::array<Message, kKernelTroubles> first_{};
    std::array<Message, kKernelTroubles> last_{};
};

}  // namespace skiff::machine
