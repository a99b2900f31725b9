// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <numeric>

#include "disk_fixture.h"

namespace skiff::virtio::block {
namespace {

using test::Bytes;
using test::DiskFixture;
using test::DiskImage;
using test::DriverQueue;

constexpr std::uint64_t kDiskBytes = 4 * kMiB;
constexpr std::uint64_t kDiskSectors = kDiskBytes / kSectorBytes;

Bytes pattern(std::size_t size, unsigned seed = 1) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>((i + seed) * 2654435761U >> 13);
    }
    return bytes;
}

struct Way {
    DiskOptions::Engine engine = DiskOptions::Engine::kAuto;
    bool direct = false;
};

/// Each engine, with and without the page cache.
const auto kAllWays = {
    Way{DiskOptions::Engine::kAuto, false}, Way{DiskOptions::Engine::kAuto, true},
    Way{DiskOptions::Engine::kSync, false}, Way{DiskOptions::Engine::kSync, true}};

DiskOptions options_for(const DiskImage& image, const Way& way = {}) {
    DiskOptions options;
    options.path = image.path();
    options.engine = way.engine;
    options.direct = way.direct;
    return options;
}

TEST_CASE("A disk reads and writes what its file holds") {
    DiskImage image(kDiskBytes);
    const auto options = options_for(image, GENERATE(values<Way>(kAllWays)));
    DiskFixture disk(options);
    disk.start();
    image.write(8192, pattern(4096, 7));

    const auto read = disk.request(VIRTIO_BLK_T_IN, 16, {}, 4096);
    CHECK(read.status == VIRTIO_BLK_S_OK);
    CHECK(read.used_bytes == 4097);
    CHECK(read.data == pattern(4096, 7));

    const auto write = disk.request(VIRTIO_BLK_T_OUT, 100, pattern(1536, 9));
    CHECK(write.status == VIRTIO_BLK_S_OK);
    CHECK(write.used_bytes == 1);
    CHECK(image.read(51200, 1536) == pattern(1536, 9));

    const auto last = disk.request(VIRTIO_BLK_T_IN, kDiskSectors - 1, {}, 512);
    CHECK(last.status == VIRTIO_BLK_S_OK);
    CHECK(disk.request(VIRTIO_BLK_T_FLUSH, 0).status == VIRTIO_BLK_S_OK);

    const DiskCounters& counters = disk.device().counters(0);
    CHECK(counters.reads.value() == 2);
    CHECK(counters.read_bytes.value() == 4608);
    CHECK(counters.writes.value() == 1);
    CHECK(counters.written_bytes.value() == 1536);
    CHECK(counters.flushes.value() == 1);
    CHECK(counters.errors.value() == 0);
}

TEST_CASE("A request may be framed in any way") {
    DiskImage image(kDiskBytes);
    image.write(0, pattern(2048));
    const auto options = options_for(image, GENERATE(values<Way>(kAllWays)));
    const bool indirect = GENERATE(false, true);
    DiskFixture disk(options);
    disk.start();
    const Bytes header = DiskFixture::header(VIRTIO_BLK_T_IN, 1);
    auto builder = disk.queue().chain();
    builder.readable(Bytes(header.begin(), header.begin() + 3))
        .readable(Bytes(header.begin() + 3, header.end()))
        .writable(1)
        .writable(1000)
        .writable(536);  // 1536 of data, and the status right behind them
    if (indirect) {
        builder.indirect();
    }
    const auto chain = builder.submit();
    disk.notify();
    const auto answer = disk.answer_to(chain);
    CHECK(answer.status == VIRTIO_BLK_S_OK);
    CHECK(answer.used_bytes == 1537);
    const Bytes expected = pattern(2048);
    CHECK(answer.data == Bytes(expected.begin() + 512, expected.end()));
}

TEST_CASE("A request may be many times larger than usual") {
    constexpr std::size_t kLarge = 9 * kMiB;
    DiskImage image(16 * kMiB);
    image.write(kMiB, pattern(kLarge));
    DiskFixture disk(options_for(image, GENERATE(values<Way>(kAllWays))));
    disk.room_bytes = 100 * kMiB;
    disk.start();
    const auto read = disk.request(VIRTIO_BLK_T_IN, kMiB / kSectorBytes, {}, kLarge);
    CHECK(read.status == VIRTIO_BLK_S_OK);
    CHECK(read.used_bytes == kLarge + 1);
    CHECK(read.data == pattern(kLarge));
    const auto write = disk.request(VIRTIO_BLK_T_OUT, 0, pattern(kLarge, 5));
    CHECK(write.status == VIRTIO_BLK_S_OK);
    CHECK(image.read(0, kLarge) == pattern(kLarge, 5));
}

