// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "virtio/block/disk_options.h"

namespace skiff::virtio::block {

/// The unit of a request's addresses (VIRTIO 1.2, 5.2.6).
inline constexpr std::uint64_t kSectorBytes = 512;

/// The sizes that a driver should know to be fast (VIRTIO 1.2, 5.2.5). In bytes; powers of two but
/// for the I/O sizes, which are multiples of block_bytes.
struct DiskGeometry {
    std::uint32_t block_bytes = kSectorBytes;  ///< The smallest unit that the host can address.
    std::uint32_t physical_block_bytes = kSectorBytes;
    std::uint32_t alignment_offset_bytes = 0;  ///< Of the first aligned physical block.
    std::uint32_t minimum_io_bytes = 0;        ///< 0: unknown.
    std::uint32_t optimal_io_bytes = 0;        ///< 0: unknown.
};

/// The host's file or block device behind a disk: opened, locked against other writers, measured.
/// Its content is raw. Any thread may use it, but for replace_by().
class DiskFile {
  public:
    static Result<DiskFile> open(const DiskOptions& options);

    /// What requests go through; O_DIRECT where that was asked for.
    int fd() const { return direct_.valid() ? direct_.get() : buffered_.get(); }
    /// The same file through the page cache, for what O_DIRECT cannot take.
    int buffered_fd() const { return buffered_.get(); }
    const std::string& path() const { return path_; }

    bool read_only() const { return read_only_; }
    bool direct() const { return direct_.valid(); }
    bool is_block_device() const { return is_block_device_; }
    /// Whether parts of it can be given back to the host (PUNCH_HOLE).
    bool can_discard() const { return can_discard_; }
    /// The file system keeps everything in memory (tmpfs), so that reading does not wait.
    bool in_memory() const { return in_memory_; }
    const DiskGeometry& geometry() const { return geometry_; }

    /// Becomes `other`: another content behind the same disk, from the next request on. What the
    /// guest was told at its start stays: an error where `other` cannot keep it. On the thread that
    /// all requests are on.
    Result<void> replace_by(DiskFile other);
    /// How often it was replaced: for who keeps what it took from here.
    unsigned generation() const { return generation_; }
    /// Whether `path` is this very file.
    bool is_at(const std::string& path) const;

    /// How many bytes the disk has now: whole blocks. Nothing where the host cannot say.
    std::optional<std::uint64_t> size_now() const;

    /// Whether O_DIRECT takes a transfer at `offset` from or to these buffers.
    bool aligned_for_direct(std::uint64_t offset, std::span<const iovec> buffers) const;

  private:
    DiskFile() = default;

    Result<void> open_buffered();
    Result<void> open_direct();
    Result<void> measure();
    Result<void> measure_block_device();
    void measure_direct();
    Result<void> refuse_what_is_not_raw() const;
    Result<void> check_size() const;
    void find_out_what_works();

    std::string path_;
    bool read_only_ = false;
    UniqueFd buffered_;  // has the lock
    UniqueFd direct_;
    bool is_block_device_ = false;
    bool can_discard_ = false;
    bool in_memory_ = false;
    std::uint32_t direct_memory_alignment_ = 1;
    std::uint32_t direct_offset_alignment_ = 1;
    DiskGeometry geometry_;
    unsigned generation_ = 0;
};

}  // namespace skiff::virtio::block
