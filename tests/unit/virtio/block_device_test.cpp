// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/block_device.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "disk_fixture.h"

namespace skiff::virtio::block {
namespace {

using test::Bytes;
using test::DiskFixture;
using test::DiskImage;

constexpr std::uint64_t kDiskBytes = 4 * kMiB;
constexpr std::uint64_t kDiskSectors = kDiskBytes / kSectorBytes;

DiskOptions options_for(const DiskImage& image) {
    DiskOptions options;
    options.path = image.path();
    return options;
}

template <typename Field>
Field config_field(DiskFixture& disk, std::size_t offset) {
    Field field{};
    const auto bytes = disk.driver->read_config(static_cast<std::uint32_t>(offset), sizeof field);
    std::memcpy(&field, bytes.data(), sizeof field);
    return field;
}

std::uint8_t writeback_field(DiskFixture& disk) {
    return config_field<std::uint8_t>(disk, offsetof(BlockConfig, writeback));
}

void write_writeback_field(DiskFixture& disk, std::uint8_t value) {
    disk.driver->try_write(0x100 + offsetof(BlockConfig, writeback), 1, value);
}

TEST_CASE("The configuration space describes the disk") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.queues = 2;
    DiskFixture disk(options);
    disk.start();
    CHECK(disk.capacity() == kDiskSectors);
    CHECK(config_field<std::uint32_t>(disk, offsetof(BlockConfig, seg_max)) == 254);
    CHECK(config_field<std::uint32_t>(disk, offsetof(BlockConfig, blk_size)) == 512);
    CHECK(config_field<std::uint8_t>(disk, offsetof(BlockConfig, physical_block_exp)) == 3);
    CHECK(config_field<std::uint16_t>(disk, offsetof(BlockConfig, min_io_size)) == 8);
    CHECK(config_field<std::uint16_t>(disk, offsetof(BlockConfig, num_queues)) == 2);
    CHECK(config_field<std::uint32_t>(disk, offsetof(BlockConfig, max_discard_seg)) == kMaxRanges);
    CHECK(config_field<std::uint32_t>(disk, offsetof(BlockConfig, max_discard_sectors)) ==
          kMaxRangeSectors);
    CHECK(config_field<std::uint8_t>(disk, offsetof(BlockConfig, write_zeroes_may_unmap)) == 1);
    CHECK((disk.device().offered_features() & VIRTIO_BLK_F_MQ) != 0);
}

TEST_CASE("Every queue of a disk serves") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.queues = DiskOptions::kMaxQueues;
    DiskFixture disk(options);
    disk.start();
    for (unsigned i = 0; i < options.queues; ++i) {
        CHECK(disk.request(VIRTIO_BLK_T_OUT, i, Bytes(512, static_cast<std::uint8_t>(i)), 0, i)
                  .status == VIRTIO_BLK_S_OK);
        CHECK(disk.device().counters(i).writes.value() == 1);
    }
    CHECK(image.read(15 * 512, 512) == Bytes(512, 15));
}

TEST_CASE("The cache is write-through unless the driver flushes") {
    const DiskImage image(kDiskBytes);
    DiskFixture disk(options_for(image));
    struct Case {
        std::uint64_t features;
        std::uint8_t writeback;
    };
    const auto row = GENERATE(values<Case>({
        {UINT64_MAX, 1},
        {~VIRTIO_BLK_F_CONFIG_WCE, 1},
        {~VIRTIO_BLK_F_FLUSH, 0},
        {~(VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE), 0},
    }));
    disk.start(row.features);
    CHECK(writeback_field(disk) == row.writeback);
    CHECK(disk.device().rules(0).writeback == (row.writeback == 1));
    CHECK(disk.request(VIRTIO_BLK_T_OUT, 0, Bytes(512, 7)).status == VIRTIO_BLK_S_OK);
    CHECK(disk.request(VIRTIO_BLK_T_DISCARD, 8, DiskFixture::segments({{8, 8, 0}})).status ==
          VIRTIO_BLK_S_OK);
    CHECK(image.read(0, 512) == Bytes(512, 7));
}

TEST_CASE("The driver switches the cache where it has negotiated that, until it resets") {
    const DiskImage image(kDiskBytes);
    DiskFixture disk(options_for(image));
    disk.start();
    write_writeback_field(disk, 0);
    CHECK(writeback_field(disk) == 0);
    CHECK_FALSE(disk.device().rules(0).writeback);
    write_writeback_field(disk, 1);
    CHECK(writeback_field(disk) == 1);
    write_writeback_field(disk, 0);
    disk.start();
    CHECK(writeback_field(disk) == 1);

    disk.start(~VIRTIO_BLK_F_CONFIG_WCE);
    write_writeback_field(disk, 0);
    CHECK(writeback_field(disk) == 1);
}

