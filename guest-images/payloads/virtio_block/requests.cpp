// SPDX-License-Identifier: Apache-2.0
#include "virtio_block/requests.h"

#include "runtime/page_pool.h"
#include "runtime/user_mode.h"
#include "virtio/disk_pattern.h"

namespace payload::block_commands {
namespace {

using virtio::Buffer;
using virtio::Disk;
namespace block = virtio::block;

std::uint64_t data = 0;

struct Area {
    std::uint64_t address;
    std::uint64_t size;
    std::uint64_t offset;
    std::uint64_t seed;
};

std::uint32_t bytes_of(std::uint64_t sectors) {
    const std::uint64_t bytes = sectors * block::kSectorSize;
    return static_cast<std::uint32_t>(bytes < kDataSize ? bytes : kDataSize);
}

/// Prints what came of a request; false where it did not come back.
bool report(const Command& command, const Disk::Result& result) {
    if (!result.came) {
        print(command.word, ": not used in time\n");
        return false;
    }
    print(command.word, ": status ", std::uint64_t{result.status}, " written ",
          std::uint64_t{result.length});
    return true;
}

bool report_content(const Disk::Result& result, std::uint64_t size, std::uint64_t offset,
                    std::uint64_t seed) {
    if (result.status != block::kStatusOk) {
        print("\n");
        return true;
    }
    const std::uint64_t at = first_difference_quickly(data, size, offset, seed);
    if (at == size) {
        print(" content ok\n");
        return true;
    }
    print(" content WRONG at ", offset + at, ": ", Hex{load<std::uint64_t>(data + at)}, " not ",
          Hex{pattern_word(offset + at, seed)}, "\n");
    return false;
}

bool run_and_report(Disk& disk, const Command& command, const Disk::Request& request) {
    const bool came = report(command, disk.run(0, request));
    if (came) {
        print("\n");
    }
    return came;
}

bool run_ranges(Disk& disk, const Command& command, std::uint32_t type, std::uint64_t count) {
    const Buffer buffer = {data, static_cast<std::uint32_t>(count * sizeof(block::Range)), false};
    return run_and_report(disk, command, {.type = type, .sector = 0, .data = &buffer, .parts = 1});
}

}  // namespace

bool set_up_data() {
    data = allocate_pages(kDataSize / kPageSize);
    user_mode::set_up(0);
    return data != 0;
}

std::uint64_t data_address() {
    return data;
}

std::uint64_t first_difference_quickly(std::uint64_t address, std::uint64_t size,
                                       std::uint64_t offset, std::uint64_t seed) {
    const Area area = {address, size, offset, seed};
    return user_mode::run(
        0,
        [](std::uint64_t argument) {
            const Area& at = *reinterpret_cast<const Area*>(argument);
            return first_difference(at.address, at.size, at.offset, at.seed);
        },
        reinterpret_cast<std::uint64_t>(&area));
}

void fill_pattern_quickly(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                          std::uint64_t seed) {
    const Area area = {address, size, offset, seed};
    user_mode::run(
        0,
        [](std::uint64_t argument) -> std::uint64_t {
            const Area& at = *reinterpret_cast<const Area*>(argument);
            fill_pattern(at.address, at.size, at.offset, at.seed);
            return 0;
        },
        reinterpret_cast<std::uint64_t>(&area));
}

bool read(Disk& disk, const Command& command) {
    const std::uint64_t sector = command.number(0);
    const std::uint32_t bytes = bytes_of(command.number(1, 1));
    // What is there before must not be what is expected.
    fill_pattern_quickly(data, bytes, sector * block::kSectorSize, ~command.number(2));
    const Buffer buffer = {data, bytes, true};
    const Disk::Result result =
        disk.run(static_cast<unsigned>(command.number(3)),
                 {.type = block::kIn, .sector = sector, .data = &buffer, .parts = 1});
    return report(command, result) &&
           report_content(result, bytes, sector * block::kSectorSize, command.number(2));
}

bool write(Disk& disk, const Command& command) {
    const std::uint64_t sector = command.number(0);
    const std::uint32_t bytes = bytes_of(command.number(1, 1));
    fill_pattern_quickly(data, bytes, sector * block::kSectorSize, command.number(2));
    const Buffer buffer = {data, bytes, false};
    const bool came = report(
        command, disk.run(static_cast<unsigned>(command.number(3)),
                          {.type = block::kOut, .sector = sector, .data = &buffer, .parts = 1}));
    print("\n");
    return came;
}

bool read_oddly_framed(Disk& disk, const Command& command) {
    const std::uint64_t sector = command.number(0);
    const std::uint32_t bytes = bytes_of(command.number(1, 1));
    const std::uint64_t header = data + bytes + 64;
    store<std::uint32_t>(header, block::kIn);
    store<std::uint32_t>(header + 4, 0);
    store<std::uint64_t>(header + 8, sector);
    store<std::uint8_t>(data + bytes, 0xff);
    const Buffer chain[] = {{header, 3, false},
                            {header + 3, 13, false},
                            {data, 1, true},
                            {data + 1, 510, true},
                            {data + 511, bytes - 511 + 1, true}};
    std::uint16_t head = 0;
    virtio::Completion completion = {};
    virtio::Queue& queue = disk.queue(0);
    const bool taken = disk.options().indirect ? queue.submit_indirect(chain, 5, head)
                                               : queue.submit(chain, 5, head);
    disk.publish(0);
    if (!taken || !disk.wait(0, completion)) {
        return report(command, {});
    }
    const Disk::Result result = {true, load<std::uint8_t>(data + bytes), completion.length};
    return report(command, result) &&
           report_content(result, bytes, sector * block::kSectorSize, command.number(2));
}

bool flush(Disk& disk, const Command& command) {
    return run_and_report(disk, command, {.type = block::kFlushCache, .sector = 0});
}

bool get_id(Disk& disk, const Command& command) {
    memset(reinterpret_cast<void*>(data), '?', block::kIdSize);
    const Buffer buffer = {data, block::kIdSize, true};
    const Disk::Result result =
        disk.run(0, {.type = block::kGetId, .sector = 0, .data = &buffer, .parts = 1});
    if (!report(command, result)) {
        return false;
    }
    const auto* id = reinterpret_cast<const char*>(data);
    std::size_t size = 0;
    while (size < block::kIdSize && id[size] != '\0') {
        ++size;
    }
    print(" \"", Text{id, size}, "\"\n");
    return true;
}

bool discard(Disk& disk, const Command& command) {
    auto* ranges = reinterpret_cast<block::Range*>(data);
    const unsigned count = command.count / 2;
    for (unsigned i = 0; i < count; ++i) {
        ranges[i] = {command.number(2 * i), static_cast<std::uint32_t>(command.number(2 * i + 1)),
                     0};
    }
    return run_ranges(disk, command, block::kDiscardSectors, count);
}

bool write_zeroes(Disk& disk, const Command& command) {
    *reinterpret_cast<block::Range*>(data) = {command.number(0),
                                              static_cast<std::uint32_t>(command.number(1)),
                                              command.number(2) != 0 ? block::kUnmap : 0};
    return run_ranges(disk, command, block::kWriteZeroSectors, 1);
}

bool raw(Disk& disk, const Command& command) {
    const auto bytes = static_cast<std::uint32_t>(command.number(2));
    if (bytes > kDataSize) {
        return false;
    }
    *reinterpret_cast<block::Range*>(data) = {command.number(1), 8,
                                              static_cast<std::uint32_t>(command.number(4))};
    const Buffer buffer = {data, bytes, command.number(3) != 0};
    return run_and_report(disk, command,
                          {.type = static_cast<std::uint32_t>(command.number(0)),
                           .sector = command.number(1),
                           .data = &buffer,
                           .parts = bytes == 0 ? 0u : 1u});
}

}  // namespace payload::block_commands
