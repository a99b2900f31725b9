// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/device_report.h"

#include <catch2/catch.hpp>

namespace skiff::machine {
namespace {

TEST_CASE("Each device is told of in a line of its own, and each of its queues") {
    MachineStatistics statistics;
    statistics.devices = {
        {.name = "disk /d",
         .type = virtio::DeviceType::kBlock,
         .place = 0,
         .queues = {{.chains = 1, .kicks = 2, .interrupts = 3, .errors = 4}, {}}}};
    statistics.disks = {{.path = "/d",
                         .reads = 1,
                         .read_bytes = 1024,
                         .writes = 2,
                         .written_bytes = 2048,
                         .flushes = 3,
                         .range_changes = 4,
                         .errors = 5}};
    statistics.nets = {{.name = "tap0",
                        .received = {.frames = 1, .bytes = 1024, .dropped = 2},
                        .sent = {.frames = 3, .bytes = 4096, .dropped = 4},
                        .filtered = 5}};
    statistics.balloon = BalloonStatistics{.inflated_bytes = 1024,
                                           .deflated_pages = 2,
                                           .reported_bytes = 4096,
                                           .hinted_bytes = 8192,
                                           .refused_pages = 3};
    statistics.console = ConsoleStatistics{
        .ports = {{.id = 1, .name = "log", .bytes_out = 2, .bytes_in = 3}}, .ignored_messages = 4};
    statistics.vsock = VsockStatistics{.streams_from_host = 1,
                                       .streams_from_guest = 2,
                                       .refused = 3,
                                       .resets = 4,
                                       .bytes_to_guest = 1024,
                                       .bytes_from_guest = 2048,
                                       .strange_packets = 5};
    CHECK(describe_devices(statistics) ==
          std::vector<std::string>{
              "disk /d: queue 0: 1 chains, 2 notifications, 3 interrupts, 4 errors",
              "disk /d: queue 1: 0 chains, 0 notifications, 0 interrupts, 0 errors",
              "balloon: given back: 1 KiB inflated, 4 KiB reported; 2 pages deflated, 8 KiB "
              "hinted, 3 pages refused",
              "console: port 1 log: 2 bytes from the guest, 3 to it",
              "console: 4 control messages ignored",
              "disk /d: 1 reads (1 KiB), 2 writes (2 KiB), 3 flushes, 4 discards, 5 errors",
              "net tap0: 1 frames received (1 KiB), 2 dropped; 3 frames sent (4 KiB), 4 dropped; 5 "
              "filtered",
              "vsock: 1 streams from the host, 2 from the guest, 3 refused, 4 reset; 1 KiB to the "
              "guest, 2 KiB from it; 5 strange packets"});
}

}  // namespace
}  // namespace skiff::machine
