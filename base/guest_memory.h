// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/guest_address.h"
#include "base/mapped_region.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// What guest RAM is made of.
struct MemoryBacking {
    enum class Kind {
        kAnonymous,  ///< Private anonymous memory (the default).
        kMemfd,      ///< Shared memfd, which another process can map (vhost-user).
        kHugetlb,    ///< Explicit huge pages, reserved by the administrator.
    };

    Kind kind = Kind::kAnonymous;
    /// For kHugetlb: 2 MiB or 1 GiB.
    std::uint64_t huge_page_bytes = 2 * 1024 * 1024;
    /// Ask for transparent huge pages (kAnonymous, kMemfd).
    bool transparent_huge_pages = false;
    /// Touch every page before the guest starts.
    bool prefault = false;
    bool operator==(const MemoryBacking&) const = default;
};

/// A type that can be copied to and from guest memory as bytes: no padding whose content would
/// leak or matter, every bit pattern a value.
template <typename T>
concept GuestData = std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>;

/// All RAM of one guest: a few regions at guest physical addresses.
///
/// Guest bytes are hostile and change while we look: copy once with read(), validate the copy, use
/// the copy. Every access is checked; one that is not inside a single region fails as a whole. The
/// set of regions is immutable after create(), so all methods are callable from any thread.
class GuestMemory {
  public:
    struct Region {
        GuestRange range;
        MappedRegion mapping;
        /// The memfd or hugetlb file behind the region; none for anonymous memory.
        UniqueFd fd;
    };

    /// Maps RAM for `ranges`: page-aligned, not empty, ascending, not overlapping. Memory is not
    /// committed before it is touched, unless `backing` says so.
    static Result<GuestMemory> create(std::span<const GuestRange> ranges,
                                      const MemoryBacking& backing);

    const std::vector<Region>& regions() const { return regions_; }
    std::uint64_t size_bytes() const;

    /// Whether `size` bytes at `address` are RAM, inside one region.
    bool contains(GuestAddress address, std::uint64_t size) const;

    /// Copies guest bytes out. False, and nothing copied, where the range is not RAM.
    [[nodiscard]] bool read(GuestAddress address, std::span<std::uint8_t> to) const;
    /// Copies bytes into the guest. False, and nothing copied, where the range is not RAM.
    [[nodiscard]] bool write(GuestAddress address, std::span<const std::uint8_t> from);
    /// Sets `size` bytes to zero. False where the range is not RAM.
    [[nodiscard]] bool fill_zero(GuestAddress address, std::uint64_t size);

    template <GuestData T>
    [[nodiscard]] std::optional<T> read(GuestAddress address) const {
        T value{};
        if (!read(address, {reinterpret_cast<std::uint8_t*>(&value), sizeof value})) {
            return std::nullopt;
        }
        return value;
    }

    /// Not for a std::span, whose own representation would be written, not what it points to.
    template <GuestData T>
    requires(!std::convertible_to<const T&, std::span<const std::uint8_t>>)
        [[nodiscard]] bool write(GuestAddress address, const T& value) {
        return write(address, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
    }

    /// Atomic access to an index that the driver shares with us; nothing where it is not RAM or
    /// not naturally aligned.
    template <std::unsigned_integral T>
    [[nodiscard]] std::optional<T> load_acquire(GuestAddress address) const {
        T* const pointer = aligned_pointer<T>(address);
        if (pointer == nullptr) {
            return std::nullopt;
        }
        return __atomic_load_n(pointer, __ATOMIC_ACQUIRE);
    }

    template <std::unsigned_integral T>
    [[nodiscard]] bool store_release(GuestAddress address, T value) {
        T* const pointer = aligned_pointer<T>(address);
        if (pointer == nullptr) {
            return false;
        }
        __atomic_store_n(pointer, value, __ATOMIC_RELEASE);
        return true;
    }

    /// Host view of a range, only for handing to the kernel (readv, writev, io_uring): never parse
    /// through it. Nothing where the range is not RAM.
    std::optional<std::span<std::uint8_t>> host_span(GuestAddress address,
                                                     std::uint64_t size) const;

    /// Maps `size` bytes of `fd` at `file_offset` copy-on-write over RAM at `address`: guest writes
    /// stay private, untouched pages are shared with the page cache. Address and offset are page
    /// aligned; the last page may lie partly behind the end of the file (it reads as zero there).
    /// Only while the machine is built. `name` is the file's name for the error.
    Result<void> map_file(GuestAddress address, int fd, off_t file_offset, std::uint64_t size,
                          const std::string& name);

    /// Gives the memory of the whole pages inside a host view back to the host: when they are
    /// touched next they read as zero, or as what map_file() put there. How many bytes that were;
    /// nothing where the view is not of this memory, or the host refuses. Any thread; the guest may
    /// be running.
    std::optional<std::uint64_t> discard(std::span<const std::uint8_t> view);

    /// Makes the whole pages inside a host view what the host takes first when it is short of
    /// memory; they keep their content. Otherwise as discard().
    std::optional<std::uint64_t> mark_cold(std::span<const std::uint8_t> view);

    /// Makes KVM map the page anew at the guest's next access, its content untouched: for test
    /// devices. Where the host refuses (huge pages, files that may not be executed) and outside of
    /// RAM, nothing happens. Thread-safe.
    void renew_mapping(GuestAddress page);

    /// Whether map_file() can be used: private anonymous RAM with ordinary pages.
    bool can_map_files() const { return can_map_files_; }

  private:
    template <typename T>
    T* aligned_pointer(GuestAddress address) const {
        std::uint8_t* const pointer = pointer_to(address, sizeof(T));
        if (pointer == nullptr || address.value() % alignof(T) != 0) {
            return nullptr;
        }
        return reinterpret_cast<T*>(static_cast<void*>(pointer));
    }

    std::uint8_t* pointer_to(GuestAddress address, std::uint64_t size) const;

    /// The whole pages inside a host view.
    struct Pages {
        const Region& region;
        std::uint64_t offset;      ///< In the region.
        std::uint64_t size_bytes;  ///< 0 where there is none.
    };
    /// Nothing where the view is not of this memory.
    std::optional<Pages> whole_pages(std::span<const std::uint8_t> view) const;

    std::vector<Region> regions_;
    std::uint64_t page_bytes_ = 0;  // what RAM is made of
    bool can_map_files_ = false;
};

}  // namespace skiff
