// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/reporter.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/units.h"
#include "vmm/test_suite/printable.h"

namespace skiff::test_suite {

void Summary::count(Verdict verdict) {
    switch (verdict) {
        case Verdict::kPass:
            ++passed;
            return;
        case Verdict::kFail:
            ++failed;
            return;
        case Verdict::kSkip:
            ++skipped;
            return;
        case Verdict::kTimeout:
            ++timed_out;
            return;
        case Verdict::kCrash:
            ++crashed;
            return;
        case Verdict::kError:
            ++errors;
            return;
    }
}

std::string Summary::describe() const {
    std::string text = fmt::format("{} case{}: {} passed", total, total == 1 ? "" : "s", passed);
    const std::array<std::pair<std::size_t, const char*>, 6> others = {
        {{failed, "failed"},
         {crashed, "crashed"},
         {timed_out, "timed out"},
         {errors, "could not run"},
         {skipped, "skipped"},
         {total - ended(), "did not run to their end"}}};
    for (const auto& [count, what] : others) {
        if (count != 0) {
            text += fmt::format(", {} {}", count, what);
        }
    }
    return text;
}

std::string in_seconds(std::chrono::milliseconds duration) {
    return fmt::format("{:.2f} s", static_cast<double>(duration.count()) / 1000);
}

std::string kept_text(const KeptOutput& output) {
    std::string text;
    if (output.dropped != 0) {
        text = fmt::format("[{} before this were not kept; --output-dir keeps all]\n",
                           format_size(output.dropped));
    }
    return text + printable(output.text);
}

}  // namespace skiff::test_suite
