// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_tap.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace skiff::machine {

ConsoleTap::ConsoleTap() : ring_(std::make_unique_for_overwrite<std::uint8_t[]>(kKeptBytes)) {}

void ConsoleTap::on_output(std::span<const std::uint8_t> bytes) {
    {
        const std::lock_guard lock(output_mutex_);
        for (auto rest = bytes; !rest.empty();) {
            const std::size_t at = written_ % kKeptBytes;
            const std::size_t part = std::min(rest.size(), kKeptBytes - at);
            std::memcpy(ring_.get() + at, rest.data(), part);
            written_ += part;
            rest = rest.subspan(part);
        }
    }
    tell();
}

ConsoleTap::Piece ConsoleTap::read(std::uint64_t position, std::size_t max_bytes) const {
    const std::lock_guard lock(output_mutex_);
    const std::uint64_t oldest = written_ - std::min<std::uint64_t>(written_, kKeptBytes);
    const std::uint64_t begin = std::clamp(position, oldest, written_);
    const std::size_t size = std::min<std::uint64_t>(written_ - begin, max_bytes);
    Piece piece;
    piece.lost = position == 0 ? 0 : begin - std::min(begin, position);
    piece.bytes.resize(size);
    for (std::size_t done = 0; done < size;) {
        const std::size_t at = (begin + done) % kKeptBytes;
        const std::size_t part = std::min(size - done, kKeptBytes - at);
        std::memcpy(piece.bytes.data() + done, ring_.get() + at, part);
        done += part;
    }
    piece.next = begin + size;
    piece.has_ended = has_ended_ && piece.next == written_;
    return piece;
}

std::size_t ConsoleTap::type(std::span<const std::uint8_t> keys) {
    const std::lock_guard lock(input_mutex_);
    if (loop_ == nullptr) {
        return keys.size();  // nobody is there to read them
    }
    const auto taken = keys.first(std::min(keys.size(), kTypedBytes - keys_.size()));
    keys_.append(taken.begin(), taken.end());
    if (!keys_.empty() && !std::exchange(move_is_due_, true)) {
        loop_->post([this] { move_keys(); });
    }
    return taken.size();
}

/// On the machine's loop.
void ConsoleTap::move_keys() {
    std::string keys;
    devices::ConsoleHost* console = nullptr;
    {
        const std::lock_guard lock(input_mutex_);
        move_is_due_ = false;
        console = console_;
        if (console == nullptr) {
            return;
        }
        const std::size_t size = std::min(keys_.size(), console->typing_room());
        keys = keys_.substr(0, size);
        keys_.erase(0, size);
    }
    if (!keys.empty()) {
        console->type({reinterpret_cast<const std::uint8_t*>(keys.data()), keys.size()});
        tell();
    }
}

void ConsoleTap::resize(devices::WindowSize window) {
    const std::lock_guard lock(input_mutex_);
    if (loop_ != nullptr) {
        loop_->post([console = console_, window] { console->set_window(window); });
    }
}

void ConsoleTap::set_listener(std::function<void()> listener) {
    const std::lock_guard lock(listener_mutex_);
    listener_ = std::move(listener);
}

void ConsoleTap::tell() {
    const std::lock_guard lock(listener_mutex_);
    if (listener_) {
        listener_();
    }
}

void ConsoleTap::connect(EventLoop& loop, devices::ConsoleHost& console) {
    // Keys that did not fit are moved when the guest has read some.
    console.on_typing_room([this] {
        const std::lock_guard lock(input_mutex_);
        if (!keys_.empty() && !std::exchange(move_is_due_, true)) {
            loop_->post([this] { move_keys(); });
        }
    });
    const std::lock_guard lock(input_mutex_);
    loop_ = &loop;
    console_ = &console;
}

void ConsoleTap::disconnect() {
    {
        const std::lock_guard lock(input_mutex_);
        loop_ = nullptr;
        console_ = nullptr;
        keys_.clear();
    }
    {
        const std::lock_guard lock(output_mutex_);
        has_ended_ = true;
    }
    tell();
}

}  // namespace skiff::machine
