// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/console.h"

namespace payload {

/// Prints what differs and counts it; run() returns failures().
class Expectations {
  public:
    void equal(const char* what, std::uint64_t got, std::uint64_t wanted) {
        if (got != wanted) {
            ++failed_;
            print("FAILED: ", what, ": got ", Hex{got}, ", wanted ", Hex{wanted}, "\n");
        }
    }
    void is_true(const char* what, bool condition) { equal(what, condition ? 1 : 0, 1); }
    /// Prints the verdict; 0 where all held, else 1: the payload's exit status.
    std::uint8_t verdict() const {
        print(failed_ == 0 ? "all as expected\n" : "some expectations failed\n");
        return failed_ == 0 ? 0 : 1;
    }

  private:
    unsigned failed_ = 0;
};

}  // namespace payload
