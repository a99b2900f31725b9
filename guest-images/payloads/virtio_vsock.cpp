// SPDX-License-Identifier: Apache-2.0
// The guest's end of many streams. `streams=N`: ends when so many have.
//   mode=echo   what the host sends comes back; after the host's half close follow eight bytes, how
//               much it was
//   mode=drain  the same, but only the eight bytes come back
//   mode=pour   connects to the host's port `port=` as often, sends `total=` bytes on each stream
//               and ends its direction; then the host must say in eight bytes how much came
#include "virtio_vsock/driver.h"

#include "runtime/boot_info.h"
#include "runtime/page_pool.h"
#include "runtime/patience.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

using namespace virtio::vsock;
using vsock::Driver;
using vsock::Stream;
using State = Stream::State;

constexpr std::uint32_t kBlock = 60 * 1024;
constexpr unsigned kMostWaiting = 128;
// Some half a second in which nothing moves.
constexpr std::uint64_t kStuckCycles = 1'200'000'000;

Driver driver;
bool echoes = false;
bool pours = false;
std::uint64_t total = 0;
std::uint64_t block = 0;  // what is poured
unsigned ended = 0, reset = 0, failures = 0;
std::uint64_t moved = 0;

/// Packets that wait for the host's credit, in order.
struct Waiting {
    Stream* stream;
    std::uint64_t page;
    std::uint32_t bytes;
};
Waiting waiting[kMostWaiting];
unsigned waiting_count = 0;

bool waits(const Stream& stream) {
    for (unsigned i = 0; i < waiting_count; ++i) {
        if (waiting[i].stream == &stream) {
            return true;
        }
    }
    return false;
}

void fail(const char* what, const Stream& stream) {
    ++failures;
    print("FAILED: ", what, ", stream ", std::uint64_t{stream.host_port}, "\n");
}

void end(Stream& stream) {
    stream.state = State::kNone;
    ++ended;
}

void echo(Stream& stream, std::uint64_t page, std::uint32_t bytes) {
    stream.forwarded += bytes;
    driver.send_back(stream, page, bytes);
}

void retry_waiting() {
    unsigned kept = 0;
    for (unsigned i = 0; i < waiting_count; ++i) {
        const Waiting entry = waiting[i];
        bool behind = false;
        for (unsigned k = 0; k < kept; ++k) {
            behind = behind || waiting[k].stream == entry.stream;
        }
        if (entry.stream->state == State::kNone) {
            driver.give_back(entry.page);
        } else if (!behind && entry.stream->credit() >= entry.bytes) {
            echo(*entry.stream, entry.page, entry.bytes);
        } else {
            waiting[kept++] = entry;
        }
    }
    waiting_count = kept;
}

/// Takes the page.
void receive_data(Stream& stream, std::uint64_t page, std::uint32_t bytes) {
    moved += bytes;
    stream.received += bytes;
    if (stream.received - stream.forwarded > Driver::kBuffer) {
        fail("more than there was credit for", stream);
    }
    if (echoes) {
        if (!waits(stream) && stream.credit() >= bytes) {
            echo(stream, page, bytes);
        } else {
            waiting[waiting_count++] = {&stream, page, bytes};
        }
        return;
    }
    stream.forwarded += bytes;
    if (pours && load<std::uint64_t>(page + sizeof(Header)) != total) {
        fail("the host has not got all", stream);
    }
    driver.give_back(page);
    if (pours) {
        driver.send_control(stream, kShutdown, kShutBoth);
        stream.state = State::kClosing;
    } else if (stream.forwarded - stream.told_forwarded >= Driver::kBuffer / 4) {
        driver.send_control(stream, kCreditUpdate);
    }
}

void receive_shutdown(Stream& stream, std::uint32_t flags) {
    if (flags == kShutBoth) {
        driver.send_control(stream, kRst);
        return end(stream);
    }
    if ((flags & kShutSend) != 0 && stream.state == State::kOpen && !pours) {
        stream.state = State::kClosing;  // the trailer follows once nothing waits
    }
}

/// The host has sent all: says how much it was, and ends.
void finish_streams() {
    for (std::uint32_t i = 0; i < Driver::kStreams; ++i) {
        Stream& stream = driver.of_host_port(i);
        if (stream.state == State::kClosing && !stream.has_said_all && !pours && !waits(stream) &&
            stream.credit() >= 8) {
            const std::uint64_t at = block + kBlock + 8 * i;
            store<std::uint64_t>(at, stream.received);
            driver.send_data(stream, at, 8);
            driver.send_control(stream, kShutdown, kShutBoth);
            stream.has_said_all = true;
        }
    }
}

