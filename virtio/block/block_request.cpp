// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/block_request.h"

#include <algorithm>
#include <utility>

namespace skiff::virtio::block {
namespace {

using Kind = IoOperation::Kind;

bool inside(std::uint64_t sector, std::uint64_t sectors, std::uint64_t capacity_sectors) {
    return sector <= capacity_sectors && sectors <= capacity_sectors - sector;
}

}  // namespace

std::optional<BlockRequest> BlockRequest::parse(DescriptorChain& chain, const DiskRules& rules) {
    const auto header = chain.read<RequestHeader>();
    const auto status = chain.take_last_writable_byte();
    if (!header.has_value() || !status.has_value()) {
        return std::nullopt;
    }
    BlockRequest request(std::move(chain), *status, header->type);
    request.writable_bytes_ = request.chain_.writable_bytes();
    request.refused_ = request.check(*header, rules);
    return request;
}

std::optional<std::uint8_t> BlockRequest::check(const RequestHeader& header,
                                                const DiskRules& rules) {
    switch (type_) {
        case VIRTIO_BLK_T_IN:
        case VIRTIO_BLK_T_OUT:
            return check_transfer(header, rules);
        case VIRTIO_BLK_T_FLUSH:
            operation_.emplace();
            operation_->kind = Kind::kFlush;
            return std::nullopt;
        case VIRTIO_BLK_T_GET_ID:
            return std::nullopt;
        case VIRTIO_BLK_T_DISCARD:
        case VIRTIO_BLK_T_WRITE_ZEROES:
            return check_ranges(rules);
        default:
            return VIRTIO_BLK_S_UNSUPP;
    }
}

std::optional<std::uint8_t> BlockRequest::check_transfer(const RequestHeader& header,
                                                         const DiskRules& rules) {
    const bool is_write = type_ == VIRTIO_BLK_T_OUT;
    if (is_write && rules.read_only) {
        return VIRTIO_BLK_S_IOERR;
    }
    const std::uint64_t bytes = is_write ? chain_.readable_bytes() : chain_.writable_bytes();
    if (bytes % kSectorBytes != 0 ||
        !inside(header.sector, bytes / kSectorBytes, rules.capacity_sectors)) {
        return VIRTIO_BLK_S_IOERR;
    }
    data_bytes_ = bytes;
    if (!is_write) {
        answer_bytes_ = static_cast<std::uint32_t>(bytes);  // a chain holds less than 4 GiB
    }
    if (bytes != 0) {
        operation_.emplace(
            IoOperation{.kind = is_write ? Kind::kWrite : Kind::kRead,
                        .durable = !rules.writeback,
                        .offset_bytes = header.sector * kSectorBytes,
                        .length_bytes = bytes,
                        .buffers = is_write ? chain_.readable() : chain_.writable()});
    }
    return std::nullopt;
}

std::optional<std::uint8_t> BlockRequest::check_ranges(const DiskRules& rules) {
    const bool is_discard = type_ == VIRTIO_BLK_T_DISCARD;
    const std::uint64_t feature = is_discard ? VIRTIO_BLK_F_DISCARD : VIRTIO_BLK_F_WRITE_ZEROES;
    if (rules.read_only) {
        return VIRTIO_BLK_S_IOERR;
    }
    if ((rules.features & feature) == 0) {
        return VIRTIO_BLK_S_UNSUPP;
    }
    const std::uint64_t count = chain_.readable_bytes() / sizeof(RangeSegment);
    if (count == 0 || count > kMaxRanges || chain_.readable_bytes() % sizeof(RangeSegment) != 0) {
        return VIRTIO_BLK_S_IOERR;
    }
    while (const auto segment = chain_.read<RangeSegment>()) {
        if (const auto refusal = check_range(*segment, rules)) {
            return refusal;
        }
    }
    std::reverse(ranges_.begin(), ranges_.end());
    flush_at_end_ = !rules.writeback;
    next_operation();
    return std::nullopt;
}

std::optional<std::uint8_t> BlockRequest::check_range(const RangeSegment& segment,
                                                      const DiskRules& rules) {
    const bool is_discard = type_ == VIRTIO_BLK_T_DISCARD;
    const std::uint32_t known_flags = is_discard ? 0 : VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
    if ((segment.flags & ~known_flags) != 0) {
        return VIRTIO_BLK_S_UNSUPP;
    }
    if (segment.num_sectors > kMaxRangeSectors ||
        !inside(segment.sector, segment.num_sectors, rules.capacity_sectors)) {
        return VIRTIO_BLK_S_IOERR;
    }
    if (segment.num_sectors != 0) {
        ranges_.push_back({.offset_bytes = segment.sector * kSectorBytes,
                           .length_bytes = segment.num_sectors * kSectorBytes,
                           .may_unmap = is_discard || (segment.flags != 0 && rules.may_unmap)});
    }
    return std::nullopt;
}

void BlockRequest::check_again(std::uint64_t capacity_sectors) {
    const std::uint64_t capacity_bytes = capacity_sectors * kSectorBytes;
    const auto is_outside = [&](std::uint64_t offset_bytes, std::uint64_t length_bytes) {
        return offset_bytes > capacity_bytes || length_bytes > capacity_bytes - offset_bytes;
    };
    const bool any_range = std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
        return is_outside(range.offset_bytes, range.length_bytes);
    });
    if (operation_.has_value() &&
        (any_range || is_outside(operation_->offset_bytes, operation_->length_bytes))) {
        refused_ = VIRTIO_BLK_S_IOERR;
    }
}

void BlockRequest::next_operation() {
    operation_.reset();
    if (!ranges_.empty()) {
        const Range range = ranges_.back();
        ranges_.pop_back();
        operation_.emplace(
            IoOperation{.kind = type_ == VIRTIO_BLK_T_DISCARD ? Kind::kDiscard : Kind::kWriteZeroes,
                        .may_unmap = range.may_unmap,
                        .offset_bytes = range.offset_bytes,
                        .length_bytes = range.length_bytes,
                        .buffers = {}});
    } else if (std::exchange(flush_at_end_, false)) {
        operation_.emplace();  // what else is not said is a flush
    }
}

void BlockRequest::answer(std::span<const std::uint8_t> content) {
    const auto part = content.first(std::min<std::size_t>(content.size(), writable_bytes_));
    if (chain_.write(part)) {
        answer_bytes_ = static_cast<std::uint32_t>(part.size());
    }
}

std::uint32_t BlockRequest::finish(std::uint8_t status) {
    status_.store(status);
    const std::uint32_t written = status == VIRTIO_BLK_S_OK ? answer_bytes_ : 0;
    // The status is the last byte: it counts where there is no gap before it.
    return written + (written == writable_bytes_ ? 1 : 0);
}

}  // namespace skiff::virtio::block
