// SPDX-License-Identifier: Apache-2.0
// Reads entropy from a virtio-rng device in each way that the transport has: polled and by
// interrupt, with and without EVENT_IDX, in direct and indirect chains; each time it checks that
// two reads differ and that nothing outside what the device says it wrote was written. `device=N`
// takes the Nth, `bytes=N` prints so many bytes of the last read, `total=N` goes on reading to N
// bytes and prints how long that took.
#include "runtime/boot_info.h"
#include "runtime/expect.h"
#include "runtime/kvm_clock.h"
#include "runtime/page_pool.h"
#include "runtime/run_payload.h"
#include "virtio/interrupt.h"
#include "virtio/queue.h"

namespace payload {
namespace {

using virtio::Buffer;
using virtio::Completion;
using virtio::Device;
using virtio::Queue;

constexpr std::uint16_t kQueueSize = 8;
constexpr std::uint32_t kReadSize = 64;
constexpr std::uint8_t kUntouched = 0xa5;

Device device;
Queue queue;
std::uint64_t page;
Expectations expect;
std::uint64_t asked_by_interrupt = 0;

enum class Waiting { kPolled, kByInterrupt };
enum class Chain { kDirect, kIndirect };

bool bring_up(std::uint64_t optional_features) {
    if (!device.negotiate(virtio::kFeatureVersion1, optional_features) ||
        !queue.set_up(device, 0, kQueueSize)) {
        print("the device does not come up\n");
        return false;
    }
    device.set_driver_ok();
    return true;
}

/// One request; how many bytes it gave.
std::uint32_t request(const Buffer* buffers, unsigned count, Waiting waiting, Chain chain) {
    std::uint16_t head = 0;
    const bool taken = chain == Chain::kDirect ? queue.submit(buffers, count, head)
                                               : queue.submit_indirect(buffers, count, head);
    expect.is_true("descriptors are free", taken);
    if (waiting == Waiting::kByInterrupt) {
        ++asked_by_interrupt;
        queue.arm_interrupt();
    }
    queue.publish();
    Completion completion = {};
    const bool came =
        waiting == Waiting::kPolled ? queue.wait(completion) : sleep_until_used(queue, completion);
    expect.is_true("the request is used", came);
    expect.equal("head", completion.head, head);
    return completion.length;
}

std::uint32_t read_at(std::uint64_t address, std::uint32_t size, Waiting waiting, Chain chain) {
    const Buffer buffer = {address, size, true};
    return request(&buffer, 1, waiting, chain);
}

bool is_zero(std::uint64_t address, std::uint32_t size) {
    for (std::uint32_t i = 0; i < size; ++i) {
        if (load<std::uint8_t>(address + i) != 0) {
            return false;
        }
    }
    return true;
}

void two_reads_differ(Waiting waiting, Chain chain) {
    const std::uint64_t second = page + 2 * kReadSize;
    memset(reinterpret_cast<void*>(page), kUntouched, 4 * kReadSize);
    const std::uint32_t got = read_at(page, kReadSize, waiting, chain);
    const std::uint32_t got_again = read_at(second, kReadSize, waiting, chain);
    expect.is_true("bytes came", got > 0 && got <= kReadSize);
    expect.is_true("bytes came again", got_again > 0 && got_again <= kReadSize);
    const std::uint32_t both = got < got_again ? got : got_again;
    expect.is_true("the reads differ", memcmp(reinterpret_cast<void*>(page),
                                              reinterpret_cast<void*>(second), both) != 0);
    expect.is_true("they are not zero", !is_zero(page, got) && !is_zero(second, got_again));
    for (std::uint32_t i = got; i < 2 * kReadSize; ++i) {
        expect.equal("a byte after the read", load<std::uint8_t>(page + i), kUntouched);
    }
}

/// Odd sizes, more requests than the ring has places, and a chain of several buffers.
void sizes_and_chains() {
    for (std::uint32_t size = 1; size <= 2 * kQueueSize + 1; ++size) {
        store<std::uint8_t>(page + size, kUntouched);
        const std::uint32_t got = read_at(page, size, Waiting::kPolled, Chain::kDirect);
        expect.is_true("some of a small buffer", got > 0 && got <= size);
        expect.equal("the byte after it", load<std::uint8_t>(page + size), kUntouched);
    }
    const Buffer parts[] = {{page, 5, true}, {page + 100, 11, true}, {page + 200, 16, true}};
    memset(reinterpret_cast<void*>(page), kUntouched, 300);
    const std::uint32_t got = request(parts, 3, Waiting::kPolled, Chain::kDirect);
    expect.is_true("some of a chain", got > 0 && got <= 32);
    expect.equal("between its buffers", load<std::uint8_t>(page + 5), kUntouched);
    expect.equal("after its buffers", load<std::uint8_t>(page + 216), kUntouched);
}

void try_all_ways(std::uint64_t features) {
    if (!bring_up(features)) {
        expect.is_true("the device comes up", false);
        return;
    }
    print("event_idx ", std::uint64_t{device.has(virtio::kFeatureEventIdx)}, " indirect ",
          std::uint64_t{device.has(virtio::kFeatureIndirect)}, "\n");
    asked_by_interrupt = 0;
    two_reads_differ(Waiting::kPolled, Chain::kDirect);
    sizes_and_chains();
    const std::uint32_t before = interrupt_counts(device).used_buffer;
    two_reads_differ(Waiting::kByInterrupt, Chain::kDirect);
    if (device.has(virtio::kFeatureIndirect)) {
        two_reads_differ(Waiting::kPolled, Chain::kIndirect);
        two_reads_differ(Waiting::kByInterrupt, Chain::kIndirect);
    }
    const std::uint32_t interrupts = interrupt_counts(device).used_buffer - before;
    print("interrupts ", std::uint64_t{interrupts}, " for ", asked_by_interrupt, " requests\n");
    expect.equal("interrupts", interrupts, asked_by_interrupt);
    expect.equal("used elements that no request asked for", queue.strange_completions(), 0);
}

void read_much(std::uint64_t total) {
    const std::uint64_t begin = kvm_clock::nanoseconds();
    std::uint64_t got = 0;
    while (got < total) {
        const std::uint64_t left = total - got;
        const auto size = static_cast<std::uint32_t>(left < kPageSize ? left : kPageSize);
        const std::uint32_t more = read_at(page, size, Waiting::kPolled, Chain::kDirect);
        if (more == 0) {
            return expect.is_true("bytes keep coming", false);
        }
        got += more;
    }
    print("read ", got, " bytes in ", kvm_clock::nanoseconds() - begin, " ns\n");
}

void print_bytes(std::uint64_t count) {
    print("bytes ");
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto byte = load<std::uint8_t>(page + i);
        put("0123456789abcdef"[byte >> 4]);
        put("0123456789abcdef"[byte & 0xf]);
    }
    print("\n");
}

}  // namespace

std::uint8_t run() {
    const auto number = static_cast<unsigned>(option("device", std::uint64_t{0}));
    page = allocate_pages(1);
    if (page == 0 || !Device::find(virtio::kEntropyDevice, number, device)) {
        print("no entropy device\n");
        return 1;
    }
    print("entropy device at ", Hex{device.window().address}, " irq ",
          std::uint64_t{device.window().irq}, " features ", Hex{device.offered_features()}, "\n");
    enable_interrupt(device);
    try_all_ways(0);
    try_all_ways(virtio::kFeatureEventIdx);
    try_all_ways(virtio::kFeatureEventIdx | virtio::kFeatureIndirect);
    if (const std::uint64_t total = option("total", std::uint64_t{0}); total != 0) {
        expect.is_true("kvmclock", kvm_clock::set_up());
        read_much(total);
    }
    print_bytes(option("bytes", std::uint64_t{16}));
    return expect.verdict();
}

}  // namespace payload
