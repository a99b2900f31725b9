// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/streams/console_stream.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "vmm/api/text/json_value.h"
#include "vmm/api/text/object_reader.h"

namespace skiff::api {
namespace {

using Kind = WebSocketMessage::Kind;

constexpr std::size_t kPortionBytes = 8 * 1024;
constexpr std::size_t kMostAnswers = 4 * 1024;

Result<devices::WindowSize> parse_resize(std::string_view text) {
    constexpr ObjectReader::Range kRange{1, std::numeric_limits<std::uint16_t>::max()};
    SKIFF_ASSIGN_OR_RETURN(const JsonValue json, parse_json(text));
    ObjectReader reader(json, "");
    const JsonValue* const resize = reader.member("resize", Presence::kRequired);
    std::uint64_t columns = 0;
    std::uint64_t rows = 0;
    if (resize != nullptr) {
        ObjectReader size(*resize, "resize");
        size.number("columns", Presence::kRequired, kRange, columns);
        size.number("rows", Presence::kRequired, kRange, rows);
        SKIFF_RETURN_IF_ERROR(size.finish());
    }
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return devices::WindowSize{.columns = static_cast<std::uint16_t>(columns),
                               .rows = static_cast<std::uint16_t>(rows)};
}

}  // namespace

void ConsoleStream::output(std::string& to) {
    to += std::exchange(answers_, {});
    if (is_closing_) {
        return;
    }
    const machine::ConsoleTap::Piece piece = tap_->read(position_, kPortionBytes);
    position_ = piece.next;
    if (piece.lost != 0) {
        to += websocket_frame(Kind::kText, fmt::format("{{\"lost\": {}}}", piece.lost));
    }
    if (!piece.bytes.empty()) {
        to += websocket_frame(Kind::kBinary, piece.bytes);
    }
    if (piece.has_ended) {
        to += websocket_close(kCloseNormal, "the microVM has ended");
        is_closing_ = true;
    }
}

bool ConsoleStream::wants_input() const {
    return !is_closing_ && keys_.empty() && answers_.size() < kMostAnswers;
}

std::size_t ConsoleStream::input(std::string_view bytes) {
    std::size_t all_used = 0;
    while (wants_input()) {
        std::size_t used = 0;
        auto message = reader_.next(bytes.substr(all_used), used);
        all_used += used;
        if (message.has_value()) {
            take(std::move(*message));
            continue;
        }
        if (reader_.failure().has_value()) {
            close(reader_.failure()->code, reader_.failure()->reason);
        }
        break;
    }
    return is_closing_ ? bytes.size() : all_used;
}

void ConsoleStream::take(WebSocketMessage message) {
    switch (message.kind) {
        case Kind::kBinary:
            keys_ = std::move(message.payload);
            move_keys();
            break;
        case Kind::kText:
            take_control(message.payload);
            break;
        case Kind::kPing:
            answers_ += websocket_frame(Kind::kPong, message.payload);
            break;
        case Kind::kPong:
            break;
        case Kind::kClose:
            // RFC 6455, 5.5.1: the same code goes back.
            answers_ +=
                websocket_frame(Kind::kClose, std::string_view(message.payload).substr(0, 2));
            is_closing_ = true;
            break;
    }
}

void ConsoleStream::take_control(std::string_view text) {
    const auto window = parse_resize(text);
    if (window.ok()) {
        tap_->resize(*window);
        return;
    }
    JsonWriter json(JsonWriter::Layout::kOneLine);
    json.begin_object();
    json.string("error", window.error().message().substr(0, kMostAnswers / 4));
    json.end_object();
    answers_ += websocket_frame(Kind::kText, json.text());
}

void ConsoleStream::move_keys() {
    const auto* const keys = reinterpret_cast<const std::uint8_t*>(keys_.data());
    keys_.erase(0, tap_->type({keys, keys_.size()}));
}

void ConsoleStream::tell() {
    if (!keys_.empty()) {
        move_keys();
    }
    ToldStream::tell();
}

void ConsoleStream::close(std::uint16_t code, std::string_view reason) {
    answers_ += websocket_close(code, reason);
    is_closing_ = true;
}

}  // namespace skiff::api
