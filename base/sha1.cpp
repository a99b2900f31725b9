// SPDX-License-Identifier: Apache-2.0
#include "base/sha1.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>

namespace skiff {
namespace {

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kRounds = 80;

using State = std::array<std::uint32_t, 5>;

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t word = 0;
    for (const char byte : bytes.substr(0, 4)) {
        word = (word << 8) | static_cast<std::uint8_t>(byte);
    }
    return word;
}

/// RFC 3174, 5: what each twenty rounds mix in.
std::uint32_t mix(std::size_t round, const State& s) {
    constexpr std::array<std::uint32_t, 4> kConstants = {0x5a82'7999, 0x6ed9'eba1, 0x8f1b'bcdc,
                                                         0xca62'c1d6};
    const auto function = [&]() -> std::uint32_t {
        switch (round / 20) {
            case 0:
                return (s[1] & s[2]) | (~s[1] & s[3]);
            case 2:
                return (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3]);
            default:
                return s[1] ^ s[2] ^ s[3];
        }
    };
    return function() + kConstants.at(round / 20);
}

/// RFC 3174, 6.1.
void add_block(std::string_view block, State& state) {
    std::array<std::uint32_t, kRounds> words{};
    for (std::size_t i = 0; i < 16; ++i) {
        words[i] = big_endian(block.substr(4 * i));
    }
    for (std::size_t i = 16; i < kRounds; ++i) {
        words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    State s = state;
    for (std::size_t i = 0; i < kRounds; ++i) {
        const std::uint32_t first = std::rotl(s[0], 5) + mix(i, s) + s[4] + words[i];
        s = {first, s[0], std::rotl(s[1], 30), s[2], s[3]};
    }
    for (std::size_t i = 0; i < state.size(); ++i) {
        state[i] += s[i];
    }
}

}  // namespace

std::array<std::uint8_t, 20> sha1(std::string_view text) {
    // RFC 3174, 4: a bit, then zeroes, then the length in bits.
    std::string padded(text);
    padded += '\x80';
    while (padded.size() % kBlockBytes != kBlockBytes - 8) {
        padded += '\0';
    }
    const std::uint64_t bits = std::uint64_t{text.size()} * 8;
    for (int shift = 56; shift >= 0; shift -= 8) {
        padded += static_cast<char>(bits >> shift);
    }
    State state = {0x6745'2301, 0xefcd'ab89, 0x98ba'dcfe, 0x1032'5476, 0xc3d2'e1f0};
    for (std::size_t at = 0; at < padded.size(); at += kBlockBytes) {
        add_block(std::string_view(padded).substr(at, kBlockBytes), state);
    }
    std::array<std::uint8_t, 20> digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
}

}  // namespace skiff
