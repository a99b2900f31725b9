// SPDX-License-Identifier: Apache-2.0
// Plays a driver's requests, decoded from the input, against a disk in memory behind the MMIO
// transport: any type, any sector, any framing, ranges of any content, configuration writes,
// resets, and a host file that changes its size meanwhile. The first byte says what kind of disk it
// is, then eight bytes an action: what, type, sector (2), two small numbers, and a value (2).
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/mmio_driver.h"
#include "virtio/block/block_device.h"
#include "virtio/mmio/mmio_transport.h"

namespace {

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::block;

constexpr std::size_t kActionBytes = 8;
constexpr std::size_t kMaxActions = 128;
constexpr std::uint64_t kDiskBytes = 256 * kKiB;
constexpr GuestRange kRam{GuestAddress(0), 64 * kMiB};
constexpr std::uint16_t kQueueEntries = 16;
constexpr std::uint32_t kRegStatus = 0x070;
constexpr std::uint32_t kRegConfig = 0x100;

struct Action {
    std::uint8_t what;
    std::uint8_t type;
    std::uint16_t sector;
    std::uint8_t first;
    std::uint8_t second;
    std::uint16_t value;
};

DiskOptions options_of(std::uint8_t kind, const std::string& path) {
    DiskOptions options;
    options.path = path;
    options.read_only = (kind & 1) != 0;
    options.engine = (kind & 2) != 0 ? DiskOptions::Engine::kSync : DiskOptions::Engine::kAuto;
    options.cache =
        (kind & 4) != 0 ? DiskOptions::Cache::kWritethrough : DiskOptions::Cache::kWriteback;
    options.discard = (kind & 8) == 0;
    options.queues = (kind & 16) != 0 ? 2 : 1;
    options.serial = (kind & 32) != 0 ? "fuzzed" : "";
    return options;
}

class Player {
  public:
    explicit Player(std::uint8_t kind) : file_(::memfd_create("fuzzed", MFD_CLOEXEC)) {
        SKIFF_CHECK(file_.valid());
        resize(kDiskBytes);
        const DiskOptions options =
            options_of(kind, "/proc/self/fd/" + std::to_string(file_.get()));
        auto opened = BlockDevice::open(options);
        SKIFF_CHECK(opened.ok());
        auto created = mmio::MmioTransport::create(
            [&](DeviceHost& host) {
                return std::make_unique<BlockDevice>(std::move(*opened), options, host);
            },
            {.memory = memory_, .irq = line_, .loops = loops_, .name = "fuzzed"});
        SKIFF_CHECK(created.ok());
        transport_ = std::move(*created);
        start(UINT64_MAX);
    }

