// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "devices/bus/bus_device.h"

namespace skiff::devices {

/// QEMU's firmware configuration device, as far as bare guests use it: a 16-bit selector at offset
/// 0, bytes of the selected item at offset 1 (QEMU, docs/specs/fw_cfg;
/// docs/devices/test-devices.md). No DMA interface. Behind an item's end, and of an unknown item,
/// bytes read as 0.
///
/// Filled before the guest runs; then thread-safe.
class FwCfg : public BusDevice {
  public:
    static constexpr std::uint64_t kPorts = 2;
    /// Of a file's name, with its NUL.
    static constexpr std::size_t kNameBytes = 56;

    FwCfg(unsigned cpu_count, std::uint64_t memory_bytes);

    /// Adds a named file. A user error for a name that is empty, too long or there already, and
    /// where there are too many files.
    Result<void> add_file(const std::string& name, std::vector<std::uint8_t> content);

    Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
    Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

  private:
    struct File {
        std::string name;
        std::uint16_t key;
        std::uint32_t size_bytes;
    };
    void write_directory();

    std::map<std::uint16_t, std::vector<std::uint8_t>> items_;
    std::vector<File> files_;

    std::mutex mutex_;
    std::uint16_t selected_ = 0;
    std::size_t position_ = 0;
};

}  // namespace skiff::devices
