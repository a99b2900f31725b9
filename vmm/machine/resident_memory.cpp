// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/resident_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "base/units.h"

namespace skiff::machine {
namespace {

/// What is resident, by sizes in KiB: the ordinary pages, and hugetlb's beside them.
constexpr std::array<std::string_view, 3> kResident = {
    "Rss:", "Private_Hugetlb:", "Shared_Hugetlb:"};

/// A number at the beginning of `text`, which goes on behind it.
std::optional<std::uint64_t> take_number(std::string_view& text, int base) {
    std::uint64_t number = 0;
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (failure != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// "7f0000000000-7f0000001000 rw-p …": the first line of a mapping.
std::optional<ResidentSum::Range> parse_range(std::string_view line) {
    const auto start = take_number(line, 16);
    if (!start.has_value() || !line.starts_with('-')) {
        return std::nullopt;
    }
    line.remove_prefix(1);
    const auto end = take_number(line, 16);
    if (!end.has_value() || !line.starts_with(' ')) {
        return std::nullopt;
    }
    return ResidentSum::Range{*start, *end};
}

}  // namespace

void ResidentSum::add(std::string_view line) {
    if (const auto range = parse_range(line)) {
        // The kernel splits mappings, and joins two of the guest's that are neighbours.
        is_guest_ = std::any_of(guest_.begin(), guest_.end(), [&](const Range& guest) {
            return range->start >= guest.start && range->start < guest.end;
        });
        return;
    }
    for (const std::string_view name : kResident) {
        if (line.starts_with(name)) {
            line.remove_prefix(name.size());
            line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
            (is_guest_ ? sum_.guest_bytes : sum_.vmm_bytes) +=
                take_number(line, 10).value_or(0) * kKiB;
        }
    }
}

std::optional<ResidentMemory> resident_memory(const GuestMemory& memory) {
    std::vector<ResidentSum::Range> guest;
    for (const GuestMemory::Region& region : memory.regions()) {
        const auto start = reinterpret_cast<std::uintptr_t>(region.mapping.data());
        guest.push_back({start, start + region.mapping.size()});
    }
    const UniqueFd smaps(::open("/proc/self/smaps", O_RDONLY | O_CLOEXEC));
    if (!smaps.valid()) {
        return std::nullopt;
    }
    ResidentSum sum(guest);
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::read(smaps.get(), buffer.data(), buffer.size())) != 0) {
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            return std::nullopt;
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
        std::size_t start = 0;
        for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos;
             start = end + 1) {
            sum.add(std::string_view(text).substr(start, end - start));
        }
        text.erase(0, start);
    }
    return sum.sum();
}

}  // namespace skiff::machine
