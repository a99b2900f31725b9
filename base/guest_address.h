// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace skiff {

/// A guest physical address. Often chosen by the guest, so it cannot be dereferenced, has no
/// operator+, and moves only through checked arithmetic.
class GuestAddress {
  public:
    constexpr GuestAddress() = default;
    constexpr explicit GuestAddress(std::uint64_t value) : value_(value) {}

    constexpr std::uint64_t value() const { return value_; }
    constexpr auto operator<=>(const GuestAddress&) const = default;

    /// This address moved up by `offset` bytes, or nothing where that wraps around.
    constexpr std::optional<GuestAddress> checked_add(std::uint64_t offset) const {
        std::uint64_t sum = 0;
        if (__builtin_add_overflow(value_, offset, &sum)) {
            return std::nullopt;
        }
        return GuestAddress(sum);
    }

    /// Bytes from `base` up to this address, or nothing where `base` is above it.
    constexpr std::optional<std::uint64_t> offset_from(GuestAddress base) const {
        if (value_ < base.value_) {
            return std::nullopt;
        }
        return value_ - base.value_;
    }

  private:
    std::uint64_t value_ = 0;
};

/// A range of guest physical addresses. Never wraps: see is_valid().
struct GuestRange {
    GuestAddress start;
    std::uint64_t size_bytes = 0;

    /// Whether start + size_bytes does not wrap past 2^64.
    constexpr bool is_valid() const { return start.checked_add(size_bytes).has_value(); }

    /// First address after the range. Only for a valid range.
    constexpr std::uint64_t end() const { return start.value() + size_bytes; }

    constexpr bool contains(GuestAddress address) const {
        const auto offset = address.offset_from(start);
        return offset.has_value() && *offset < size_bytes;
    }

    /// Whether `size` bytes at `address` lie inside; a size of 0 needs address ≤ end.
    constexpr bool contains(GuestAddress address, std::uint64_t size) const {
        const auto offset = address.offset_from(start);
        return offset.has_value() && *offset <= size_bytes && size <= size_bytes - *offset;
    }

    constexpr bool overlaps(const GuestRange& other) const {
        return size_bytes != 0 && other.size_bytes != 0 && start.value() < other.end() &&
               other.start.value() < end();
    }

    constexpr bool operator==(const GuestRange&) const = default;
};

}  // namespace skiff
