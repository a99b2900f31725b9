// SPDX-License-Identifier: Apache-2.0
// What is inside of a bzImage (declared in boot/bzimage.h).
#include <elf.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/mapped_region.h"
#include "base/units.h"
#include "boot/bzimage.h"

namespace skiff::boot {
namespace {

/// Enough for every magic number that identify_compression() looks at.
constexpr std::uint64_t kHeadBytes = 16;
/// The unpacked size that the kernel's build appends to each format but gzip, which ends with it.
constexpr std::uint64_t kSizeWordBytes = 4;

bool is_elf(std::span<const std::uint8_t> head) {
    return head.size() >= SELFMAG && std::memcmp(head.data(), ELFMAG, SELFMAG) == 0;
}

Error bad_payload(const File& file, const std::string& flaw) {
    return Error::user("the kernel inside of '" + file.name() + "' cannot be unpacked: " + flaw);
}

Result<MappedRegion> map_shared(const File& file) {
    void* const mapped =
        ::mmap(nullptr, file.size_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
    if (mapped == MAP_FAILED) {
        return Error::host(errno, "cannot map memory for " + file.name());
    }
    return MappedRegion(mapped, file.size_bytes());
}

/// The payload's bytes; not a std::vector, which would write zeros into all of it first.
struct PackedBytes {
    std::unique_ptr<std::uint8_t[]> data;
    std::size_t size = 0;
    std::span<std::uint8_t> span() const { return {data.get(), size}; }
};

Result<PackedBytes> read_payload(const File& file, const BzImage& image) {
    PackedBytes packed{std::make_unique_for_overwrite<std::uint8_t[]>(image.payload_size),
                       image.payload_size};
    SKIFF_RETURN_IF_ERROR(file.read(image.payload_offset, packed.span()));
    return packed;
}

}  // namespace

Result<std::optional<Compression>> payload_compression(const File& file, const BzImage& image) {
    SKIFF_ASSIGN_OR_RETURN(
        const auto head,
        file.read_up_to(image.payload_offset, std::min(kHeadBytes, image.payload_size)));
    return identify_compression(head);
}

Result<std::optional<File>> unpack_payload(const File& file, const BzImage& image,
                                           std::uint64_t limit) {
    const std::string name = "the kernel inside of '" + file.name() + "'";
    SKIFF_ASSIGN_OR_RETURN(const auto compression, payload_compression(file, image));
    if (image.payload_size < kHeadBytes) {
        return std::optional<File>();
    }
    SKIFF_ASSIGN_OR_RETURN(const auto head, file.read_up_to(image.payload_offset, kHeadBytes));
    if (is_elf(head)) {
        if (image.payload_size > limit) {
            return bad_payload(file, "it is larger than " + format_size(limit));
        }
        SKIFF_ASSIGN_OR_RETURN(const auto packed, read_payload(file, image));
        SKIFF_ASSIGN_OR_RETURN(File unpacked, File::from_bytes(name, packed.span()));
        return std::optional<File>(std::move(unpacked));
    }
    if (!compression.has_value()) {
        return std::optional<File>();
    }

    SKIFF_ASSIGN_OR_RETURN(const auto packed, read_payload(file, image));
    std::uint32_t unpacked_size = 0;
    std::memcpy(&unpacked_size, packed.data.get() + packed.size - kSizeWordBytes,
                sizeof unpacked_size);
    if (unpacked_size > limit) {
        return bad_payload(file, fmt::format("it would be {} large, more than {}",
                                             format_size(unpacked_size), format_size(limit)));
    }
    if (unpacked_size < sizeof(Elf32_Ehdr)) {
        return bad_payload(file, "its size word says that it is empty");
    }
    SKIFF_ASSIGN_OR_RETURN(File unpacked, File::create_in_memory(name, unpacked_size));
    SKIFF_ASSIGN_OR_RETURN(const MappedRegion target, map_shared(unpacked));
    const std::size_t stream_size =
        *compression == Compression::kGzip ? packed.size : packed.size - kSizeWordBytes;
    const auto done = unpack(*compression, packed.span().first(stream_size), target.bytes());
    if (!done.ok()) {
        return done.error().with_context(name);
    }
    if (!done->finished || done->size_bytes != unpacked_size) {
        return bad_payload(file, fmt::format("it does not have the {} bytes that its size word "
                                             "announces",
                                             unpacked_size));
    }
    if (!is_elf(target.bytes())) {
        return std::optional<File>();
    }
    return std::optional<File>(std::move(unpacked));
}

}  // namespace skiff::boot
