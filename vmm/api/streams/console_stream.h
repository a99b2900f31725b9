// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "vmm/api/http/websocket_frames.h"
#include "vmm/api/streams/stream_set.h"
#include "vmm/machine/console_tap.h"

namespace skiff::api {

/// One client at the guest's console, behind the handshake of its WebSocket. Everything that it
/// keeps is bounded: a portion of keys that the guest does not read, and answers that the client
/// does not; behind either, the client is not read.
class ConsoleStream final : public ToldStream {
  public:
    explicit ConsoleStream(std::shared_ptr<machine::ConsoleTap> tap) : tap_(std::move(tap)) {}

    void output(std::string& to) override;
    bool is_over() const override { return is_closing_ && answers_.empty(); }
    std::size_t input(std::string_view bytes) override;
    bool wants_input() const override;
    void tell() override;

  private:
    void take(WebSocketMessage message);
    void take_control(std::string_view text);
    void move_keys();
    void close(std::uint16_t code, std::string_view reason);

    const std::shared_ptr<machine::ConsoleTap> tap_;
    WebSocketReader reader_;
    std::string keys_;     // that the guest has no room for
    std::string answers_;  // frames that go before further output
    std::uint64_t position_ = 0;
    bool is_closing_ = false;
};

}  // namespace skiff::api
