// SPDX-License-Identifier: Apache-2.0
#include "devices/bus/bus.h"

#include <fmt/format.h>

#include <algorithm>

namespace skiff::devices {
namespace {

bool width_is_valid(std::size_t size_bytes) {
    return size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8;
}

}  // namespace

Result<void> Bus::insert(const GuestRange& range, std::string name, BusDevice& device) {
    SKIFF_CHECK(range.size_bytes != 0 && range.is_valid());
    for (const Entry& entry : entries_) {
        if (entry.range.overlaps(range)) {
            return Error::user(
                fmt::format("{} at {:#x} overlaps {} at {:#x}: choose another address", name,
                            range.start.value(), entry.name, entry.range.start.value()));
        }
    }
    const auto after = std::upper_bound(
        entries_.begin(), entries_.end(), range.start,
        [](GuestAddress start, const Entry& entry) { return start < entry.range.start; });
    entries_.insert(after, Entry{range, std::move(name), &device});
    return {};
}

const Bus::Entry* Bus::find(std::uint64_t address, std::size_t size_bytes) const {
    const GuestAddress wanted(address);
    const auto after = std::upper_bound(
        entries_.begin(), entries_.end(), wanted,
        [](GuestAddress start, const Entry& entry) { return start < entry.range.start; });
    if (after == entries_.begin()) {
        return nullptr;
    }
    const Entry& entry = *(after - 1);
    return entry.range.contains(wanted, size_bytes) ? &entry : nullptr;
}

void Bus::read(std::uint64_t address, std::span<std::uint8_t> data) {
    const Entry* entry = width_is_valid(data.size()) ? find(address, data.size()) : nullptr;
    if (entry != nullptr &&
        entry->device->read(address - entry->range.start.value(), data) == Access::kDone) {
        return;
    }
    std::fill(data.begin(), data.end(), std::uint8_t{0xff});
    count_unclaimed(address);
}

void Bus::write(std::uint64_t address, std::span<const std::uint8_t> data) {
    const Entry* entry = width_is_valid(data.size()) ? find(address, data.size()) : nullptr;
    if (entry != nullptr &&
        entry->device->write(address - entry->range.start.value(), data) == Access::kDone) {
        return;
    }
    count_unclaimed(address);
}

void Bus::count_unclaimed(std::uint64_t address) {
    unclaimed_total_.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t key = address + 1;
    for (UnclaimedSlot& slot : unclaimed_) {
        std::uint64_t seen = slot.address_plus_one.load(std::memory_order_relaxed);
        if (seen == 0 && slot.address_plus_one.compare_exchange_strong(seen, key)) {
            seen = key;
        }
        if (seen == key) {
            slot.count.fetch_add(1, std::memory_order_relaxed);
            return;
        }
    }
}

std::vector<Bus::Unclaimed> Bus::unclaimed() const {
    std::vector<Unclaimed> list;
    for (const UnclaimedSlot& slot : unclaimed_) {
        const std::uint64_t key = slot.address_plus_one.load();
        if (key != 0) {
            list.push_back({key - 1, slot.count.load()});
        }
    }
    return list;
}

}  // namespace skiff::devices
