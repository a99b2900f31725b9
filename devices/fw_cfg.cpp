// SPDX-License-Identifier: Apache-2.0
#include "devices/fw_cfg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace skiff::devices {
namespace {

// Keys of items (QEMU, docs/specs/fw_cfg, "Selector (Control) Register").
constexpr std::uint16_t kSignature = 0x00;
constexpr std::uint16_t kId = 0x01;
constexpr std::uint16_t kRamSize = 0x03;
constexpr std::uint16_t kNoGraphic = 0x04;
constexpr std::uint16_t kNbCpus = 0x05;
constexpr std::uint16_t kMaxCpus = 0x0f;
constexpr std::uint16_t kFileDirectory = 0x19;
constexpr std::uint16_t kFirstFile = 0x20;

/// Bit 0 of the id: the port interface; bit 1, DMA, is not there.
constexpr std::uint32_t kHasPorts = 1;
constexpr std::size_t kMaxFiles = 64;

template <typename T>
std::vector<std::uint8_t> little_endian(T value) {
    std::vector<std::uint8_t> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

/// The directory's numbers are big-endian.
template <typename T>
void append_big_endian(std::vector<std::uint8_t>& bytes, T value) {
    const std::vector<std::uint8_t> little = little_endian(value);
    bytes.insert(bytes.end(), little.rbegin(), little.rend());
}

}  // namespace

FwCfg::FwCfg(unsigned cpu_count, std::uint64_t memory_bytes) {
    items_[kSignature] = {'Q', 'E', 'M', 'U'};
    items_[kId] = little_endian(kHasPorts);
    items_[kRamSize] = little_endian(memory_bytes);
    items_[kNoGraphic] = little_endian(std::uint16_t{1});
    items_[kNbCpus] = little_endian(static_cast<std::uint16_t>(cpu_count));
    items_[kMaxCpus] = items_[kNbCpus];
    write_directory();
}

Result<void> FwCfg::add_file(const std::string& name, std::vector<std::uint8_t> content) {
    const auto same_name = [&](const File& file) { return file.name == name; };
    if (name.empty() || name.size() >= kNameBytes) {
        return Error::user(fmt::format(
            "'{}' is no name of a fw_cfg file: it has 1 to {} characters", name, kNameBytes - 1));
    }
    if (std::any_of(files_.begin(), files_.end(), same_name)) {
        return Error::user(fmt::format("the fw_cfg file '{}' is given twice: leave one out", name));
    }
    if (files_.size() == kMaxFiles) {
        return Error::user(fmt::format("more than {} fw_cfg files: leave some out", kMaxFiles));
    }
    const auto key = static_cast<std::uint16_t>(kFirstFile + files_.size());
    files_.push_back({name, key, static_cast<std::uint32_t>(content.size())});
    items_[key] = std::move(content);
    write_directory();
    return {};
}

void FwCfg::write_directory() {
    std::vector<std::uint8_t> bytes;
    append_big_endian(bytes, static_cast<std::uint32_t>(files_.size()));
    for (const File& file : files_) {
        append_big_endian(bytes, file.size_bytes);
        append_big_endian(bytes, file.key);
        append_big_endian(bytes, std::uint16_t{0});
        bytes.insert(bytes.end(), file.name.begin(), file.name.end());
        bytes.resize(bytes.size() + kNameBytes - file.name.size());
    }
    items_[kFileDirectory] = std::move(bytes);
}

Access FwCfg::read(std::uint64_t offset, std::span<std::uint8_t> data) {
    if (offset != 1) {
        return Access::kUnknownRegister;
    }
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    const std::lock_guard lock(mutex_);
    const auto item = items_.find(selected_);
    const bool inside = item != items_.end() && position_ < item->second.size();
    data[0] = inside ? item->second[position_++] : std::uint8_t{0};
    return Access::kDone;
}

Access FwCfg::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (offset != 0) {
        return Access::kUnknownRegister;
    }
    std::uint16_t key = 0;
    if (data.size() != sizeof key) {
        return Access::kBadWidth;
    }
    std::memcpy(&key, data.data(), sizeof key);
    const std::lock_guard lock(mutex_);
    selected_ = key;
    position_ = 0;
    return Access::kDone;
}

}  // namespace skiff::devices
