// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trouble_watch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"

namespace skiff::machine {
namespace {

using std::chrono::milliseconds;

/// How often the console is looked at while something is waited for.
constexpr milliseconds kLookEvery{100};
/// How long nothing must have been printed: after a panic's end marker, after the end marker of a
/// trace, and where a trace has none.
constexpr milliseconds kSilenceAfterPanic{1000};
constexpr milliseconds kSilenceAfterTrace{200};
constexpr milliseconds kSilence{500};
/// A guest that goes on printing does not put its end off: 2 s are promised.
constexpr milliseconds kLongest{1500};

constexpr std::array kBySeverity = {KernelTrouble::kOops, KernelTrouble::kLockup,
                                    KernelTrouble::kWarning};

}  // namespace

void TroubleWatch::on_news(const ConsoleWatch::News& news) {
    if ((news.troubles & fail_on_).any()) {
        is_failing_.store(true);
    }
    if ((is_failing_.load() || news.panic_is_over) && !is_looking_.exchange(true)) {
        loop_.post([this] { begin(); });
    }
}

void TroubleWatch::begin() {
    began_ = std::chrono::steady_clock::now();
    last_output_ = began_;
    written_ = console_.written();
    look_again();
}

void TroubleWatch::look_again() {
    if (!timer_.start(kLookEvery)) {
        log::warning("the host has no timer left: a kernel that failed is not noticed");
    }
}

void TroubleWatch::look() {
    const auto now = std::chrono::steady_clock::now();
    if (const std::uint64_t written = console_.written(); written != written_) {
        written_ = written;
        last_output_ = now;
    }
    const auto silence = now - last_output_;
    if (is_failing_.load()) {
        if (silence >= (console_.trace_is_over() ? kSilenceAfterTrace : kSilence) ||
            now - began_ >= kLongest) {
            latch_.stop(*failure());
            return;
        }
    } else if (!console_.panic_is_over()) {
        is_looking_.store(false);  // somebody went on after it: the kernel lives
        return;
    } else if (silence >= kSilenceAfterPanic) {
        latch_.stop(trouble_reason(KernelTrouble::kPanic, console_.panic_message()));
        return;
    }
    look_again();
}

std::optional<ExitReason> TroubleWatch::failure() const {
    if (!is_failing_.load()) {
        return std::nullopt;
    }
    // An oops may have led to a panic in the meantime, which says more.
    if (console_.panicked()) {
        return trouble_reason(KernelTrouble::kPanic, console_.panic_message());
    }
    const auto worst =
        std::find_if(kBySeverity.begin(), kBySeverity.end(), [this](KernelTrouble trouble) {
            return fail_on_.test(index_of(trouble)) && !console_.first_message(trouble).empty();
        });
    const KernelTrouble trouble = worst != kBySeverity.end() ? *worst : KernelTrouble::kOops;
    return trouble_reason(trouble, console_.first_message(trouble));
}

ExitReason trouble_reason(KernelTrouble trouble, std::string message) {
    const auto kind = [trouble] {
        switch (trouble) {
            case KernelTrouble::kWarning:
                return ExitReason::Kind::kKernelWarning;
            case KernelTrouble::kLockup:
                return ExitReason::Kind::kKernelLockup;
            case KernelTrouble::kOops:
                return ExitReason::Kind::kKernelOops;
            case KernelTrouble::kPanic:
                break;
        }
        return ExitReason::Kind::kKernelPanic;
    }();
    return {.kind = kind, .value = 0, .detail = std::move(message), .vcpu = {}};
}

}  // namespace skiff::machine
