// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Many pages at once, at CPL 3, where a guest is fast on every KVM.
namespace payload::pages {

void set_up();

/// Writes one word to each page from `address` on, which tells its page.
void touch(std::uint64_t address, std::uint64_t count);

/// How many of the pages hold what touch() wrote, and how many zero.
struct Content {
    std::uint64_t touched;
    std::uint64_t zero;
};
Content look(std::uint64_t address, std::uint64_t count);

/// Writes a list of `count` page numbers from `first` on.
void list(std::uint64_t at, std::uint64_t first, std::uint64_t count);

}  // namespace payload::pages
