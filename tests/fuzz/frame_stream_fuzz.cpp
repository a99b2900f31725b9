// SPDX-License-Identifier: Apache-2.0
// A stream of frames from a process that may send anything, in pieces of any size: the first byte
// says how large the pieces are, and the room for a frame; the rest is the stream.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"
#include "fuzz_target.h"
#include "virtio/net/frame_stream.h"

namespace {

using namespace skiff;
using namespace skiff::virtio::net;

constexpr std::array<std::size_t, 4> kRooms = {20, 1518, 70'000, 66'000};

/// False where the stream is broken for good.
bool receive_all(FrameReader& reader, int socket, std::size_t room_bytes, std::size_t& taken) {
    std::vector<std::uint8_t> frame(room_bytes);
    const std::array room = {iovec{frame.data(), 10}, iovec{frame.data() + 10, frame.size() - 10}};
    for (;;) {
        const bool held = reader.holds_frame();
        const Transfer got = reader.receive(socket, room);
        if (got.error != 0) {
            SKIFF_CHECK(got.error == EAGAIN || got.error == EPROTO);
            return got.error == EAGAIN;
        }
        SKIFF_CHECK(got.bytes >= std::min(kShortestFrame, room_bytes) && got.bytes <= room_bytes);
        SKIFF_CHECK(!held || got.error == 0);
        taken += got.bytes;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    std::array<int, 2> ends{};
    SKIFF_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    std::span<const std::uint8_t> rest(data + 1, size - 1);
    const std::size_t piece = std::size_t{1} << (data[0] & 15);
    FrameReader reader;
    std::size_t taken = 0;
    while (!rest.empty()) {
        const auto now = rest.first(std::min(piece, rest.size()));
        SKIFF_CHECK(::send(theirs.get(), now.data(), now.size(), MSG_DONTWAIT) ==
                    static_cast<ssize_t>(now.size()));
        rest = rest.subspan(now.size());
        if (!receive_all(reader, ours.get(), kRooms.at(data[0] >> 6), taken)) {
            return 0;
        }
    }
    SKIFF_CHECK(taken <= size);
    return 0;
}
