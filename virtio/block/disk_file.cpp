// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/disk_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/units.h"
#include "virtio/block/disk_lock.h"
#include "virtio/block/image_format.h"

namespace skiff::virtio::block {
namespace {

// Above this, a preferred I/O size (st_blksize) is no block size any more (network file systems).
constexpr std::uint32_t kLargestPhysicalBlock = 4096;

std::string_view describe_type(mode_t mode) {
    if (S_ISDIR(mode)) {
        return "a directory";
    }
    if (S_ISFIFO(mode)) {
        return "a FIFO";
    }
    if (S_ISSOCK(mode)) {
        return "a socket";
    }
    if (S_ISCHR(mode)) {
        return "a character device";
    }
    return "of a kind that has no blocks";
}

Result<struct stat> status_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return Error::user(
            Error::host(errno, fmt::format("cannot open disk '{}'", path)).message());
    }
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        return Error::user(
            fmt::format("disk '{}' is {}: a regular file or a block device is needed", path,
                        describe_type(status.st_mode)));
    }
    return status;
}

Error cannot_open(int error, const std::string& path, bool read_only) {
    const Error host = Error::host(error, fmt::format("cannot open disk '{}'", path));
    const bool refused = error == EACCES || error == EROFS || error == EPERM || error == ETXTBSY;
    if (refused && !read_only && ::access(path.c_str(), R_OK) == 0) {
        return Error::user(host.message() +
                           " for writing: add ,ro to the disk to open it read-only");
    }
    const bool lack = error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO;
    return lack ? host : Error::user(host.message());
}

int open_flags(bool read_only) {
    return (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
}

std::uint32_t power_of_two_or(std::uint64_t value, std::uint32_t otherwise) {
    return std::has_single_bit(value) && value <= UINT32_MAX ? static_cast<std::uint32_t>(value)
                                                             : otherwise;
}

/// What reads with O_DIRECT must be aligned to, found by trying: for kernels and file systems that
/// do not tell.
std::uint32_t tried_alignment(int fd) {
    constexpr std::uint32_t kLargest = 4096;
    const std::unique_ptr<void, void (*)(void*)> buffer(std::aligned_alloc(kLargest, kLargest),
                                                        std::free);
    for (std::uint32_t size = kSectorBytes; size < kLargest; size *= 2) {
        if (buffer != nullptr && ::pread(fd, buffer.get(), size, 0) >= 0) {
            return size;
        }
    }
    return kLargest;
}

}  // namespace

Result<DiskFile> DiskFile::open(const DiskOptions& options) {
    DiskFile file;
    file.path_ = options.path;
    file.read_only_ = options.read_only;
    SKIFF_RETURN_IF_ERROR(file.open_buffered());
    SKIFF_RETURN_IF_ERROR(lock_disk(file.buffered_.get(), file.path_, file.read_only_));
    if (options.direct) {
        SKIFF_RETURN_IF_ERROR(file.open_direct());
    }
    SKIFF_RETURN_IF_ERROR(file.measure());
    SKIFF_RETURN_IF_ERROR(file.check_size());
    SKIFF_RETURN_IF_ERROR(file.refuse_what_is_not_raw());
    file.find_out_what_works();
    return file;
}

Result<void> DiskFile::open_buffered() {
    SKIFF_ASSIGN_OR_RETURN(const struct stat status, status_of(path_));
    is_block_device_ = S_ISBLK(status.st_mode);
    // open(2): O_EXCL refuses a block device that the host uses itself, as by a mount.
    const int exclusive = is_block_device_ && !read_only_ ? O_EXCL : 0;
    buffered_.reset(::open(path_.c_str(), open_flags(read_only_) | exclusive));
    if (buffered_.valid()) {
        return {};
    }
    const int error = errno;
    if (error == EBUSY && exclusive != 0) {
        const UniqueFd other(::open(path_.c_str(), open_flags(true)));
        if (other.valid()) {
            SKIFF_RETURN_IF_ERROR(lock_disk(other.get(), path_, true));
        }
        return Error::host(fmt::format(
            "disk '{}' is in use by the host (mounted, swap, or part of another device): release "
            "it first, or open it read-only (,ro)",
            path_));
    }
    return cannot_open(error, path_, read_only_);
}

