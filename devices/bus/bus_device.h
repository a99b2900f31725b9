// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace skiff::devices {

/// What a device says of an access; the bus decides what the guest gets (architecture.md, failure
/// kind 1): anything but kDone reads as all-ones, ignores the write, and is counted.
enum class Access {
    kDone,             ///< Handled; for a read, the device filled the data.
    kUnknownRegister,  ///< Nothing at this offset.
    kBadWidth,         ///< The register is not accessible with this width.
};

/// Something that answers reads and writes in a range of ports or of guest physical addresses.
///
/// Called on vCPU threads, several at once: implementations lock for themselves. An access must
/// not block (a serial port that holds the guest back is the one documented exception), allocate
/// or log above debug. `offset` is relative to the range's start; `data` is 1, 2, 4 or 8 bytes,
/// little-endian, and lies inside the range. Both offset and written data are the guest's choice.
class BusDevice {
  public:
    virtual ~BusDevice() = default;

    virtual Access read(std::uint64_t offset, std::span<std::uint8_t> data) = 0;
    virtual Access write(std::uint64_t offset, std::span<const std::uint8_t> data) = 0;
};

}  // namespace skiff::devices
