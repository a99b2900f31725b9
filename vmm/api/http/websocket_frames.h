// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The framing of WebSockets, a server's side (RFC 6455, 5). No I/O of its own.
///
/// Why not Boost.Beast's, which parses the requests: its websocket::stream owns the socket and
/// needs a timer and an executor of asio, a second event loop beside ours; and without them a read
/// that would block ends the stream. Its parser of frames is no public part.
namespace skiff::api {

struct WebSocketMessage {
    enum class Kind { kText, kBinary, kClose, kPing, kPong };
    Kind kind = Kind::kText;
    /// All of it is the client's; of kText checked to be UTF-8. Of kClose: the code and the reason.
    std::string payload;
};

/// Status codes (RFC 6455, 7.4.1).
inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseProtocolError = 1002;
inline constexpr std::uint16_t kCloseNotUtf8 = 1007;
inline constexpr std::uint16_t kCloseTooBig = 1009;

/// Takes messages out of what a client sends. Strict: what RFC 6455 forbids to clients fails.
/// Keeps nothing but the fragments of one message, which are bounded.
class WebSocketReader {
  public:
    /// Of one message, and of what waits for the rest of a frame.
    static constexpr std::size_t kMaxMessageBytes = 64 * 1024;

    struct Failure {
        std::uint16_t code = kCloseProtocolError;
        std::string_view reason;
    };

    /// The next message in `bytes`: those of the stream that were not used yet. `used` is how many
    /// of them were now. Nothing: the rest has to come again, with more behind it; or it failed.
    std::optional<WebSocketMessage> next(std::string_view bytes, std::size_t& used);

    /// After that: the connection is of no further use.
    const std::optional<Failure>& failure() const { return failure_; }

  private:
    struct Header;

    std::optional<Header> read_header(std::string_view bytes);
    std::optional<WebSocketMessage> take(const Header& header, std::string payload);
    std::optional<WebSocketMessage> fail(std::uint16_t code, std::string_view reason);

    std::optional<WebSocketMessage> fragments_;  // of a message whose end has not come
    std::optional<Failure> failure_;
};

/// A message in one frame, as a server sends it: unmasked.
std::string websocket_frame(WebSocketMessage::Kind kind, std::string_view payload);

/// A Close frame; the reason is cut to what fits.
std::string websocket_close(std::uint16_t code, std::string_view reason);

}  // namespace skiff::api
