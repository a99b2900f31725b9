// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The split virtqueue's parts in memory (VIRTIO 1.2, 2.7). What the device writes, or a second
/// processor, is volatile.
namespace payload::virtio {

/// Descriptor flags (2.7.5).
constexpr std::uint16_t kNext = 1;
constexpr std::uint16_t kWrite = 2;
constexpr std::uint16_t kIndirect = 4;

/// 2.7.5, struct virtq_desc.
struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next;
};
static_assert(sizeof(Descriptor) == 16);

/// Flag of the available ring: no interrupts wanted (2.7.6).
constexpr std::uint16_t kNoInterrupt = 1;
/// Flag of the used ring: no notifications wanted (2.7.8).
constexpr std::uint16_t kNoNotify = 1;

/// 2.7.8, struct virtq_used_elem.
struct UsedElement {
    std::uint32_t id;
    std::uint32_t length;
};
static_assert(sizeof(UsedElement) == 8);

/// Descriptor area, driver area and device area of one queue at addresses of its own.
struct Ring {
    static constexpr std::uint16_t kMaxSize = 256;

    volatile Descriptor* descriptors = nullptr;
    volatile std::uint16_t* available = nullptr;
    volatile std::uint16_t* used = nullptr;
    std::uint16_t size = 0;

    volatile std::uint16_t& available_flags() const { return available[0]; }
    volatile std::uint16_t& available_idx() const { return available[1]; }
    volatile std::uint16_t& available_entry(std::uint16_t idx) const {
        return available[2 + idx % size];
    }
    /// Up to where the driver has seen the used ring, with EVENT_IDX (2.7.7).
    volatile std::uint16_t& used_event() const { return available[2 + size]; }

    std::uint16_t used_flags() const { return used[0]; }
    std::uint16_t used_idx() const { return __atomic_load_n(&used[1], __ATOMIC_ACQUIRE); }
    const volatile UsedElement& used_element(std::uint16_t idx) const {
        return reinterpret_cast<const volatile UsedElement*>(used + 2)[idx % size];
    }
    /// Up to where the device has seen the available ring, with EVENT_IDX (2.7.10).
    std::uint16_t available_event() const { return used[2 + 4 * size]; }

    void set_descriptor(std::uint16_t index, const Descriptor& value) const {
        descriptors[index].address = value.address;
        descriptors[index].length = value.length;
        descriptors[index].flags = value.flags;
        descriptors[index].next = value.next;
    }
};

}  // namespace payload::virtio