    void play(const Action& action) {
        switch (action.what % 8) {
            case 0:
            case 1:
                send(action);
                return;
            case 2:
                send_ranges(action);
                return;
            case 3:
                driver().notify(0);
                return;
            case 4:
                loop_.run_until_idle();
                return;
            case 5:
                driver().try_write(kRegConfig + action.first % 64,
                                   std::size_t{1} << (action.second % 4), action.value);
                return;
            case 6:
                start(action.value * 0x1'0001ULL);
                return;
            default:
                resize(std::uint64_t{action.value} * 16);
                return;
        }
    }

    /// Whatever was done to it, the disk works for a driver that resets it and keeps the rules.
    void check_that_it_works() {
        resize(kDiskBytes);
        start(UINT64_MAX);
        const std::array<std::uint8_t, 4> content = {1, 2, 3, 4};
        SKIFF_CHECK(::pwrite(file_.get(), content.data(), content.size(), 512) == 4);
        const auto chain =
            queue_->chain().readable(header(VIRTIO_BLK_T_IN, 1)).writable(512).writable(1).submit();
        driver().notify(0);
        std::optional<test::DriverQueue::Used> used;
        while (!used.has_value()) {  // the fuzzer's time limit ends a loop that never does
            loop_.run_until_idle();
            used = queue_->take_used();
        }
        SKIFF_CHECK(*used == (test::DriverQueue::Used{chain.head, 513}));
        const test::Bytes written = queue_->written(chain);
        SKIFF_CHECK(std::equal(content.begin(), content.end(), written.begin()));
        SKIFF_CHECK(written.back() == VIRTIO_BLK_S_OK);
    }

  private:
    test::MmioDriver driver() { return test::MmioDriver(*transport_); }

    void start(std::uint64_t features) {
        driver().write(kRegStatus, 0);
        check_that_the_guest_did_not_resize();
        SKIFF_CHECK(
            driver().negotiate((driver().offered_features() & features) | VIRTIO_F_VERSION_1));
        queue_.emplace(memory_, GuestAddress(0x1000), kRam.size_bytes - 0x1000, kQueueEntries);
        room_ = kMaxActions;
        in_use_ = 0;
        SKIFF_CHECK(driver().set_up_queue(0, queue_->layout()));
        driver().driver_ok();
    }

    static test::Bytes header(std::uint32_t type, std::uint64_t sector) {
        const RequestHeader header{.type = type, .reserved = 0, .sector = sector};
        test::Bytes bytes(sizeof header);
        std::memcpy(bytes.data(), &header, sizeof header);
        return bytes;
    }

    static std::uint32_t type_of(std::uint8_t type) {
        constexpr std::array kTypes = {VIRTIO_BLK_T_IN,      VIRTIO_BLK_T_OUT,
                                       VIRTIO_BLK_T_FLUSH,   VIRTIO_BLK_T_GET_ID,
                                       VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES};
        return type < 0x80 ? kTypes.at(type % kTypes.size()) : type * 0x0101'0101U;
    }

    /// Mostly on the disk, or near its end; the highest bit: anywhere.
    static std::uint64_t sector_of(std::uint16_t sector) {
        return (sector & 0x8000) != 0 ? sector * 0x0002'0001'8001'0001ULL : sector % 600;
    }

    /// Frees the descriptors of what was used. A driver has so many descriptors and no more.
    bool has_room_for(unsigned descriptors) {
        while (const auto used = queue_->take_used()) {
            in_use_ -= std::min(in_use_, kMostDescriptors);
        }
        return in_use_ + descriptors <= kQueueEntries && room_-- > 0;
    }

    void send(const Action& action) {
        if (!has_room_for(kMostDescriptors)) {
            return;
        }
        in_use_ += kMostDescriptors;
        test::Bytes head = header(type_of(action.type), sector_of(action.sector));
        if ((action.first & 1) != 0) {
            head.resize(action.second % 24);
        }
        auto chain = queue_->chain();
        const std::uint32_t bytes =
            (action.first & 2) != 0 ? action.value : action.value % 64 * 512U;
        if (!head.empty()) {
            chain.readable(head);
        }
        if ((action.first & 4) != 0 && bytes != 0) {
            chain.readable(test::Bytes(bytes, action.second));
        }
        if ((action.first & 8) != 0 && bytes != 0) {
            chain.writable(bytes);
        }
        if ((action.first & 16) == 0) {
            chain.writable(1 + (action.second & 1U));
        } else if (head.empty()) {
            chain.readable({1});
        }
        chain.submit();
    }

    void send_ranges(const Action& action) {
        if (!has_room_for(kMostDescriptors)) {
            return;
        }
        in_use_ += kMostDescriptors;
        std::vector<RangeSegment> ranges(1 + action.first % 18);
        for (std::size_t i = 0; i < ranges.size(); ++i) {
            ranges[i] = {.sector = sector_of(static_cast<std::uint16_t>(action.sector + 7 * i)),
                         .num_sectors = (action.value & 0x8000) != 0 ? action.value * 0x1'0001U
                                                                     : action.value % 600U,
                         .flags = action.second < 0xc0 ? action.second & 1U : action.second};
        }
        test::Bytes bytes(ranges.size() * sizeof(RangeSegment));
        std::memcpy(bytes.data(), ranges.data(), bytes.size());
        const std::uint32_t type =
            (action.type & 1) != 0 ? VIRTIO_BLK_T_DISCARD : VIRTIO_BLK_T_WRITE_ZEROES;
        queue_->chain().readable(header(type, 0)).readable(bytes).writable(1).submit();
    }

    void resize(std::uint64_t bytes) {
        file_bytes_ = static_cast<off_t>(bytes);
        SKIFF_CHECK(::ftruncate(file_.get(), file_bytes_) == 0);
        was_smaller_ = was_smaller_ || bytes < kDiskBytes;
    }

    /// A guest changes what is on its disk, never how large it is. (Where the host makes the file
    /// smaller at the same time, what is on its way may lie behind the new end.)
    void check_that_the_guest_did_not_resize() {
        if (!was_smaller_) {
            SKIFF_CHECK(::lseek(file_.get(), 0, SEEK_END) == file_bytes_);
        }
    }

    static constexpr unsigned kMostDescriptors = 4;

    UniqueFd file_;
    off_t file_bytes_ = 0;
    bool was_smaller_ = false;
    GuestMemory memory_ = std::move(GuestMemory::create(std::array{kRam}, {})).value();
    EventLoop loop_ = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops_ = {&loop_};
    test::CountingIrqLine line_;
    std::unique_ptr<mmio::MmioTransport> transport_;
    std::optional<test::DriverQueue> queue_;
    std::size_t room_ = 0;
    unsigned in_use_ = 0;
};

std::uint16_t u16(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = log::configure({.level = log::Level::kOff, .file_path = {}}).ok();
    SKIFF_CHECK(quiet);
    std::span<const std::uint8_t> rest(data, size);
    if (rest.empty()) {
        return 0;
    }
    Player player(rest[0]);
    rest = rest.subspan(1);
    for (std::size_t i = 0; i < kMaxActions && rest.size() >= kActionBytes; ++i) {
        player.play({.what = rest[0],
                     .type = rest[1],
                     .sector = u16(rest.subspan(2)),
                     .first = rest[4],
                     .second = rest[5],
                     .value = u16(rest.subspan(6))});
        rest = rest.subspan(kActionBytes);
    }
    player.check_that_it_works();
    return 0;
}
