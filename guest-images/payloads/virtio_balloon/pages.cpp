// SPDX-License-Identifier: Apache-2.0
#include "virtio_balloon/pages.h"

#include "runtime/memory_access.h"
#include "runtime/page_pool.h"
#include "runtime/user_mode.h"

namespace payload::pages {
namespace {

constexpr unsigned kSlot = 0;
constexpr std::uint64_t kMark = 0x5ca1ab1e;

struct Range {
    std::uint64_t address;
    std::uint64_t count;
    Content content;
};

struct List {
    std::uint64_t at;
    std::uint64_t first;
    std::uint64_t count;
};

std::uint64_t touch_range(std::uint64_t argument) {
    const auto& range = *reinterpret_cast<const Range*>(argument);
    for (std::uint64_t i = 0; i < range.count; ++i) {
        const std::uint64_t address = range.address + i * kPageSize;
        store<std::uint64_t>(address, address ^ kMark);
    }
    return 0;
}

std::uint64_t look_at_range(std::uint64_t argument) {
    auto& range = *reinterpret_cast<Range*>(argument);
    for (std::uint64_t i = 0; i < range.count; ++i) {
        const std::uint64_t address = range.address + i * kPageSize;
        const auto word = load<std::uint64_t>(address);
        range.content.touched += word == (address ^ kMark) ? 1 : 0;
        range.content.zero += word == 0 ? 1 : 0;
    }
    return 0;
}

std::uint64_t write_list(std::uint64_t argument) {
    const auto& list = *reinterpret_cast<const List*>(argument);
    for (std::uint64_t i = 0; i < list.count; ++i) {
        store<std::uint32_t>(list.at + 4 * i, static_cast<std::uint32_t>(list.first + i));
    }
    return 0;
}

}  // namespace

void set_up() {
    user_mode::set_up(kSlot);
}

void touch(std::uint64_t address, std::uint64_t count) {
    Range range = {address, count, {}};
    user_mode::run(kSlot, touch_range, reinterpret_cast<std::uint64_t>(&range));
}

Content look(std::uint64_t address, std::uint64_t count) {
    Range range = {address, count, {}};
    user_mode::run(kSlot, look_at_range, reinterpret_cast<std::uint64_t>(&range));
    return range.content;
}

void list(std::uint64_t at, std::uint64_t first, std::uint64_t count) {
    const List list = {at, first, count};
    user_mode::run(kSlot, write_list, reinterpret_cast<std::uint64_t>(&list));
}

}  // namespace payload::pages
