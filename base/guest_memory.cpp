// SPDX-License-Identifier: Apache-2.0
#include "base/guest_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "base/units.h"

namespace skiff {
namespace {

constexpr std::uint64_t kTransparentHugePageBytes = 2 * kMiB;

/// Reserves address space for `size` bytes at a multiple of `alignment` (a power of two).
Result<MappedRegion> reserve_aligned(std::uint64_t size, std::uint64_t alignment) {
    const std::uint64_t slack = alignment > kPageSize ? alignment : 0;
    void* const raw = ::mmap(nullptr, size + slack, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED) {
        return Error::host(errno, "cannot reserve " + format_size(size) + " for guest memory");
    }
    auto* const base = static_cast<std::uint8_t*>(raw);
    if (slack == 0) {
        return MappedRegion(base, size);
    }
    const auto address = reinterpret_cast<std::uintptr_t>(base);
    const std::uint64_t head = align_up(address, alignment) - address;
    if (head != 0) {
        ::munmap(base, head);
    }
    if (slack != head) {
        ::munmap(base + head + size, slack - head);
    }
    return MappedRegion(base + head, size);
}

Result<UniqueFd> make_memory_file(std::uint64_t size, const MemoryBacking& backing) {
    unsigned flags = MFD_CLOEXEC;
    if (backing.kind == MemoryBacking::Kind::kHugetlb) {
        flags |= MFD_HUGETLB;
        flags |= backing.huge_page_bytes == kGiB ? MFD_HUGE_1GB : MFD_HUGE_2MB;
    }
    UniqueFd fd(::memfd_create("skiff-guest-memory", flags));
    if (!fd.valid()) {
        return Error::host(errno, "cannot create a memfd for guest memory");
    }
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
        return Error::host(errno, "cannot size the memfd to " + format_size(size));
    }
    return fd;
}

Error cannot_map(int error, std::uint64_t size, const MemoryBacking& backing) {
    if (backing.kind == MemoryBacking::Kind::kHugetlb) {
        return Error::host(
            error, fmt::format("cannot map {} of guest memory from {} huge pages (reserve enough: "
                               "sysctl vm.nr_hugepages={})",
                               format_size(size), format_size(backing.huge_page_bytes),
                               align_up(size, backing.huge_page_bytes) / backing.huge_page_bytes));
    }
    return Error::host(error, "cannot map " + format_size(size) + " of guest memory");
}

Result<GuestMemory::Region> make_region(const GuestRange& range, const MemoryBacking& backing) {
    const bool anonymous = backing.kind == MemoryBacking::Kind::kAnonymous;
    const bool hugetlb = backing.kind == MemoryBacking::Kind::kHugetlb;
    std::uint64_t alignment = kPageSize;
    if (hugetlb) {
        alignment = backing.huge_page_bytes;
    } else if (backing.transparent_huge_pages) {
        alignment = kTransparentHugePageBytes;
    }
    if (hugetlb && !is_aligned(range.size_bytes, alignment)) {
        return Error::user(fmt::format(
            "guest memory of {} at {:#x} is not a multiple of the {} huge pages asked for: choose "
            "another memory size",
            format_size(range.size_bytes), range.start.value(), format_size(alignment)));
    }

    GuestMemory::Region region{range, {}, {}};
    SKIFF_ASSIGN_OR_RETURN(region.mapping, reserve_aligned(range.size_bytes, alignment));
    int flags = MAP_FIXED | (anonymous ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    if (!hugetlb) {
        flags |= MAP_NORESERVE;
    }
    if (!anonymous) {
        SKIFF_ASSIGN_OR_RETURN(region.fd, make_memory_file(range.size_bytes, backing));
    }
    void* const mapped = ::mmap(region.mapping.data(), range.size_bytes, PROT_READ | PROT_WRITE,
                                flags, region.fd.get(), 0);
    if (mapped == MAP_FAILED) {
        return cannot_map(errno, range.size_bytes, backing);
    }
    if (backing.transparent_huge_pages && !hugetlb &&
        ::madvise(mapped, range.size_bytes, MADV_HUGEPAGE) != 0) {
        return Error::host(errno, "cannot ask for transparent huge pages for guest memory");
    }
    if (backing.prefault && ::madvise(mapped, range.size_bytes, MADV_POPULATE_WRITE) != 0) {
        return cannot_map(errno, range.size_bytes, backing).with_context("prefault");
    }
    return region;
}

}  // namespace

Result<GuestMemory> GuestMemory::create(std::span<const GuestRange> ranges,
                                        const MemoryBacking& backing) {
    SKIFF_CHECK(!ranges.empty());
    GuestMemory memory;
    memory.can_map_files_ = backing.kind == MemoryBacking::Kind::kAnonymous;
    memory.page_bytes_ =
        backing.kind == MemoryBacking::Kind::kHugetlb ? backing.huge_page_bytes : kPageSize;
    std::uint64_t free_from = 0;
    for (const GuestRange& range : ranges) {
        SKIFF_CHECK(range.is_valid() && range.size_bytes != 0 && range.start.value() >= free_from);
        SKIFF_CHECK(is_aligned(range.start.value() | range.size_bytes, kPageSize));
        free_from = range.end();
        SKIFF_ASSIGN_OR_RETURN(Region region, make_region(range, backing));
        memory.regions_.push_back(std::move(region));
    }
    return memory;
}

std::uint64_t GuestMemory::size_bytes() const {
    std::uint64_t sum = 0;
    for (const Region& region : regions_) {
        sum += region.range.size_bytes;
    }
    return sum;
}

std::uint8_t* GuestMemory::pointer_to(GuestAddress address, std::uint64_t size) const {
    for (const Region& region : regions_) {
        if (region.range.contains(address, size)) {
            return region.mapping.data() + (address.value() - region.range.start.value());
        }
    }
    return nullptr;
}

bool GuestMemory::contains(GuestAddress address, std::uint64_t size) const {
    return pointer_to(address, size) != nullptr;
}

bool GuestMemory::read(GuestAddress address, std::span<std::uint8_t> to) const {
    const std::uint8_t* const from = pointer_to(address, to.size());
    if (from == nullptr) {
        return false;
    }
    if (!to.empty()) {  // memcpy takes no null pointer, not even for nothing
        std::memcpy(to.data(), from, to.size());
    }
    return true;
}

bool GuestMemory::write(GuestAddress address, std::span<const std::uint8_t> from) {
    std::uint8_t* const to = pointer_to(address, from.size());
    if (to == nullptr) {
        return false;
    }
    if (!from.empty()) {
        std::memcpy(to, from.data(), from.size());
    }
    return true;
}

bool GuestMemory::fill_zero(GuestAddress address, std::uint64_t size) {
    std::uint8_t* const to = pointer_to(address, size);
    if (to == nullptr) {
        return false;
    }
    std::memset(to, 0, size);
    return true;
}

std::optional<std::span<std::uint8_t>> GuestMemory::host_span(GuestAddress address,
                                                              std::uint64_t size) const {
    std::uint8_t* const pointer = pointer_to(address, size);
    if (pointer == nullptr) {
        return std::nullopt;
    }
    return std::span(pointer, size);
}

Result<void> GuestMemory::map_file(GuestAddress address, int fd, off_t file_offset,
                                   std::uint64_t size, const std::string& name) {
    SKIFF_CHECK(can_map_files_ && size != 0);
    SKIFF_CHECK(is_aligned(address.value() | static_cast<std::uint64_t>(file_offset), kPageSize));
    const std::uint64_t whole_pages = align_up(size, kPageSize);
    std::uint8_t* const target = pointer_to(address, whole_pages);
    SKIFF_CHECK(target != nullptr);
    void* const mapped = ::mmap(target, whole_pages, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, file_offset);
    if (mapped == MAP_FAILED) {
        return Error::host(errno, "cannot map " + name + " into guest memory");
    }
    return {};
}

std::optional<GuestMemory::Pages> GuestMemory::whole_pages(
    std::span<const std::uint8_t> view) const {
    const auto region =
        std::find_if(regions_.begin(), regions_.end(), [&view](const Region& candidate) {
            const std::uint8_t* const start = candidate.mapping.data();
            return std::less_equal<>()(start, view.data()) &&
                   std::less_equal<>()(view.data() + view.size(),
                                       start + candidate.range.size_bytes);
        });
    if (region == regions_.end()) {
        return std::nullopt;
    }
    const auto offset = static_cast<std::uint64_t>(view.data() - region->mapping.data());
    const std::uint64_t from = align_up(offset, page_bytes_);
    const std::uint64_t to = align_down(offset + view.size(), page_bytes_);
    return Pages{*region, from, to > from ? to - from : 0};
}

std::optional<std::uint64_t> GuestMemory::discard(std::span<const std::uint8_t> view) {
    const auto pages = whole_pages(view);
    if (!pages.has_value() || pages->size_bytes == 0) {
        return pages.has_value() ? std::optional<std::uint64_t>(0) : std::nullopt;
    }
    const int failed =
        pages->region.fd.valid()
            ? ::fallocate(pages->region.fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                          static_cast<off_t>(pages->offset), static_cast<off_t>(pages->size_bytes))
            : ::madvise(pages->region.mapping.data() + pages->offset, pages->size_bytes,
                        MADV_DONTNEED);
    return failed == 0 ? std::optional(pages->size_bytes) : std::nullopt;
}

std::optional<std::uint64_t> GuestMemory::mark_cold(std::span<const std::uint8_t> view) {
    const auto pages = whole_pages(view);
    if (!pages.has_value() || pages->size_bytes == 0) {
        return pages.has_value() ? std::optional<std::uint64_t>(0) : std::nullopt;
    }
    const int failed =
        ::madvise(pages->region.mapping.data() + pages->offset, pages->size_bytes, MADV_COLD);
    return failed == 0 ? std::optional(pages->size_bytes) : std::nullopt;
}

void GuestMemory::renew_mapping(GuestAddress page) {
    const auto span = host_span(page, kPageSize);
    if (!span.has_value()) {
        return;
    }
    // Any change of protection tells KVM to forget the page. One that takes no right away, as other
    // threads use the page meanwhile.
    if (::mprotect(span->data(), kPageSize, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) {
        (void)::mprotect(span->data(), kPageSize, PROT_READ | PROT_WRITE);
    }
}

}  // namespace skiff
