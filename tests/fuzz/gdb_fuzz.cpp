// SPDX-License-Identifier: Apache-2.0
// What a debugger sends, as raw bytes in two parts with a stop between them, so that the fuzzer
// gets past a continue: every answer keeps to the size that was offered.
#include <algorithm>
#include <string_view>

#include "fuzz_target.h"
#include "tests/support/fake_debug_target.h"
#include "vmm/gdb/session.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    skiff::test::FakeDebugTarget target;
    skiff::gdb::Session session(target, [](std::string_view bytes) {
        // Escapes and the frame come on top of a packet's body.
        if (bytes.size() > skiff::gdb::kMaxPacketBytes + 4) {
            __builtin_trap();
        }
    });
    std::span<const std::uint8_t> input(data, size);
    while (!input.empty() && !session.is_over()) {
        const auto part = input.first(std::min<std::size_t>(input.size(), 64));
        session.receive(part);
        input = input.subspan(part.size());
        if (session.is_running() && !session.is_over()) {
            session.stopped({.kind = skiff::gdb::StopEvent::Kind::kStep, .cpu = 1});
        }
        target.breakpoints.resize(std::min<std::size_t>(target.breakpoints.size(), 16));
    }
    session.ended(0);
    return 0;
}
