// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/farewells.h"

#include <utility>

namespace skiff::virtio::vsock {
namespace {

/// False where it is done, or never will be.
bool hand_over(const HostSocket& socket, ByteRing& rest) {
    while (!rest.empty()) {
        const Transfer sent = socket.send(rest.content());
        if (sent.would_wait()) {
            return true;
        }
        if (sent.error != 0 || sent.bytes == 0) {
            return false;
        }
        rest.consume(sent.bytes);
    }
    return false;
}

}  // namespace

void Farewells::add(UniqueFd fd, ByteRing rest, Clock::time_point until) {
    const auto farewell =
        farewells_.emplace(farewells_.end(), loop_, std::move(fd), std::move(rest), until);
    timer_.ask(until);
    if (!farewell->socket.watch([this, farewell](std::uint32_t) {
            if (!hand_over(farewell->socket, farewell->rest)) {
                farewells_.erase(farewell);
            }
        })) {
        farewells_.erase(farewell);
    }
}

void Farewells::expire(Clock::time_point now) {
    farewells_.remove_if([now](const Farewell& farewell) { return farewell.deadline <= now; });
    for (const Farewell& farewell : farewells_) {
        timer_.ask(farewell.deadline);
    }
}

}  // namespace skiff::virtio::vsock
