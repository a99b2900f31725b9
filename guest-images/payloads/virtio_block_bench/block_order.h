// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace payload::bench {

/// An order of blocks that looks random and visits each once before any again: a bijection of the
/// numbers below a power of two, asked again where it leads past the end. The benchmark's host
/// program (tests/bench/reference) goes through its disks by it too.
class BlockOrder {
  public:
    explicit BlockOrder(std::uint64_t blocks) : blocks_(blocks) {
        while ((1ull << bits_) < blocks) {
            ++bits_;
        }
    }

    std::uint64_t next() {
        do {
            counter_ = (counter_ + 1) & mask();
            block_ = scatter(counter_);
        } while (block_ >= blocks_);
        return block_;
    }

  private:
    std::uint64_t mask() const { return (1ull << bits_) - 1; }

    /// Odd multipliers and shifts by half the width: each step can be undone.
    std::uint64_t scatter(std::uint64_t value) const {
        const unsigned half = (bits_ + 1) / 2;
        value = value * 0x9e3779b97f4a7c15 & mask();
        value ^= value >> half;
        value = value * 0xbf58476d1ce4e5b9 & mask();
        value ^= value >> half;
        return value * 0x94d049bb133111eb & mask();
    }

    std::uint64_t blocks_;
    unsigned bits_ = 1;
    std::uint64_t counter_ = 0;
    std::uint64_t block_ = 0;
};

}  // namespace payload::bench