TEST_CASE("More than one batch of requests is served to its end") {
    DiskImage image(16 * kMiB);
    DiskFixture disk(options_for(image, GENERATE(values<Way>(kAllWays))));
    disk.room_bytes = 100 * kMiB;
    disk.start();
    constexpr unsigned kRequests = 20;
    for (unsigned i = 0; i < kRequests; ++i) {
        disk.submit(VIRTIO_BLK_T_IN, i, {}, 2 * kMiB);
    }
    disk.notify();
    for (unsigned i = 0; i < kRequests; ++i) {
        CHECK(disk.wait_used().len == 2 * kMiB + 1);
    }
}

TEST_CASE("The device ID is the serial, as far as the buffer goes") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.serial = "disk-1";
    DiskFixture disk(options);
    disk.start();
    Bytes expected{'d', 'i', 's', 'k', '-', '1'};
    expected.resize(20);
    const auto whole = disk.request(VIRTIO_BLK_T_GET_ID, 0, {}, 20);
    CHECK(whole.status == VIRTIO_BLK_S_OK);
    CHECK(whole.used_bytes == 21);
    CHECK(whole.data == expected);

    const auto part = disk.request(VIRTIO_BLK_T_GET_ID, 0, {}, 4);
    CHECK(part.status == VIRTIO_BLK_S_OK);
    CHECK(part.data == Bytes{'d', 'i', 's', 'k'});

    const auto more = disk.request(VIRTIO_BLK_T_GET_ID, 0, {}, 24);
    CHECK(more.status == VIRTIO_BLK_S_OK);
    CHECK(more.used_bytes == 20);
}

TEST_CASE("A discard gives the host its blocks back") {
    DiskImage image(kDiskBytes);
    image.write(0, pattern(kMiB));
    const auto options = options_for(image, GENERATE(values<Way>(kAllWays)));
    DiskFixture disk(options);
    disk.start();
    const std::uint64_t before = image.allocated_bytes();
    const auto answer =
        disk.request(VIRTIO_BLK_T_DISCARD, 0, DiskFixture::segments({{0, 256, 0}, {1024, 256, 0}}));
    CHECK(answer.status == VIRTIO_BLK_S_OK);
    CHECK(answer.used_bytes == 1);
    CHECK(image.allocated_bytes() + 256 * kKiB == before);
    CHECK(image.read(0, 128 * kKiB) == Bytes(128 * kKiB));
    CHECK(image.read(512 * kKiB, 128 * kKiB) == Bytes(128 * kKiB));
    const Bytes all = pattern(kMiB);
    CHECK(image.read(128 * kKiB, 384 * kKiB) ==
          Bytes(all.begin() + 128 * kKiB, all.begin() + 512 * kKiB));
    CHECK(image.size() == kDiskBytes);
}

TEST_CASE("Zeroes are written with and without giving blocks back") {
    DiskImage image(kDiskBytes);
    image.write(0, pattern(kMiB));
    DiskOptions options = options_for(image, GENERATE(values<Way>(kAllWays)));
    options.discard = GENERATE(true, false);
    const bool unmap = GENERATE(false, true);
    options.cache = GENERATE(DiskOptions::Cache::kWriteback, DiskOptions::Cache::kWritethrough);
    DiskFixture disk(options);
    disk.start();
    const std::uint64_t before = image.allocated_bytes();
    const auto answer = disk.request(VIRTIO_BLK_T_WRITE_ZEROES, 0,
                                     DiskFixture::segments({{1, 511, unmap ? 1U : 0U}}));
    CHECK(answer.status == VIRTIO_BLK_S_OK);
    CHECK(answer.used_bytes == 1);
    const Bytes all = pattern(kMiB);
    CHECK(image.read(0, 512) == Bytes(all.begin(), all.begin() + 512));
    CHECK(image.read(512, 511 * 512) == Bytes(511 * 512));
    CHECK(image.read(256 * kKiB, 512) ==
          Bytes(all.begin() + 256 * kKiB, all.begin() + 256 * kKiB + 512));
    if (unmap && options.discard) {
        CHECK(image.allocated_bytes() < before);
    } else {
        CHECK(image.allocated_bytes() == before);
    }
}

