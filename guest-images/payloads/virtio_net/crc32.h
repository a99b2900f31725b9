// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace payload {

/// CRC-32 of IEEE 802.3, which hosts have fast code for (zlib).
class Crc32 {
  public:
    /// Makes the table; to be called once, where code is fast.
    static void set_up() {
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t value = i;
            for (unsigned bit = 0; bit < 8; ++bit) {
                value = value >> 1 ^ ((value & 1) != 0 ? kPolynomial : 0);
            }
            table_[i] = value;
        }
    }

    void add(const std::uint8_t* data, std::uint64_t size) {
        std::uint32_t value = value_;
        for (std::uint64_t i = 0; i < size; ++i) {
            value = value >> 8 ^ table_[(value ^ data[i]) & 0xff];
        }
        value_ = value;
    }
    std::uint32_t value() const { return ~value_; }

  private:
    static constexpr std::uint32_t kPolynomial = 0xedb88320;
    static inline std::uint32_t table_[256];

    std::uint32_t value_ = ~std::uint32_t{0};
};

}  // namespace payload
