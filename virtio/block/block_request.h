// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "virtio/block/block_registers.h"
#include "virtio/block/io_engine.h"
#include "virtio/queue/descriptor_chain.h"

namespace skiff::virtio::block {

/// Most ranges in one DISCARD or WRITE_ZEROES request, and most sectors in one of them (2 GiB):
/// what the driver is told, so that no request keeps the host busy for long.
inline constexpr std::uint32_t kMaxRanges = 16;
inline constexpr std::uint32_t kMaxRangeSectors = 1U << 22;

/// What a disk lets a request do; the same for all requests that are made of it at one time.
struct DiskRules {
    std::uint64_t capacity_sectors = 0;
    std::uint64_t features = 0;  ///< What the driver accepted.
    bool read_only = false;
    bool writeback = true;  ///< Else a write is on stable storage before it is done.
    bool may_unmap = true;  ///< WRITE_ZEROES may give blocks back.
};

/// A request as the driver meant it, checked. The engine's operation (or several, one after the
/// other, for ranges) and what it says in the end.
class BlockRequest {
  public:
    /// Nothing where the chain has no header, or no byte for the status: then there is no way to
    /// answer it. `chain` stays the caller's then.
    static std::optional<BlockRequest> parse(DescriptorChain& chain, const DiskRules& rules);

    /// What the driver asked for (VIRTIO_BLK_T_*). Any value.
    std::uint32_t type() const { return type_; }
    bool changes_the_disk() const {
        return type_ != VIRTIO_BLK_T_IN && type_ != VIRTIO_BLK_T_GET_ID && operation_.has_value() &&
               operation_->kind != IoOperation::Kind::kFlush;
    }
    /// The answer, where the request is wrong and nothing is to be done for it.
    std::optional<std::uint8_t> refused() const { return refused_; }
    /// Bytes from or to the disk.
    std::uint64_t data_bytes() const { return data_bytes_; }

    /// The disk has become smaller since the request was checked: refuse it where it is affected.
    void check_again(std::uint64_t capacity_sectors);

    /// The operation to do now; nothing: all of them are done.
    const IoOperation* operation() const { return operation_.has_value() ? &*operation_ : nullptr; }
    /// The current operation has succeeded: on to the next.
    void next_operation();

    /// Gives the driver the beginning of `content`, as far as it fits.
    void answer(std::span<const std::uint8_t> content);

    /// Answers it: stores the status. Gives back how many bytes of the writable part were written,
    /// counted from its start (2.7.8.2), when all went well or when nothing of it did.
    std::uint32_t finish(std::uint8_t status);

    DescriptorChain& chain() { return chain_; }

  private:
    BlockRequest(DescriptorChain chain, WritableByte status, std::uint32_t type)
        : chain_(std::move(chain)), status_(status), type_(type) {}

    struct Range {
        std::uint64_t offset_bytes;
        std::uint64_t length_bytes;
        bool may_unmap;
    };

    std::optional<std::uint8_t> check(const RequestHeader& header, const DiskRules& rules);
    std::optional<std::uint8_t> check_transfer(const RequestHeader& header, const DiskRules& rules);
    std::optional<std::uint8_t> check_ranges(const DiskRules& rules);
    std::optional<std::uint8_t> check_range(const RangeSegment& segment, const DiskRules& rules);

    DescriptorChain chain_;
    WritableByte status_;
    std::uint32_t type_;
    std::uint64_t writable_bytes_ = 0;  // without the status
    std::uint32_t answer_bytes_ = 0;    // what the driver gets beside the status when all goes well
    std::uint64_t data_bytes_ = 0;
    std::optional<std::uint8_t> refused_;
    std::optional<IoOperation> operation_;
    std::vector<Range> ranges_;  // of DISCARD and WRITE_ZEROES, the last one first
    bool flush_at_end_ = false;
};

}  // namespace skiff::virtio::block
