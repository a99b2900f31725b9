// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Framing of the GDB Remote Serial Protocol ("Debugging with GDB", appendix E.1): pure functions
/// and a parser that knows no descriptors.
namespace skiff::gdb {

/// The longest packet body that is taken, as qSupported's PacketSize says.
inline constexpr std::size_t kMaxPacketBytes = 0x4000;

/// Takes bytes as they come and finds packets in them. Memory is bounded by kMaxPacketBytes.
class PacketParser {
  public:
    enum class Kind {
        kPacket,     ///< `body`, unescaped nothing: binary data still has its escapes.
        kDamaged,    ///< A packet with a wrong checksum, or longer than kMaxPacketBytes.
        kInterrupt,  ///< 0x03 between packets: Ctrl-C.
        kAck,        ///< '+'
        kNack,       ///< '-': the last packet is to be sent again.
    };
    struct Event {
        Kind kind = Kind::kPacket;
        std::string body;
    };

    /// The next event in `input`, which loses what was used for it; nothing where all of it was
    /// used and no event is complete. Bytes between packets that mean nothing are dropped.
    std::optional<Event> next(std::span<const std::uint8_t>& input);

  private:
    enum class State { kBetween, kBody, kFirstDigit, kSecondDigit };

    std::optional<Event> take(std::uint8_t byte);
    std::optional<Event> take_between(std::uint8_t byte);
    Event finish(std::uint8_t second_digit);

    State state_ = State::kBetween;
    std::string body_;
    bool too_long_ = false;
    std::uint8_t sum_ = 0;
    std::uint8_t first_digit_ = 0;
};

/// `$body#checksum`. The body is as it goes over the wire.
std::string frame(std::string_view body);

/// Binary data for a packet: '#', '$', '}' and '*' are escaped.
std::string escape(std::span<const std::uint8_t> data);
/// The reverse; nothing where an escape is cut off.
std::optional<std::vector<std::uint8_t>> unescape(std::string_view text);

std::string to_hex(std::span<const std::uint8_t> data);
std::string to_hex(std::string_view text);
/// Nothing where it is not an even number of hex digits.
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

/// A hex number without prefix; nothing where it is none, or has more than 16 digits.
std::optional<std::uint64_t> to_number(std::string_view text);

/// Splits off the part of `text` before `separator` (all of it, where there is none) and drops the
/// separator.
std::string_view take_until(std::string_view& text, char separator);

}  // namespace skiff::gdb
