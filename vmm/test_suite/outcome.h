// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::test_suite {

enum class Verdict {
    kPass,
    kFail,  ///< The guest ended in another way than it should, or its console is not as it should.
    kSkip,  ///< Not run, or the guest said so with status 77.
    kTimeout,  ///< The time limit ran out.
    kCrash,    ///< Panic, triple fault, a failure of KVM, …: statuses 70 to 76.
    kError,    ///< skiff could not run it, or was ended from outside.
};

/// "pass", "fail", "skip", "timeout", "crash", "error".
std::string_view verdict_name(Verdict verdict);

/// Whether the run as a whole can still be called a success.
constexpr bool is_good(Verdict verdict) {
    return verdict == Verdict::kPass || verdict == Verdict::kSkip;
}

/// The end of what a stream has brought.
struct KeptOutput {
    std::string text;           ///< Any bytes; the guest controls them.
    std::uint64_t dropped = 0;  ///< Bytes before `text` that were not kept.
};

/// What became of a case.
struct Outcome {
    Verdict verdict = Verdict::kError;
    std::string reason;         ///< One line; may be empty for a pass.
    std::optional<int> status;  ///< Of skiff run, where it ended.
    std::chrono::milliseconds duration{0};
    KeptOutput console;   ///< Standard output: the guest's console, or the command's output.
    KeptOutput messages;  ///< Standard error: what skiff said.
};

}  // namespace skiff::test_suite