Result<void> DiskFile::open_direct() {
    direct_.reset(::open(path_.c_str(), open_flags(read_only_) | O_DIRECT));
    if (!direct_.valid() && errno == EINVAL) {
        return Error::user(fmt::format(
            "the file system of disk '{}' does not take O_DIRECT: leave ,direct out", path_));
    }
    if (!direct_.valid()) {
        return cannot_open(errno, path_, read_only_);
    }
    struct stat first {};
    struct stat second {};
    if (::fstat(buffered_.get(), &first) != 0 || ::fstat(direct_.get(), &second) != 0 ||
        first.st_dev != second.st_dev || first.st_ino != second.st_ino) {
        return Error::host(fmt::format("disk '{}' was replaced while it was opened", path_));
    }
    measure_direct();
    return {};
}

void DiskFile::measure_direct() {
    struct statx status {};
    const bool told = ::statx(direct_.get(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
                      (status.stx_mask & STATX_DIOALIGN) != 0 &&
                      std::has_single_bit(status.stx_dio_mem_align) &&
                      std::has_single_bit(status.stx_dio_offset_align);
    if (told) {
        direct_memory_alignment_ = status.stx_dio_mem_align;
        direct_offset_alignment_ = status.stx_dio_offset_align;
    } else {
        direct_memory_alignment_ = direct_offset_alignment_ = tried_alignment(direct_.get());
    }
    // The alignment of each piece of memory's length is that of the offset.
    geometry_.block_bytes =
        std::max<std::uint32_t>(direct_offset_alignment_, std::uint32_t{kSectorBytes});
}

Result<void> DiskFile::measure() {
    if (is_block_device_) {
        return measure_block_device();
    }
    struct stat status {};
    if (::fstat(buffered_.get(), &status) != 0) {
        return Error::host(errno, fmt::format("cannot examine disk '{}'", path_));
    }
    const auto preferred = static_cast<std::uint64_t>(status.st_blksize);
    geometry_.physical_block_bytes =
        std::clamp(power_of_two_or(preferred, kLargestPhysicalBlock), geometry_.block_bytes,
                   std::max(kLargestPhysicalBlock, geometry_.block_bytes));
    geometry_.minimum_io_bytes = geometry_.physical_block_bytes;
    struct statfs system {};
    in_memory_ = ::fstatfs(buffered_.get(), &system) == 0 && system.f_type == TMPFS_MAGIC;
    return {};
}

Result<void> DiskFile::measure_block_device() {
    int logical = 0;
    unsigned physical = 0;
    unsigned minimum = 0;
    unsigned optimal = 0;
    int offset = 0;
    const int fd = buffered_.get();
    if (::ioctl(fd, BLKSSZGET, &logical) != 0 || ::ioctl(fd, BLKPBSZGET, &physical) != 0 ||
        ::ioctl(fd, BLKIOMIN, &minimum) != 0 || ::ioctl(fd, BLKIOOPT, &optimal) != 0 ||
        ::ioctl(fd, BLKALIGNOFF, &offset) != 0) {
        return Error::host(errno, fmt::format("cannot examine block device '{}'", path_));
    }
    const auto told = power_of_two_or(static_cast<std::uint64_t>(std::max(logical, 0)), 0);
    geometry_.block_bytes = std::max(geometry_.block_bytes, told);
    geometry_.physical_block_bytes =
        std::max(power_of_two_or(physical, geometry_.block_bytes), geometry_.block_bytes);
    geometry_.minimum_io_bytes = minimum;
    geometry_.optimal_io_bytes = optimal;
    geometry_.alignment_offset_bytes = static_cast<std::uint32_t>(std::max(offset, 0));
    return {};
}

std::optional<std::uint64_t> DiskFile::size_now() const {
    std::uint64_t bytes = 0;
    if (is_block_device_) {
        if (::ioctl(buffered_.get(), BLKGETSIZE64, &bytes) != 0) {
            return std::nullopt;
        }
    } else {
        struct stat status {};
        if (::fstat(buffered_.get(), &status) != 0) {
            return std::nullopt;
        }
        bytes = static_cast<std::uint64_t>(status.st_size);
    }
    return align_down(bytes, geometry_.block_bytes);
}

Result<void> DiskFile::check_size() const {
    const auto size = size_now();
    if (!size.has_value()) {
        return Error::host(errno, fmt::format("cannot get the size of disk '{}'", path_));
    }
    if (*size == 0) {
        return Error::user(
            fmt::format("disk '{}' is empty: give it a size (truncate -s 1G '{}')", path_, path_));
    }
    struct stat status {};
    if (!is_block_device_ && ::fstat(buffered_.get(), &status) == 0 &&
        static_cast<std::uint64_t>(status.st_size) != *size) {
        log::warning(
            "disk '{}' is {} bytes long, no multiple of {}: the guest does not see the last {}",
            path_, status.st_size, geometry_.block_bytes,
            static_cast<std::uint64_t>(status.st_size) - *size);
    }
    return {};
}

Result<void> DiskFile::refuse_what_is_not_raw() const {
    std::array<std::uint8_t, kImageHeadBytes> head{};
    std::array<std::uint8_t, kImageTailBytes> tail{};
    const std::uint64_t size = size_now().value_or(0);
    const ssize_t got_head = ::pread(buffered_.get(), head.data(), head.size(), 0);
    const ssize_t got_tail =
        ::pread(buffered_.get(), tail.data(), tail.size(),
                static_cast<off_t>(std::max(size, kSectorBytes) - kSectorBytes));
    if (got_head < 0 || got_tail < 0) {
        return Error::host(errno, fmt::format("cannot read disk '{}'", path_));
    }
    const auto refusal =
        refuse_image_format(path_, std::span(head).first(static_cast<std::size_t>(got_head)),
                            std::span(tail).first(static_cast<std::size_t>(got_tail)));
    return refusal.has_value() ? Result<void>(Error::user(*refusal)) : Result<void>();
}

void DiskFile::find_out_what_works() {
    if (read_only_) {
        return;
    }
    if (is_block_device_) {
        can_discard_ = true;  // asked by each request: there is no way to try it that harms nothing
        return;
    }
    // Behind the end of the file there is nothing to be freed.
    const auto end = static_cast<off_t>(align_up(size_now().value_or(0) + kMiB, kMiB));
    can_discard_ = ::fallocate(buffered_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, end,
                               static_cast<off_t>(kPageSize)) == 0;
}

bool DiskFile::aligned_for_direct(std::uint64_t offset, std::span<const iovec> buffers) const {
    std::uint64_t places = 0;
    std::uint64_t lengths = offset;
    for (const iovec& buffer : buffers) {
        places |= reinterpret_cast<std::uintptr_t>(buffer.iov_base);
        lengths |= buffer.iov_len;
    }
    return is_aligned(places, direct_memory_alignment_) &&
           is_aligned(lengths, direct_offset_alignment_);
}

Result<void> DiskFile::replace_by(DiskFile other) {
    SKIFF_CHECK(read_only_ == other.read_only_ && direct() == other.direct());
    if (can_discard_ && !other.can_discard_) {
        return Error::user(fmt::format(
            "disk '{}' cannot take the place of '{}': the guest was told that it can discard "
            "blocks, which the new file's file system cannot",
            other.path_, path_));
    }
    path_ = std::move(other.path_);
    buffered_ = std::move(other.buffered_);
    direct_ = std::move(other.direct_);
    is_block_device_ = other.is_block_device_;
    in_memory_ = other.in_memory_;
    direct_memory_alignment_ = other.direct_memory_alignment_;
    direct_offset_alignment_ = other.direct_offset_alignment_;
    ++generation_;
    return {};
}

bool DiskFile::is_at(const std::string& path) const {
    struct stat here {};
    struct stat there {};
    return ::fstat(buffered_.get(), &here) == 0 && ::stat(path.c_str(), &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

}  // namespace skiff::virtio::block