TEST_CASE("cache=writethrough stands, whatever the driver would like") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.cache = DiskOptions::Cache::kWritethrough;
    DiskFixture disk(options);
    disk.start();
    CHECK(writeback_field(disk) == 0);
    write_writeback_field(disk, 1);
    CHECK(writeback_field(disk) == 0);
    CHECK_FALSE(disk.device().rules(0).writeback);
    CHECK(disk.request(VIRTIO_BLK_T_OUT, 0, Bytes(4096, 3)).status == VIRTIO_BLK_S_OK);
    CHECK(image.read(0, 4096) == Bytes(4096, 3));
}

TEST_CASE("The configuration space is not the driver's to write, and ends where it ends") {
    const DiskImage image(kDiskBytes);
    DiskFixture disk(options_for(image));
    disk.start();
    const auto before = disk.driver->read_config(0, kBlockConfigBytes);
    for (std::uint32_t offset = 0; offset < kBlockConfigBytes; ++offset) {
        if (offset != offsetof(BlockConfig, writeback)) {
            disk.driver->try_write(0x100 + offset, 1, 0xff);
        }
    }
    CHECK(disk.driver->read_config(0, kBlockConfigBytes) == before);
}

/// As a user does it: open, resize, close.
void resize_from_outside(const DiskImage& image, std::uint64_t size_bytes) {
    const UniqueFd fd(::open(image.path().c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(size_bytes)) == 0);
}

TEST_CASE("A file that grows is announced while the guest does nothing") {
    const DiskImage image(kDiskBytes);
    DiskFixture disk(options_for(image));
    disk.start();
    disk.driver->take_interrupts();
    const auto generation = disk.driver->read(0x0fc);
    resize_from_outside(image, 2 * kDiskBytes);
    disk.loop.run_until_idle();
    CHECK(disk.capacity() == 2 * kDiskSectors);
    CHECK(disk.driver->read(0x0fc) != generation);
    CHECK((disk.driver->take_interrupts() & 2U) != 0);
    CHECK(disk.request(VIRTIO_BLK_T_OUT, kDiskSectors, Bytes(512, 5)).status == VIRTIO_BLK_S_OK);
}

TEST_CASE("Behind a truncated end there is no I/O, and no write makes the file grow again") {
    DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.engine = GENERATE(DiskOptions::Engine::kAuto, DiskOptions::Engine::kSync);
    options.direct = GENERATE(false, true);
    DiskFixture disk(options);
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_IN, 0, {}, 512).status == VIRTIO_BLK_S_OK);
    const bool is_noticed_before = GENERATE(false, true);
    if (is_noticed_before) {
        resize_from_outside(image, kMiB);
        disk.loop.run_until_idle();
        CHECK(disk.capacity() == kMiB / kSectorBytes);
    } else {
        image.resize(kMiB);  // by a descriptor that stays open: nobody is told
    }
    const std::uint64_t behind = kMiB / kSectorBytes;
    const auto first = GENERATE(VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_WRITE_ZEROES);
    if (first == VIRTIO_BLK_T_IN) {
        CHECK(disk.request(first, behind, {}, 4096).status == VIRTIO_BLK_S_IOERR);
        CHECK(disk.request(first, behind - 4, {}, 4096).status == VIRTIO_BLK_S_IOERR);
    } else if (first == VIRTIO_BLK_T_OUT) {
        CHECK(disk.request(first, behind, Bytes(4096, 1)).status == VIRTIO_BLK_S_IOERR);
    } else {
        const Bytes range = DiskFixture::segments({{0, 8, 0}, {behind, 8, 0}});
        CHECK(disk.request(first, 0, range).status == VIRTIO_BLK_S_IOERR);
    }
    CHECK(image.size() == kMiB);
    CHECK(disk.capacity() == behind);
    CHECK(disk.request(VIRTIO_BLK_T_IN, behind - 1, {}, 512).status == VIRTIO_BLK_S_OK);
    CHECK((disk.driver->status() & DEVICE_NEEDS_RESET) == 0);
}

/// No file of this process can be longer, for as long as it lives.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    void (*handler_)(int);
    rlimit before_{};
};

