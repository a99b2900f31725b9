// SPDX-License-Identifier: Apache-2.0
// Plays the driver of a socket device and the host's programs, decoded from the input: packets of
// any content and framing, receive buffers of any size, clients and servers that connect, write,
// read, half close and leave, resets. Ten bytes an action: what, four small numbers, a flag byte
// and two values (2 each).
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "fuzz_target.h"
#include "tests/support/vsock_guest.h"

namespace {

using namespace skiff;
using namespace skiff::virtio::vsock;
using test::Bytes;
using test::VsockGuest;

constexpr std::size_t kActionBytes = 10;
constexpr std::size_t kMaxActions = 96;
constexpr std::size_t kMostPrograms = 12;
constexpr std::uint32_t kListenedPort = 7;
constexpr std::uint32_t kFirstHostPort = 1U << 30;

struct Action {
    std::uint8_t what;
    std::uint8_t op;
    std::uint8_t host_port;
    std::uint8_t guest_port;
    std::uint8_t number;
    std::uint8_t odd;  // which fields of a packet lie
    std::uint16_t size;
    std::uint16_t value;
};

VsockLimits small_limits() {
    VsockLimits limits;
    limits.streams = 6;
    limits.large_streams = 2;
    limits.large_buffer = 8192;
    limits.small_buffer = 1024;
    limits.handshakes = 3;
    limits.owed_resets = 4;
    return limits;
}

class Player {
  public:
    Player() : guest_(small_limits()), listener_(guest_.listen(kListenedPort)) {}

    void play(const Action& action) {
        switch (action.what % 12) {
            case 0:
            case 1:
            case 2:
                return send_packet(action);
            case 3:
                return add_buffer(action);
            case 4:
                return guest_.notify(action.number % 3);
            case 5:
                return add_client(action);
            case 6:
                return write_to_host_socket(action);
            case 7:
                if (UniqueFd* const program = pick(action)) {
                    VsockGuest::read(*program, action.size + 1U);
                    guest_.run();
                }
                return;
            case 8:
                if (UniqueFd* const program = pick(action)) {
                    ::shutdown(program->get(), action.op % 3);
                    guest_.run();
                }
                return;
            case 9:
                if (UniqueFd* const program = pick(action)) {
                    std::swap(*program, programs_.back());
                    programs_.pop_back();
                    guest_.run();
                }
                return;
            case 10:
                take_all();
                return;
            default:
                if ((action.number & 3) == 0) {
                    guest_.start();
                    in_use_ = {};
                }
                return;
        }
    }

    /// Whatever was done to it, the device works for a driver that resets it and keeps the rules.
    void check_that_it_works() {
        programs_.clear();
        while (VsockGuest::accept(listener_).valid()) {
        }
        guest_.start();
        in_use_ = {};
        SKIFF_CHECK(guest_.device().exchange().streams() == 0);
        guest_.give_buffers(8);
        guest_.send(VsockGuest::header(Op::kRequest, kListenedPort, 1));
        SKIFF_CHECK(guest_.take_all() == std::vector<std::string>{"RESPONSE"});
        const UniqueFd server = VsockGuest::accept(listener_);
        SKIFF_CHECK(server.valid());
        guest_.send(VsockGuest::data_header(kListenedPort, 1, 5), test::text_bytes("hello"));
        SKIFF_CHECK(test::text_of(VsockGuest::read(server)) == "hello");
        VsockGuest::write(server, test::text_bytes("back"));
        guest_.run();
        SKIFF_CHECK(guest_.take_all() == std::vector<std::string>{"RW 4"});
    }

  private:
    /// A driver has so many descriptors and no more.
    bool has_room(std::size_t queue) {
        if (queue == kRxQueue) {
            take_all();
        } else {
            while (guest_.queues.at(queue)->take_used().has_value()) {
                in_use_.at(queue) -= 2;
            }
        }
        if (in_use_.at(queue) + 2 > VsockGuest::kEntries || guest_.broken()) {
            return false;
        }
        in_use_.at(queue) += 2;
        return true;
    }

    void take_all() {
        if (guest_.broken()) {
            return;  // what the used ring holds may be anything
        }
        while (const auto packet = guest_.take()) {
            in_use_.at(kRxQueue) -= 2;
            accept_servers();
        }
    }

