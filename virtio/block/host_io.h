// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "virtio/block/io_engine.h"

/// What both engines have in common: the host's calls for one operation.
namespace skiff::virtio::block {

/// The ways to change a range without transferring data, best first.
enum class RangeMethod : std::uint8_t {
    kPunchHole,      ///< Gives the blocks back; reads as zero.
    kDiscardBlocks,  ///< BLKDISCARD: block devices; what is read later is anything.
    kZeroRange,      ///< Keeps the blocks.
    kWriteZeroes,    ///< Writes them: every file can.
};

RangeMethod first_method(const IoOperation& operation);
/// What to try where the file system or the device cannot do `refused`; nothing: it cannot be done.
std::optional<RangeMethod> next_method(const IoOperation& operation, RangeMethod refused,
                                       bool is_block_device);
/// fallocate(2)'s mode. Not for kDiscardBlocks and kWriteZeroes.
int fallocate_mode(RangeMethod method);
/// Whether an errno means that a method is not there, rather than that it failed.
bool means_unsupported(int error);
/// 0 or an errno. Waits for the device.
int discard_blocks(int fd, std::uint64_t offset_bytes, std::uint64_t length_bytes);

/// The one that O_DIRECT is not needed or not possible for.
int fd_for(const DiskFile& file, const IoOperation& operation);

/// What is left of `buffers` after their first `skip_bytes`, in `rest`.
void skip(std::span<const iovec> buffers, std::uint64_t skip_bytes, std::vector<iovec>& rest);

/// Zeros to be written: at most `length_bytes`, as one call takes them.
std::span<const iovec> zeros(std::uint64_t length_bytes, std::vector<iovec>& scratch);

}  // namespace skiff::virtio::block