bool handle_packet() {
    const std::uint64_t page = driver.take();
    if (page == 0) {
        return false;
    }
    const Header header = *reinterpret_cast<Header*>(page);
    Stream& stream =
        pours ? driver.of_guest_port(header.dst_port) : driver.of_host_port(header.src_port);
    stream.peer_buffer = header.buf_alloc;
    stream.peer_forwarded = header.fwd_cnt;
    switch (header.op) {
        case kRequest:
            stream = {};
            stream.state = State::kOpen;
            stream.host_port = header.src_port;
            stream.guest_port = header.dst_port;
            stream.peer_buffer = header.buf_alloc;
            driver.send_control(stream, kResponse);
            break;
        case kResponse:
            stream.state = State::kOpen;
            break;
        case kRw:
            receive_data(stream, page, header.len);
            return true;
        case kShutdown:
            receive_shutdown(stream, header.flags);
            break;
        case kRst:
            if (stream.state == State::kOpen || stream.state == State::kConnecting) {
                ++reset;
            }
            if (stream.state != State::kNone) {
                end(stream);
            }
            break;
        case kCreditRequest:
            driver.send_control(stream, kCreditUpdate);
            break;
        default:
            break;
    }
    driver.give_back(page);
    return true;
}

void connect_all(std::uint32_t count, std::uint32_t port) {
    for (std::uint32_t i = 0; i < count; ++i) {
        Stream& stream = driver.of_guest_port(i);
        stream = {};
        stream.state = State::kConnecting;
        stream.host_port = port;
        stream.guest_port = i;
        driver.send_control(stream, kRequest);
        driver.work();
    }
}

/// A block on each stream that has credit for some of it.
bool pour_some(std::uint32_t count) {
    bool any = false;
    for (std::uint32_t i = 0; i < count; ++i) {
        Stream& stream = driver.of_guest_port(i);
        if (stream.state != State::kOpen || stream.sent == total || !driver.has_room_to_send()) {
            continue;
        }
        std::uint64_t bytes = total - stream.sent;
        bytes = bytes < kBlock ? bytes : kBlock;
        bytes = bytes < stream.credit() ? bytes : stream.credit();
        if (bytes == 0) {
            continue;
        }
        driver.send_data(stream, block, static_cast<std::uint32_t>(bytes));
        moved += bytes;
        any = true;
        if (stream.sent == total) {
            driver.send_control(stream, kShutdown, kShutSend);
        }
    }
    return any;
}

void fill_block() {
    for (std::uint64_t at = 0; at < kBlock; at += 8) {
        store<std::uint64_t>(block + at, at * 0x9e37'79b9'7f4a'7c15);
    }
}

void serve(std::uint32_t count) {
    std::uint64_t last = read_tsc();
    bool told_stuck = false;
    while (ended < count) {
        bool worked = handle_packet();
        if (echoes) {
            retry_waiting();
        }
        if (pours) {
            worked = pour_some(count) || worked;
        } else if (!worked) {
            finish_streams();
        }
        driver.work();
        if (worked) {
            last = read_tsc();
            told_stuck = false;
        } else if (!told_stuck && moved != 0 && read_tsc() - last > kStuckCycles) {
            print("stuck after ", moved, " bytes\n");
            told_stuck = true;
        } else {
            relax();
        }
    }
}

}  // namespace

std::uint8_t run() {
    const Text mode = option("mode", "echo");
    const auto count = static_cast<std::uint32_t>(option("streams", std::uint64_t{1}));
    echoes = mode == text("echo");
    pours = mode == text("pour");
    total = option("total", std::uint64_t{65536});
    block = allocate_pages((kBlock + 8 * Driver::kStreams + kPageSize - 1) / kPageSize);
    if (block == 0 || !driver.set_up()) {
        print("no socket device that comes up\n");
        return 1;
    }
    fill_block();
    print("ready, cid ", driver.cid(), "\n");
    if (pours) {
        connect_all(count, static_cast<std::uint32_t>(option("port", std::uint64_t{6000})));
    }
    serve(count);
    print(std::uint64_t{ended}, " streams ended, ", std::uint64_t{reset}, " of them reset; ", moved,
          " bytes; ", driver.strange(), " strange; ", std::uint64_t{failures}, " failures\n");
    return failures == 0 && driver.strange() == 0 ? 0 : 1;
}

}  // namespace payload
