// SPDX-License-Identifier: Apache-2.0
// Plays a guest that talks to the metadata service: frames of any content, segments that are well
// formed but say anything, HTTP of any content, time that passes, frames that it takes or leaves.
// An action is a byte that says what, one for what it is about, the length of its content (2,
// little endian), and the content.
#include <array>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "fuzz_target.h"
#include "tests/support/tcp_guest.h"
#include "vmm/api/mmds/mmds.h"

namespace {

using namespace skiff;
using Service = virtio::net::FrameService;

constexpr std::size_t kMaxActions = 256;
/// More than any action can make a service say.
constexpr unsigned kMaxFrames = 100'000;

std::shared_ptr<api::Mmds> make_mmds() {
    auto mmds = std::make_shared<api::Mmds>();
    auto data = api::parse_json(R"({"latest": {"meta-data": {"a": "b", "c": [1, {"d": "e"}]}},)"
                                R"( "large": ")" +
                                std::string(20'000, 'x') + "\"}");
    SKIFF_CHECK(data.ok() && mmds->put(std::move(data).value()).ok());
    return mmds;
}

class Player {
  public:
    explicit Player(std::uint8_t kind) {
        const auto mmds = make_mmds();
        mmds->set({.needs_token = (kind & 1) != 0, .imds_compat = (kind & 2) != 0});
        service_ = api::serve_mmds(mmds, {169, 254, 169, 254});
        for (std::uint16_t port = 0; port < 3; ++port) {
            guests_.emplace_back(*service_, static_cast<std::uint16_t>(1000 + port));
        }
    }

    void play(std::uint8_t what, std::uint8_t about, std::span<const std::uint8_t> content) {
        test::TcpGuest& guest = guests_[about % guests_.size()];
        const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
        switch (what % 8) {
            case 0:
                service_->take(content, (about & 4) != 0, now_);
                break;
            case 1:
                guest.connect();
                break;
            case 2:
                send(guest, netstack::kAck, text);
                break;
            case 3:
                send_twisted(guest, about, content);
                break;
            case 4:
                take(guest, about / 3U);
                break;
            case 5:
                pass(std::chrono::milliseconds(about * 50));
                break;
            case 6:
                send(guest, netstack::kAck | netstack::kFin, text);
                break;
            default:
                service_->reset();
                break;
        }
    }

    /// Whatever was said: left alone, it comes to an end.
    void finish() {
        for (unsigned i = 0; service_->deadline().has_value(); ++i) {
            SKIFF_CHECK(i < 1000);
            now_ = std::max(now_, *service_->deadline());
            service_->tick(now_);
        }
        take(guests_.front(), kMaxFrames);
        SKIFF_CHECK(!service_->has_frame());
    }

  private:
    void send(test::TcpGuest& guest, std::uint8_t flags, std::string_view text) {
        guest.now = now_;
        guest.send(flags, text.substr(0, netstack::kMaxPayload));
    }

    /// A segment whose numbers are off by what the content says, as its flags and window are.
    void send_twisted(test::TcpGuest& guest, std::uint8_t about,
                      std::span<const std::uint8_t> content) {
        if (content.size() < 6) {
            return;
        }
        guest.now = now_;
        auto segment = guest.segment(content[0]);
        segment.sequence += static_cast<std::uint32_t>(static_cast<std::int8_t>(content[1]));
        segment.acknowledgment +=
            static_cast<std::uint32_t>(static_cast<std::int8_t>(content[2])) * 16U;
        segment.window = static_cast<std::uint16_t>(content[3] << 8 | content[4]);
        if ((about & 64) != 0) {
            segment.max_segment_bytes = static_cast<std::uint16_t>(content[5] << 2);
        }
        segment.payload = content.subspan(
            6, std::min<std::size_t>(content.size() - 6, netstack::kMaxPayload - 4));
        guest.put(segment);
        if ((about & 128) != 0) {
            guest.send_next += segment.length();
        }
    }

    void take(test::TcpGuest& guest, unsigned most) {
        guest.now = now_;
        for (unsigned i = 0; i <= most && service_->has_frame(); ++i) {
            SKIFF_CHECK(i < kMaxFrames);
            std::array<std::uint8_t, Service::kMaxGivenBytes> frame{};
            const std::size_t size = service_->give(frame, now_);
            SKIFF_CHECK(size != 0 && size <= frame.size());
            learn(std::span(frame).first(size));
        }
    }

    /// What a guest would know of its connection after this frame.
    void learn(std::span<const std::uint8_t> frame) {
        const auto segment = netstack::parse_tcp(frame, true);
        if (!segment.has_value()) {
            SKIFF_CHECK(frame.size() == 42);  // ARP; all else must be right
            return;
        }
        for (test::TcpGuest& guest : guests_) {
            if (guest.own.port == segment->to.port) {
                guest.receive_next = segment->sequence + segment->length();
            }
        }
    }

    void pass(std::chrono::milliseconds time) {
        now_ += time;
        if (const auto deadline = service_->deadline(); deadline.has_value() && *deadline <= now_) {
            service_->tick(now_);
        }
    }

    std::unique_ptr<Service> service_;
    std::vector<test::TcpGuest> guests_;
    Service::Clock::time_point now_ = Service::Clock::now();
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    Player player(data[0]);
    std::span<const std::uint8_t> input(data + 1, size - 1);
    for (std::size_t i = 0; i < kMaxActions && input.size() >= 4; ++i) {
        const std::size_t wanted = input[2] | static_cast<std::size_t>(input[3]) << 8;
        const auto content = input.subspan(4, std::min(wanted, input.size() - 4));
        player.play(input[0], input[1], content);
        input = input.subspan(4 + content.size());
    }
    player.finish();
    return 0;
}