    static PacketHeader packet_of(const Action& action) {
        // Ports of streams that there may be, of both origins.
        const std::uint32_t host_port = (action.host_port & 0x80) != 0
                                            ? kFirstHostPort + action.host_port % 8
                                            : kListenedPort + action.host_port % 2;
        PacketHeader packet =
            VsockGuest::header(Op{static_cast<std::uint16_t>(action.op % 9)}, host_port,
                               action.guest_port % 8U, action.number % 8);
        packet.len = Op{packet.op} == Op::kRw ? action.size : 0;
        packet.buf_alloc = action.value;
        packet.fwd_cnt = action.number;
        if ((action.odd & 1) != 0) {
            packet.src_cid += action.value;
        }
        if ((action.odd & 2) != 0) {
            packet.dst_cid = action.value;
        }
        if ((action.odd & 4) != 0) {
            packet.type = action.value;
        }
        if ((action.odd & 8) != 0) {
            packet.op = action.value;
        }
        if ((action.odd & 16) != 0) {
            packet.len = action.value * 0x10001U;
        }
        if ((action.odd & 32) != 0) {
            packet.buf_alloc = ~packet.buf_alloc;
            packet.fwd_cnt = ~packet.fwd_cnt;
        }
        return packet;
    }

    void send_packet(const Action& action) {
        if (!has_room(kTxQueue)) {
            return;
        }
        const PacketHeader packet = packet_of(action);
        Bytes header(sizeof packet);
        std::memcpy(header.data(), &packet, sizeof packet);
        if ((action.odd & 64) != 0) {
            header.resize(action.number % header.size() + 1);
        }
        auto chain = guest_.queues[kTxQueue]->chain();
        chain.readable(header);
        if (packet.len != 0) {
            chain.readable(Bytes(action.size + 1U, action.number));
        }
        chain.submit();
        if ((action.odd & 128) == 0) {
            guest_.notify(kTxQueue);
        }
        accept_servers();
    }

    void add_buffer(const Action& action) {
        if (has_room(kRxQueue)) {
            guest_.give_buffers(1, 1U + action.size % 5000);
        }
    }

    void add_client(const Action& action) {
        if (programs_.size() == kMostPrograms) {
            return;
        }
        UniqueFd client = guest_.connect();
        static const char* const kLines[] = {"CONNECT 1\n", "CONNECT 2\nmore",       "CONN",     "",
                                             "x\n",         "CONNECT 99999999999\n", "CONNECT 3"};
        write_some(client, test::text_bytes(kLines[action.number % 7]));
        programs_.push_back(std::move(client));
    }

    void accept_servers() {
        while (programs_.size() < kMostPrograms) {
            UniqueFd server = VsockGuest::accept(listener_);
            if (!server.valid()) {
                return;
            }
            programs_.push_back(std::move(server));
        }
    }

    void write_to_host_socket(const Action& action) {
        if (UniqueFd* const program = pick(action)) {
            write_some(*program, Bytes(action.size, action.number));
        }
    }

    void write_some(const UniqueFd& fd, const Bytes& bytes) {
        // A socket holds some, and no more; it may be closed too.
        static_cast<void>(
            ::send(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
        guest_.run();
    }

    UniqueFd* pick(const Action& action) {
        return programs_.empty() ? nullptr : &programs_.at(action.host_port % programs_.size());
    }

    VsockGuest guest_;
    UniqueFd listener_;
    std::vector<UniqueFd> programs_;
    std::array<unsigned, 3> in_use_ = {};
};

std::uint16_t u16(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = log::configure({.level = log::Level::kOff, .file_path = {}}).ok();
    SKIFF_CHECK(quiet);
    std::span<const std::uint8_t> rest(data, size);
    Player player;
    for (std::size_t i = 0; i < kMaxActions && rest.size() >= kActionBytes; ++i) {
        player.play({.what = rest[0],
                     .op = rest[1],
                     .host_port = rest[2],
                     .guest_port = rest[3],
                     .number = rest[4],
                     .odd = rest[5],
                     .size = u16(rest.subspan(6)),
                     .value = u16(rest.subspan(8))});
        rest = rest.subspan(kActionBytes);
    }
    player.check_that_it_works();
    return 0;
}
