// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/host_quirks.h"

#include <catch2/catch.hpp>

namespace skiff::machine {
namespace {

using kvm::Backend;

TEST_CASE("Only the pvm backend needs a guest parameter") {
    CHECK(quirk_parameters(Backend::kPvm) == "emulated_cpl0");
    CHECK(quirk_parameters(Backend::kVmx).empty());
    CHECK(quirk_parameters(Backend::kSvm).empty());
    CHECK(quirk_parameters(Backend::kOther).empty());
}

TEST_CASE("Quirk parameters join the guest's command line as a word of their own") {
    struct Case {
        const char* before;
        const char* after;
    };
    const auto row = GENERATE(values<Case>({
        {"", "emulated_cpl0"},
        {"console=ttyS0", "console=ttyS0 emulated_cpl0"},
        {"quiet -- shell", "quiet emulated_cpl0 -- shell"},
        {"emulated_cpl0", "emulated_cpl0"},
        {"a emulated_cpl0 b", "a emulated_cpl0 b"},
        {"emulated_cpl0=off b", "emulated_cpl0=off b"},
        {"not_emulated_cpl0", "not_emulated_cpl0 emulated_cpl0"},
        {"emulated_cpl0s", "emulated_cpl0s emulated_cpl0"},
    }));
    CHECK(with_quirk_parameters(row.before, Backend::kPvm) == row.after);
    CHECK(with_quirk_parameters(row.before, Backend::kVmx) == row.before);
}

}  // namespace
}  // namespace skiff::machine
