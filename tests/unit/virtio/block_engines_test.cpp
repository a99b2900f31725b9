// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <random>

#include "disk_fixture.h"
#include "virtio/block/write_stalls.h"

namespace skiff::virtio::block {
namespace {

using test::Bytes;
using test::DiskFixture;
using test::DiskImage;

constexpr std::uint64_t kDiskSectors = 2048;

/// What a disk should hold, and a guest that changes both at random: batches of requests on ranges
/// that do not overlap, in flight at the same time.
class RandomGuest {
  public:
    RandomGuest(DiskFixture& disk, unsigned seed)
        : disk_(disk), random_(seed), model_(kDiskSectors * kSectorBytes) {}

    void run_batch() {
        // A slice of the disk for each request.
        constexpr std::uint64_t kSlices = 16;
        constexpr std::uint64_t kSliceSectors = kDiskSectors / kSlices;
        const std::size_t queue = pick(disk_.queues.size());
        std::vector<Sent> sent;
        for (std::uint64_t slice = 0; slice < kSlices; ++slice) {
            const std::uint64_t length = 1 + pick(kSliceSectors);
            const std::uint64_t start = slice * kSliceSectors + pick(kSliceSectors - length + 1);
            sent.push_back(send(queue, start, length));
        }
        disk_.notify(static_cast<std::uint32_t>(queue));
        for (std::size_t i = 0; i < sent.size(); ++i) {
            receive(queue, sent);
        }
    }

    const Bytes& model() const { return model_; }

  private:
    struct Sent {
        test::SubmittedChain chain;
        std::uint32_t type;
        std::uint64_t sector;
        std::uint64_t length;
    };

    std::uint64_t pick(std::uint64_t below) { return random_() % below; }

    auto at(std::uint64_t sector) {
        return model_.begin() + static_cast<long>(sector * kSectorBytes);
    }

    Sent send(std::size_t queue, std::uint64_t sector, std::uint64_t length) {
        static constexpr std::array kTypes = {VIRTIO_BLK_T_IN,    VIRTIO_BLK_T_IN,
                                              VIRTIO_BLK_T_OUT,   VIRTIO_BLK_T_OUT,
                                              VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_WRITE_ZEROES};
        const std::uint32_t type = kTypes.at(pick(kTypes.size()));
        auto chain = disk_.queue(queue).chain();
        chain.readable(DiskFixture::header(type, sector));
        const auto bytes = static_cast<std::uint32_t>(length * kSectorBytes);
        const auto first = static_cast<std::uint32_t>(pick(bytes));  // any split, any alignment
        if (type == VIRTIO_BLK_T_OUT) {
            Bytes data(bytes);
            for (auto& byte : data) {
                byte = static_cast<std::uint8_t>(random_());
            }
            std::copy(data.begin(), data.end(), at(sector));
            chain.readable(Bytes(data.begin(), data.begin() + first));
            chain.readable(Bytes(data.begin() + first, data.end()));
        } else if (type == VIRTIO_BLK_T_IN) {
            chain.writable(first).writable(bytes - first);
        } else if (type == VIRTIO_BLK_T_WRITE_ZEROES) {
            chain.readable(DiskFixture::segments({{sector, static_cast<std::uint32_t>(length),
                                                   static_cast<std::uint32_t>(pick(2))}}));
            std::fill(at(sector), at(sector + length), std::uint8_t{0});
        }
        return {chain.writable(1).submit(), type, sector, length};
    }

    void receive(std::size_t queue, const std::vector<Sent>& sent) {
        const auto used = disk_.wait_used(queue);
        const auto found = std::find_if(sent.begin(), sent.end(), [&](const Sent& request) {
            return request.chain.head == used.id;
        });
        REQUIRE(found != sent.end());
        Bytes written = disk_.queue(queue).written(found->chain);
        REQUIRE(written.back() == VIRTIO_BLK_S_OK);
        written.pop_back();
        if (found->type == VIRTIO_BLK_T_IN) {
            REQUIRE(used.len == written.size() + 1);
            REQUIRE(written == Bytes(at(found->sector), at(found->sector + found->length)));
        }
    }

    DiskFixture& disk_;
    std::mt19937 random_;
    Bytes model_;
};

TEST_CASE("Every engine does to the disk what a model does to memory") {
    const DiskImage image(kDiskSectors * kSectorBytes);
    DiskOptions options;
    options.path = image.path();
    options.engine = GENERATE(DiskOptions::Engine::kAuto, DiskOptions::Engine::kSync);
    options.direct = GENERATE(false, true);
    options.cache = GENERATE(DiskOptions::Cache::kWriteback, DiskOptions::Cache::kWritethrough);
    options.queues = 2;
    DiskFixture disk(options);
    disk.room_bytes = 60 * kMiB;  // buffers are not used twice
    disk.start();
    RandomGuest guest(disk, 4711);
    for (int batch = 0; batch < 20; ++batch) {
        guest.run_batch();
    }
    CHECK(image.read(0, kDiskSectors * kSectorBytes) == guest.model());
}

TEST_CASE("After a write that took long, writes are left to the kernel's threads for a second") {
    using namespace std::chrono_literals;
    WriteStalls stalls;
    CHECK_FALSE(stalls.avoid(100s));
    stalls.wrote(100s, 100s + 36ms);
    CHECK_FALSE(stalls.avoid(100s + 36ms));
    stalls.wrote(100s, 100s + 40ms);
    CHECK(stalls.avoid(100s + 40ms));
    CHECK(stalls.avoid(101s));
    CHECK_FALSE(stalls.avoid(101s + 40ms));
}

// UBSan looks at objects through a pipe, which takes the descriptors that these tests deny.
#ifndef __SANITIZE_ADDRESS__

/// So many descriptors beside those that are open now, for as long as it lives.
class DescriptorLimit {
  public:
    explicit DescriptorLimit(unsigned more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const UniqueFd next(::dup(0));
        const rlimit limit{.rlim_cur = static_cast<rlim_t>(next.get()) + more,
                           .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;

  private:
    rlimit before_{};
};

TEST_CASE("A disk works where the host refuses io_uring") {
    const DiskImage image(kDiskSectors * kSectorBytes);
    DiskOptions options;
    options.path = image.path();
    options.direct = GENERATE(false, true);
    DiskFixture disk(options);
    const DescriptorLimit limit(0);
    CHECK_FALSE(make_uring_engine(disk.device().file(), 1).ok());
    disk.start();
    CHECK(disk.request(VIRTIO_BLK_T_OUT, 0, Bytes(512, 1)).status == VIRTIO_BLK_S_OK);
    CHECK(disk.request(VIRTIO_BLK_T_FLUSH, 0).status == VIRTIO_BLK_S_OK);
    CHECK(image.read(0, 512) == Bytes(512, 1));
}

TEST_CASE("engine=uring is an error where the host refuses io_uring") {
    const DiskImage image(kDiskSectors * kSectorBytes);
    DiskOptions options;
    options.path = image.path();
    options.engine = DiskOptions::Engine::kUring;
    CHECK(BlockDevice::open(options).ok());
    const DescriptorLimit limit(1);
    const auto file = BlockDevice::open(options);
    REQUIRE_FALSE(file.ok());
    CHECK(file.error().kind() == ErrorKind::kHost);
    CHECK_THAT(file.error().message(), Catch::Contains(image.path()) &&
                                           Catch::Contains("engine=uring") &&
                                           Catch::Contains("io_uring cannot be used"));
}

#endif

}  // namespace
}  // namespace skiff::virtio::block