TEST_CASE("Without discard=on no blocks are given back") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.discard = false;
    DiskFixture disk(options);
    CHECK((disk.device().offered_features() & VIRTIO_BLK_F_DISCARD) == 0);
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_DISCARD, 0, DiskFixture::segments({{0, 8, 0}})).status ==
          VIRTIO_BLK_S_UNSUPP);
}

struct WrongRequest {
    const char* what;
    std::uint32_t type;
    std::uint64_t sector;
    std::size_t out_bytes;
    std::uint32_t in_bytes;
    std::uint8_t status;
};

TEST_CASE("A wrong request is answered, and the disk goes on") {
    DiskImage image(kDiskBytes);
    image.write(0, pattern(kDiskBytes));
    const auto row = GENERATE(values<WrongRequest>({
        {"read behind the end", VIRTIO_BLK_T_IN, kDiskSectors, 0, 512, VIRTIO_BLK_S_IOERR},
        {"read across the end", VIRTIO_BLK_T_IN, kDiskSectors - 1, 0, 1024, VIRTIO_BLK_S_IOERR},
        {"sector that wraps", VIRTIO_BLK_T_IN, UINT64_MAX, 0, 1024, VIRTIO_BLK_S_IOERR},
        {"bytes that wrap", VIRTIO_BLK_T_IN, 1ULL << 55, 0, 1024, VIRTIO_BLK_S_IOERR},
        {"odd read", VIRTIO_BLK_T_IN, 0, 0, 100, VIRTIO_BLK_S_IOERR},
        {"write behind the end", VIRTIO_BLK_T_OUT, kDiskSectors, 512, 0, VIRTIO_BLK_S_IOERR},
        {"write that wraps", VIRTIO_BLK_T_OUT, UINT64_MAX - 1, 1024, 0, VIRTIO_BLK_S_IOERR},
        {"odd write", VIRTIO_BLK_T_OUT, 0, 513, 0, VIRTIO_BLK_S_IOERR},
        {"unknown type", 99, 0, 0, 512, VIRTIO_BLK_S_UNSUPP},
        {"SCSI command of legacy", 2, 0, 512, 512, VIRTIO_BLK_S_UNSUPP},
        {"secure erase", 14, 0, 16, 0, VIRTIO_BLK_S_UNSUPP},
        {"largest type", UINT32_MAX, 0, 0, 0, VIRTIO_BLK_S_UNSUPP},
        {"discard of nothing", VIRTIO_BLK_T_DISCARD, 0, 0, 0, VIRTIO_BLK_S_IOERR},
        {"discard with half a range", VIRTIO_BLK_T_DISCARD, 0, 24, 0, VIRTIO_BLK_S_IOERR},
        {"too many ranges", VIRTIO_BLK_T_DISCARD, 0, 17 * 16, 0, VIRTIO_BLK_S_IOERR},
        {"zeroes with half a range", VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0, VIRTIO_BLK_S_IOERR},
    }));
    INFO(row.what);
    DiskFixture disk(options_for(image));
    disk.start();
    const auto answer = disk.request(row.type, row.sector, Bytes(row.out_bytes), row.in_bytes);
    CHECK(answer.status == row.status);
    // Nothing of the data part was written.
    CHECK(answer.data == Bytes(row.in_bytes, 0xcc));
    CHECK(answer.used_bytes == (row.in_bytes == 0 ? 1 : 0));
    CHECK(disk.device().counters(0).errors.value() == 1);

    CHECK(disk.request(VIRTIO_BLK_T_IN, 0, {}, 512).status == VIRTIO_BLK_S_OK);
    CHECK(image.read(0, kDiskBytes) == pattern(kDiskBytes));
    CHECK(image.size() == kDiskBytes);
}