TEST_CASE("What the host cannot write is an I/O error of the guest's request alone") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.engine = GENERATE(DiskOptions::Engine::kAuto, DiskOptions::Engine::kSync);
    options.cache = GENERATE(DiskOptions::Cache::kWriteback, DiskOptions::Cache::kWritethrough);
    DiskFixture disk(options);
    disk.start();
    {
        const FileSizeLimit limit(kMiB);
        const auto outside = disk.request(VIRTIO_BLK_T_OUT, 2 * kMiB / 512, Bytes(512, 1));
        CHECK(outside.status == VIRTIO_BLK_S_IOERR);
        CHECK(outside.used_bytes == 1);
        // The host takes the first half of it.
        const auto across = disk.request(VIRTIO_BLK_T_OUT, kMiB / 512 - 8, Bytes(8192, 1));
        CHECK(across.status == VIRTIO_BLK_S_IOERR);
        CHECK(disk.request(VIRTIO_BLK_T_OUT, 0, Bytes(512, 2)).status == VIRTIO_BLK_S_OK);
    }
    CHECK(disk.device().counters(0).errors.value() == 2);
    CHECK((disk.driver->status() & DEVICE_NEEDS_RESET) == 0);
    CHECK(disk.request(VIRTIO_BLK_T_OUT, 2 * kMiB / 512, Bytes(512, 3)).status == VIRTIO_BLK_S_OK);
}

TEST_CASE("A reset restores what the disk was made with") {
    const DiskImage image(kDiskBytes);
    DiskFixture disk(options_for(image));
    disk.start();
    const auto config = disk.driver->read_config(0, kBlockConfigBytes);
    const auto features = disk.driver->offered_features();
    disk.start(~VIRTIO_BLK_F_FLUSH);
    CHECK(disk.request(VIRTIO_BLK_T_OUT, 0, Bytes(512)).status == VIRTIO_BLK_S_OK);
    disk.start();
    CHECK(disk.driver->read_config(0, kBlockConfigBytes) == config);
    CHECK(disk.driver->offered_features() == features);
    CHECK(disk.device().rules(0).writeback);
}

TEST_CASE("A reset ends what is in flight: nothing is used or written after it") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    options.direct = true;  // so that all of it is on its way
    DiskFixture disk(options);
    for (int round = 0; round < 20; ++round) {
        disk.start();
        std::vector<test::SubmittedChain> chains;
        for (unsigned i = 0; i < 16; ++i) {
            chains.push_back(disk.submit(VIRTIO_BLK_T_IN, std::uint64_t{i} * 64, {}, 32768));
        }
        disk.driver->notify(0);
        disk.loop.run_until_idle();
        disk.driver->write(0x070, 0);
        const auto used = disk.queue().used_idx();
        std::vector<Bytes> before;
        for (const auto& chain : chains) {
            before.push_back(disk.queue().written(chain));
        }
        disk.loop.run_until_idle();
        for (std::size_t i = 0; i < chains.size(); ++i) {
            CHECK(disk.queue().written(chains[i]) == before[i]);
        }
        CHECK(disk.queue().used_idx() == used);
    }
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_IN, 0, {}, 4096).status == VIRTIO_BLK_S_OK);
}

TEST_CASE("Past its limits a disk waits, and goes on when the time has come") {
    const DiskImage image(kDiskBytes);
    DiskOptions options = options_for(image);
    SECTION("operations") {
        options.limits.operations = TokenBucket::Rate::per_second(100);
    }  // a burst of 10
    SECTION("bytes") {
        options.limits.bytes = TokenBucket::Rate::per_second(51'200);
    }  // a burst of 5120
    DiskFixture disk(options);
    disk.start();
    const auto begin = std::chrono::steady_clock::now();
    std::vector<test::SubmittedChain> chains;
    for (unsigned i = 0; i < 16; ++i) {
        chains.push_back(disk.submit(VIRTIO_BLK_T_IN, i, {}, 512));
    }
    disk.notify();
    CHECK(disk.queue().used_idx() == 10);
    for (const auto& chain : chains) {
        CHECK(disk.answer_to(chain).status == VIRTIO_BLK_S_OK);
    }
    const auto time = std::chrono::steady_clock::now() - begin;
    CHECK(time >= std::chrono::milliseconds(59));
    // A reset neither waits for the limit nor fills it up again.
    disk.submit(VIRTIO_BLK_T_IN, 0, {}, 512);
    disk.notify();
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_IN, 0, {}, 512).status == VIRTIO_BLK_S_OK);
}

}  // namespace
}  // namespace skiff::virtio::block
