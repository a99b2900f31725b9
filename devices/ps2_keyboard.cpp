// SPDX-License-Identifier: Apache-2.0
#include "devices/ps2_keyboard.h"

#include <utility>

namespace skiff::devices {
namespace {

// Commands (same source, "Commands from the System").
constexpr std::uint8_t kSetLeds = 0xed;
constexpr std::uint8_t kEcho = 0xee;
constexpr std::uint8_t kScanCodeSet = 0xf0;
constexpr std::uint8_t kReadId = 0xf2;
constexpr std::uint8_t kSetRate = 0xf3;
constexpr std::uint8_t kEnable = 0xf4;
constexpr std::uint8_t kDefaultDisable = 0xf5;
constexpr std::uint8_t kSetDefault = 0xf6;
constexpr std::uint8_t kSetAllKeysFirst = 0xf7;  // 0xf7..0xfa: key types, matter in set 3 only
constexpr std::uint8_t kSetAllKeysLast = 0xfa;
constexpr std::uint8_t kResend = 0xfe;
constexpr std::uint8_t kReset = 0xff;

// Answers.
constexpr std::uint8_t kAck = 0xfa;
constexpr std::uint8_t kResendPlease = 0xfe;
constexpr std::uint8_t kSelfTestPassed = 0xaa;
constexpr std::array<std::uint8_t, 2> kId = {0xab, 0x83};

// Left Ctrl, left Alt, Delete (grey): down in this order, up in the reverse one.
constexpr std::array<std::uint8_t, 8> kCtrlAltDelSet1 = {0x1d, 0x38, 0xe0, 0x53,
                                                         0xe0, 0xd3, 0xb8, 0x9d};
constexpr std::array<std::uint8_t, 11> kCtrlAltDelSet2 = {0x14, 0x11, 0xe0, 0x71, 0xe0, 0xf0,
                                                          0x71, 0xf0, 0x11, 0xf0, 0x14};
constexpr std::size_t kKeyCapacity = 16;

}  // namespace

void Ps2Keyboard::receive(std::uint8_t byte) {
    // Every command byte is at or above 0xed; an argument is below.
    const auto command = std::exchange(awaiting_argument_of_, std::nullopt);
    if (command.has_value() && byte < kSetLeds) {
        receive_argument(*command, byte);
        return;
    }
    switch (byte) {
        case kSetLeds:
        case kScanCodeSet:
        case kSetRate:
            awaiting_argument_of_ = byte;
            answer(kAck);
            break;
        case kEcho:
            answer(kEcho);
            break;
        case kReadId:
            answer(kAck);
            answer(kId[0]);
            answer(kId[1]);
            break;
        case kEnable:
            count_ = 0;
            scanning_ = true;
            answer(kAck);
            break;
        case kDefaultDisable:
            restore_defaults();
            scanning_ = false;
            answer(kAck);
            break;
        case kSetDefault:
            restore_defaults();
            answer(kAck);
            break;
        case kResend:
            answer(last_sent_);
            break;
        case kReset:
            restore_defaults();
            answer(kAck);
            answer(kSelfTestPassed);
            break;
        default:
            answer(byte >= kSetAllKeysFirst && byte <= kSetAllKeysLast ? kAck : kResendPlease);
    }
}

void Ps2Keyboard::receive_argument(std::uint8_t command, std::uint8_t argument) {
    if (command != kScanCodeSet) {
        answer(kAck);  // LEDs and repeat rate: accepted, without effect
        return;
    }
    if (argument > 2) {
        answer(kResendPlease);  // set 3 is optional, and drivers go on with set 2
        return;
    }
    answer(kAck);
    if (argument == 0) {
        answer(scan_code_set_);
    } else {
        scan_code_set_ = argument;
    }
}

void Ps2Keyboard::restore_defaults() {
    count_ = 0;
    scan_code_set_ = 2;
    scanning_ = true;
}

std::optional<std::uint8_t> Ps2Keyboard::take() {
    if (count_ == 0) {
        return std::nullopt;
    }
    const std::uint8_t byte = output_[first_];
    first_ = (first_ + 1) % kCapacity;
    --count_;
    if (byte != kResendPlease) {
        last_sent_ = byte;
    }
    return byte;
}

bool Ps2Keyboard::press_ctrl_alt_del() {
    return scan_code_set_ == 1 ? push_keys(kCtrlAltDelSet1) : push_keys(kCtrlAltDelSet2);
}

bool Ps2Keyboard::push_keys(std::span<const std::uint8_t> codes) {
    if (!scanning_ || count_ + codes.size() > kKeyCapacity) {
        return false;
    }
    for (const std::uint8_t code : codes) {
        answer(code);
    }
    return true;
}

void Ps2Keyboard::answer(std::uint8_t byte) {
    if (count_ == kCapacity) {
        return;  // a host that sends commands and never reads loses the answers
    }
    output_[(first_ + count_) % kCapacity] = byte;
    ++count_;
}

}  // namespace skiff::devices