TEST_CASE("A wrong range is refused before any of its request is done") {
    DiskImage image(kDiskBytes);
    image.write(0, pattern(kDiskBytes));
    struct Case {
        const char* what;
        std::uint32_t type;
        RangeSegment second;
        std::uint8_t status;
    };
    constexpr std::uint32_t kDiscard = VIRTIO_BLK_T_DISCARD;
    constexpr std::uint32_t kZeroes = VIRTIO_BLK_T_WRITE_ZEROES;
    const auto row = GENERATE(values<Case>({
        {"behind the end", kDiscard, {kDiskSectors, 1, 0}, VIRTIO_BLK_S_IOERR},
        {"wraps", kDiscard, {UINT64_MAX, 2, 0}, VIRTIO_BLK_S_IOERR},
        {"too long", kDiscard, {0, kMaxRangeSectors + 1, 0}, VIRTIO_BLK_S_IOERR},
        {"longest", kDiscard, {0, UINT32_MAX, 0}, VIRTIO_BLK_S_IOERR},
        {"unmap", kDiscard, {0, 8, 1}, VIRTIO_BLK_S_UNSUPP},
        {"unknown flag", kDiscard, {0, 8, 2}, VIRTIO_BLK_S_UNSUPP},
        {"zeroes across the end", kZeroes, {kDiskSectors - 1, 2, 0}, VIRTIO_BLK_S_IOERR},
        {"zeroes with an unknown flag", kZeroes, {0, 8, 0x80000001}, VIRTIO_BLK_S_UNSUPP},
    }));
    INFO(row.what);
    DiskFixture disk(options_for(image));
    disk.start();
    const auto answer = disk.request(row.type, 0, DiskFixture::segments({{0, 8, 0}, row.second}));
    CHECK(answer.status == row.status);
    CHECK(image.read(0, kDiskBytes) == pattern(kDiskBytes));
}

TEST_CASE("A range of no sectors is no work") {
    const DiskImage image(kDiskBytes);
    DiskFixture disk(options_for(image));
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_DISCARD, 0, DiskFixture::segments({{0, 0, 0}})).status ==
          VIRTIO_BLK_S_OK);
    CHECK(disk.request(VIRTIO_BLK_T_IN, 0).status == VIRTIO_BLK_S_OK);
}

TEST_CASE("A request without a header or a status breaks its queue until the driver resets") {
    const DiskImage image(kDiskBytes);
    DiskFixture disk(options_for(image));
    disk.start();
    const int how = GENERATE(0, 1, 2, 3);
    auto chain = disk.queue().chain();
    switch (how) {
        case 0:
            chain.readable(Bytes(15)).writable(513);  // half a header
            break;
        case 1:
            chain.readable(DiskFixture::header(VIRTIO_BLK_T_FLUSH, 0));  // no status
            break;
        case 2:
            chain.writable(512);  // no header
            break;
        default:
            chain.readable(Bytes(1));
            break;
    }
    chain.submit();
    disk.notify();
    CHECK((disk.driver->status() & DEVICE_NEEDS_RESET) != 0);
    CHECK_FALSE(disk.queue().take_used().has_value());
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_IN, 0, {}, 512).status == VIRTIO_BLK_S_OK);
}

TEST_CASE("A read-only disk refuses every change and leaves its file alone") {
    DiskImage image(kDiskBytes);
    image.write(0, pattern(kDiskBytes));
    DiskOptions options = options_for(image);
    options.read_only = true;
    DiskFixture disk(options);
    const std::uint64_t changing = VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES;
    CHECK((disk.device().offered_features() & (changing | VIRTIO_BLK_F_RO)) == VIRTIO_BLK_F_RO);
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_OUT, 0, Bytes(512)).status == VIRTIO_BLK_S_IOERR);
    const Bytes range = DiskFixture::segments({{0, 8, 0}});
    CHECK(disk.request(VIRTIO_BLK_T_DISCARD, 0, range).status == VIRTIO_BLK_S_IOERR);
    CHECK(disk.request(VIRTIO_BLK_T_WRITE_ZEROES, 0, range).status == VIRTIO_BLK_S_IOERR);
    CHECK(disk.request(VIRTIO_BLK_T_FLUSH, 0).status == VIRTIO_BLK_S_OK);
    CHECK(disk.request(VIRTIO_BLK_T_IN, 0, {}, 512).status == VIRTIO_BLK_S_OK);
    CHECK(image.read(0, kDiskBytes) == pattern(kDiskBytes));
}

}  // namespace
}  // namespace skiff::virtio::block
