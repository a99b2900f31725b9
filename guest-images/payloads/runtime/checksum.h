// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace payload {

/// FNV-1a, 32 bits: two instructions a byte, which matters where they are emulated.
class Checksum {
  public:
    void add(std::uint8_t byte) { value_ = (value_ ^ byte) * 16777619u; }
    std::uint32_t value() const { return value_; }

  private:
    std::uint32_t value_ = 2166136261u;
};

}  // namespace payload
