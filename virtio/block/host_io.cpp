// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/host_io.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/units.h"

namespace skiff::virtio::block {
namespace {

constexpr std::size_t kZeroBytes = 64 * kKiB;
constexpr std::size_t kMostZeroBuffers = 64;  // 4 MiB a call

alignas(kPageSize) const std::array<std::uint8_t, kZeroBytes> kZeros{};

}  // namespace

RangeMethod first_method(const IoOperation& operation) {
    const bool may_free = operation.kind == IoOperation::Kind::kDiscard || operation.may_unmap;
    return may_free ? RangeMethod::kPunchHole : RangeMethod::kZeroRange;
}

std::optional<RangeMethod> next_method(const IoOperation& operation, RangeMethod refused,
                                       bool is_block_device) {
    if (operation.kind == IoOperation::Kind::kDiscard) {
        const bool other_way = refused == RangeMethod::kPunchHole && is_block_device;
        return other_way ? std::optional(RangeMethod::kDiscardBlocks) : std::nullopt;
    }
    switch (refused) {
        case RangeMethod::kPunchHole:
            return RangeMethod::kZeroRange;
        case RangeMethod::kZeroRange:
            return RangeMethod::kWriteZeroes;
        case RangeMethod::kDiscardBlocks:
        case RangeMethod::kWriteZeroes:
            break;
    }
    return std::nullopt;
}

int fallocate_mode(RangeMethod method) {
    return FALLOC_FL_KEEP_SIZE |
           (method == RangeMethod::kPunchHole ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
}

bool means_unsupported(int error) {
    return error == EOPNOTSUPP || error == ENOSYS || error == ENOTTY;
}

int discard_blocks(int fd, std::uint64_t offset_bytes, std::uint64_t length_bytes) {
    std::array<std::uint64_t, 2> range{offset_bytes, length_bytes};
    return ::ioctl(fd, BLKDISCARD, range.data()) == 0 ? 0 : errno;
}

int fd_for(const DiskFile& file, const IoOperation& operation) {
    const bool direct =
        file.direct() && file.aligned_for_direct(operation.offset_bytes, operation.buffers);
    return direct ? file.fd() : file.buffered_fd();
}

void skip(std::span<const iovec> buffers, std::uint64_t skip_bytes, std::vector<iovec>& rest) {
    rest.clear();
    for (iovec buffer : buffers) {
        const std::uint64_t here = std::min<std::uint64_t>(skip_bytes, buffer.iov_len);
        skip_bytes -= here;
        buffer.iov_base = static_cast<std::uint8_t*>(buffer.iov_base) + here;
        buffer.iov_len -= here;
        if (buffer.iov_len != 0) {
            rest.push_back(buffer);
        }
    }
}

std::span<const iovec> zeros(std::uint64_t length_bytes, std::vector<iovec>& scratch) {
    scratch.clear();
    while (length_bytes != 0 && scratch.size() < kMostZeroBuffers) {
        const std::uint64_t piece = std::min<std::uint64_t>(length_bytes, kZeroBytes);
        // writev(2) takes no pointer to const, and only reads.
        scratch.push_back({.iov_base = const_cast<std::uint8_t*>(kZeros.data()), .iov_len = piece});
        length_bytes -= piece;
    }
    return scratch;
}

}  // namespace skiff::virtio::block
