// SPDX-License-Identifier: Apache-2.0
#include "boot/segment_loader.h"

#include "image_files.h"

namespace skiff::boot::test {
namespace {

constexpr std::uint64_t kAddress = 0x200000;

Bytes slice(const Bytes& bytes, std::size_t from, std::size_t size) {
    return {bytes.begin() + static_cast<std::ptrdiff_t>(from),
            bytes.begin() + static_cast<std::ptrdiff_t>(from + size)};
}

}  // namespace

TEST_CASE("Segment loader maps whole pages and copies partial ones, to the same bytes") {
    const Bytes content = pattern(40000);
    const File file = file_of(content);
    struct Case {
        std::uint64_t offset, size, address;
        LoadMethod method;
    };
    const Case cases[] = {
        {0, 8192, kAddress, LoadMethod::kMapped},
        {4096, 8192, kAddress, LoadMethod::kMapped},
        {0, 10000, kAddress, LoadMethod::kMapped},
        {100, 10000, kAddress + 100, LoadMethod::kMapped},
        {100, 10000, kAddress, LoadMethod::kCopied},
        {4096, 10000, kAddress + 1, LoadMethod::kCopied},
        {0, 4095, kAddress, LoadMethod::kCopied},
        {100, 4096, kAddress + 100, LoadMethod::kCopied},
        {0, 0, kAddress, LoadMethod::kCopied},
    };
    for (const Case& c : cases) {
        INFO("offset " << c.offset << " size " << c.size << " address " << c.address);
        GuestMemory memory = ram(4 * kMiB);
        const auto method =
            load_segment(memory, file, {c.offset, c.size, GuestAddress(c.address), c.size + 20000});
        REQUIRE(method.ok());
        CHECK(*method == c.method);
        CHECK(guest_bytes(memory, c.address, c.size) == slice(content, c.offset, c.size));
        CHECK(guest_bytes(memory, c.address + c.size, 20000) == Bytes(20000));
        CHECK(guest_bytes(memory, c.address - 4096, 4096) == Bytes(4096));
    }
}

TEST_CASE("Segment loader copies where RAM cannot be mapped over") {
    MemoryBacking backing;
    backing.kind = MemoryBacking::Kind::kMemfd;
    GuestMemory memory = ram(4 * kMiB, backing);
    const Bytes content = pattern(8192);
    const auto method =
        load_segment(memory, file_of(content), {0, 8192, GuestAddress(kAddress), 8192});
    REQUIRE(method.ok());
    CHECK(*method == LoadMethod::kCopied);
    CHECK(guest_bytes(memory, kAddress, 8192) == content);
}

TEST_CASE("Segment loader keeps guest writes out of the file") {
    const Bytes content = pattern(8192);
    const File file = file_of(content);
    GuestMemory memory = ram(4 * kMiB);
    REQUIRE(load_segment(memory, file, {0, 8192, GuestAddress(kAddress), 8192}).ok());
    REQUIRE(memory.fill_zero(GuestAddress(kAddress), 8192));
    CHECK(file.read_up_to(0, 8192).value() == content);
}

TEST_CASE("Segment loader refuses a part that is not in the file") {
    const File file = file_of(pattern(8192));
    GuestMemory memory = ram(4 * kMiB);
    const auto result = load_segment(memory, file, {4096, 8192, GuestAddress(kAddress), 8192});
    CHECK_THAT(user_error(result), Catch::Matchers::Contains("cut off"));
}

}  // namespace skiff::boot::test
