// SPDX-License-Identifier: Apache-2.0
#include "runtime/boot_info.h"
#include "runtime/checksum.h"
#include "runtime/kvm_clock.h"
#include "runtime/memory_access.h"
#include "runtime/page_pool.h"
#include "virtio_console/card.h"

namespace payload::virtio_console {
namespace {

using namespace virtio::console;

constexpr unsigned kLineSize = 64;
constexpr unsigned kNumberDigits = 8;
constexpr char kEndOfTransmission = 0x04;

/// The lines as they lie in memory: made before the time is taken, since each byte takes a while
/// where kernel mode is emulated.
std::uint64_t make_lines(std::uint64_t bytes) {
    const std::uint64_t lines = bytes / kLineSize + 1;
    const std::uint64_t at = allocate_pages(lines * kLineSize / kPageSize + 1);
    if (at == 0) {
        return 0;
    }
    char line[kLineSize];
    for (unsigned i = kNumberDigits; i < kLineSize - 1; ++i) {
        line[i] = i == kNumberDigits ? ' ' : static_cast<char>('a' + i % 26);
    }
    line[kLineSize - 1] = '\n';
    for (std::uint64_t number = 0; number < lines; ++number) {
        std::uint64_t rest = number;
        for (unsigned i = kNumberDigits; i != 0; --i) {
            line[i - 1] = static_cast<char>('0' + rest % 10);
            rest /= 10;
        }
        for (unsigned i = 0; i < kLineSize; i += 8) {
            std::uint64_t word = 0;
            __builtin_memcpy(&word, line + i, sizeof word);
            store<std::uint64_t>(at + number * kLineSize + i, word);
        }
    }
    return at;
}

}  // namespace

std::uint8_t test_output(Card& card) {
    const std::uint64_t bytes = option("bytes", std::uint64_t{65536});
    const std::uint64_t chunk = option("chunk", std::uint64_t{4096});
    const std::uint64_t lines = make_lines(bytes);
    const bool has_clock = kvm_clock::set_up();
    if (lines == 0 || !card.bring_up(0)) {
        print("the console does not come up\n");
        return 1;
    }
    const std::uint64_t begin = has_clock ? kvm_clock::nanoseconds() : 0;
    for (std::uint64_t sent = 0; sent < bytes; sent += chunk) {
        const std::uint64_t size = bytes - sent < chunk ? bytes - sent : chunk;
        if (!card.send(kTransmitQueue, lines + sent, static_cast<std::uint32_t>(size))) {
            print("a request came back wrong\n");
            return 1;
        }
    }
    const std::uint64_t spent = has_clock ? kvm_clock::nanoseconds() - begin : 0;
    if (option("report", std::uint64_t{0}) != 0) {
        print("sent ", bytes, " bytes in ", spent, " ns\n");
    }
    return 0;
}

std::uint8_t test_echo(Card& card) {
    if (!card.bring_up(0)) {
        print("the console does not come up\n");
        return 1;
    }
    card.send(kTransmitQueue, text("ready\n"));
    Checksum checksum;
    std::uint64_t received = 0;
    while (true) {
        card.offer_buffer(kReceiveQueue);
        const Text got = card.poll(kReceiveQueue);
        for (std::size_t i = 0; i < got.size; ++i) {
            if (got.data[i] == kEndOfTransmission) {
                print("\nreceived ", received, " checksum ", Hex{checksum.value(), 8}, "\n");
                return 0;
            }
            checksum.add(static_cast<std::uint8_t>(got.data[i]));
            ++received;
        }
        if (got.size != 0 && option("echo", std::uint64_t{1}) != 0) {
            card.send(kTransmitQueue, got);
        }
    }
}

namespace {

/// Says what a control message is, and answers it as a driver must.
void take_control(Card& card, Text message) {
    const auto at = reinterpret_cast<std::uint64_t>(message.data);
    const auto id = load<std::uint32_t>(at);
    const auto event = load<std::uint16_t>(at + 4);
    const auto value = load<std::uint16_t>(at + 6);
    const std::uint64_t port{id};
    switch (event) {
        case kDeviceAdd:
            print("port ", port, " added\n");
            card.send_control(id, kPortReady, 1);
            return;
        case kConsolePort:
            print("port ", port, " is a console\n");
            card.send_control(id, kPortOpen, 1);
            return;
        case kPortName:
            print("port ", port, " is named ", Text{message.data + 8, message.size - 8}, "\n");
            card.send_control(id, kPortOpen, 1);
            return;
        case kResize:
            print("port ", port, " has ", std::uint64_t{load<std::uint16_t>(at + 8)}, " columns, ",
                  std::uint64_t{load<std::uint16_t>(at + 10)}, " rows\n");
            return;
        case kPortOpen:
            print("port ", port, value != 0 ? " is open\n" : " is closed\n");
            return;
        default:
            print("port ", port, ": event ", std::uint64_t{event}, "\n");
            return;
    }
}

}  // namespace

std::uint8_t test_ports(Card& card) {
    constexpr std::uint16_t kReceivePort1 = 4;
    constexpr std::uint16_t kTransmitPort1 = 5;
    if (!card.bring_up(kFeatureMultiport | kFeatureSize)) {
        print("the console does not come up\n");
        return 1;
    }
    const auto ports = card.device().config<std::uint32_t>(kMaxPorts);
    print("ports ", std::uint64_t{ports}, " columns ",
          std::uint64_t{card.device().config<std::uint16_t>(kColumns)}, " rows ",
          std::uint64_t{card.device().config<std::uint16_t>(kRows)}, "\n");
    card.offer_buffer(kControlReceiveQueue);
    card.send_control(0, kDeviceReady, 1);
    while (true) {
        card.offer_buffer(kControlReceiveQueue);
        const Text control = card.poll(kControlReceiveQueue);
        if (control.size != 0) {
            take_control(card, control);
        }
        for (std::uint16_t queue = 0; queue <= kReceivePort1; queue += kReceivePort1) {
            if (queue != 0 && ports < 2) {
                continue;
            }
            card.offer_buffer(queue);
            const Text got = card.poll(queue);
            // At the end of what was sent together: a look at every byte takes too long.
            if (got.size != 0 && got.data[got.size - 1] == kEndOfTransmission) {
                print("the end\n");
                return 0;
            }
            if (got.size != 0) {
                card.send(queue == 0 ? kTransmitQueue : kTransmitPort1,
                          reinterpret_cast<std::uint64_t>(got.data),
                          static_cast<std::uint32_t>(got.size));
            }
        }
    }
}

}  // namespace payload::virtio_console
