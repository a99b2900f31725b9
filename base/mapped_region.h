// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skiff {

/// Sole owner of a memory mapping; unmaps it when destroyed.
class MappedRegion {
  public:
    MappedRegion() = default;
    /// Takes ownership of an existing mapping of `size_bytes` at `address`.
    MappedRegion(void* address, std::size_t size_bytes)
        : address_(address), size_bytes_(size_bytes) {}
    MappedRegion(MappedRegion&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)),
          size_bytes_(std::exchange(other.size_bytes_, 0)) {}
    MappedRegion& operator=(MappedRegion&& other) noexcept {
        if (this != &other) {
            reset();
            address_ = std::exchange(other.address_, nullptr);
            size_bytes_ = std::exchange(other.size_bytes_, 0);
        }
        return *this;
    }
    MappedRegion(const MappedRegion&) = delete;
    MappedRegion& operator=(const MappedRegion&) = delete;
    ~MappedRegion() { reset(); }

    std::uint8_t* data() const { return static_cast<std::uint8_t*>(address_); }
    std::size_t size() const { return size_bytes_; }
    std::span<std::uint8_t> bytes() const { return {data(), size_bytes_}; }

    /// Unmaps now.
    void reset();

  private:
    void* address_ = nullptr;
    std::size_t size_bytes_ = 0;
};

}  // namespace skiff
