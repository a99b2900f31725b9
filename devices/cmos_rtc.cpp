// SPDX-License-Identifier: Apache-2.0
#include "devices/cmos_rtc.h"

#include <algorithm>
#include <utility>

namespace skiff::devices {
namespace {

using namespace cmos_rtc;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kHalfSecond = kNanosecondsPerSecond / 2;
constexpr std::int64_t kTicksPerSecond = 32'768;
// "t_BUC": the update bit shows this long before an update.
constexpr std::int64_t kUpdateAnnouncedNs = 244'000;

/// Ticks of the oscillator between periodic interrupts; 0: none. (Data sheet, table 5.)
constexpr std::int64_t period_ticks(std::uint8_t register_a) {
    const unsigned rate = register_a & kRateMask;
    if (rate == 0) {
        return 0;
    }
    return std::int64_t{1} << (rate < 3 ? rate + 6 : rate - 1);
}

constexpr std::int64_t ticks(std::int64_t nanoseconds) {
    return nanoseconds * kTicksPerSecond / kNanosecondsPerSecond;
}

/// The first nanosecond that ticks() counts as `tick`.
constexpr std::int64_t start_of_tick(std::int64_t tick) {
    return (tick * kNanosecondsPerSecond + kTicksPerSecond - 1) / kTicksPerSecond;
}

constexpr bool divider_is_reset(std::uint8_t register_a) {
    return (register_a & kDividerReset) == kDividerReset;
}

}  // namespace

CmosRtc::CmosRtc(IrqLine& irq, WallClock& clock)
    : irq_(irq), clock_(clock), state_(initial_state()) {
    clock_.on_alarm([this] { ring(); });
}

CmosRtc::~CmosRtc() {
    clock_.set_alarm(std::nullopt);
    clock_.on_alarm({});
}

CmosRtc::State CmosRtc::initial_state() const {
    State state;
    state.ram[kRegisterA] = kDivider32768Hz | kRate1024Hz;
    state.ram[kRegisterB] = k24Hour;
    const std::int64_t host_ns = clock_.now_ns();
    state.accounted = {.seconds = host_ns / kNanosecondsPerSecond,
                       .nanoseconds = host_ns % kNanosecondsPerSecond};
    return state;
}

void CmosRtc::reset() {
    const std::scoped_lock lock(mutex_);
    state_ = initial_state();
    set_next_alarm();
}

Access CmosRtc::read(std::uint64_t offset, std::span<std::uint8_t> data) {
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    if (offset != kDataPort - kIndexPort) {
        return Access::kUnknownRegister;  // the index is write-only
    }
    const std::scoped_lock lock(mutex_);
    data[0] = read_register(state_.index);
    return Access::kDone;
}

Access CmosRtc::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    bool interrupt = false;
    {
        const std::scoped_lock lock(mutex_);
        if (offset == 0) {
            state_.index = data[0] & (kRamSizeBytes - 1);
        } else {
            const bool before = interrupt_requested();
            write_register(state_.index, data[0]);
            interrupt = interrupt_requested() && !before;
        }
    }
    if (interrupt) {
        irq_.trigger();
    }
    return Access::kDone;
}

std::uint8_t CmosRtc::read_register(std::uint8_t index) {
    switch (index) {
        case kRegisterA: {
            const bool updating =
                !is_held() && now().nanoseconds >= kNanosecondsPerSecond - kUpdateAnnouncedNs;
            return static_cast<std::uint8_t>(state_.ram[index] |
                                             (updating ? kUpdateInProgress : 0));
        }
        case kRegisterC:
            return read_flags();
        case kRegisterD:
            return kValidRamAndTime;
        default:
            break;
    }
    RtcTimeRegisters time =
        is_held() ? state_.held_time : RtcTimeRegisters::encode(now().seconds, format());
    const std::uint8_t* const time_register = time.at(index);
    return time_register != nullptr ? *time_register : state_.ram[index];
}

void CmosRtc::write_register(std::uint8_t index, std::uint8_t value) {
    account();
    if (index == kRegisterA || index == kRegisterB) {
        write_control(index, value);
    } else if (index == kRegisterC || index == kRegisterD) {
        return;  // read-only
    } else if (RtcTimeRegisters{}.at(index) != nullptr) {
        write_time_register(index, value);
    } else {
        state_.ram[index] = value;
        if (index > kHoursAlarm) {
            return;  // plain RAM
        }
    }
    set_next_alarm();
}

std::uint8_t CmosRtc::read_flags() {
    account();
    std::uint8_t value = state_.flags;
    if (interrupt_requested()) {
        value |= kInterruptRequest;
    }
    state_.flags = 0;
    set_next_alarm();
    return value;
}

void CmosRtc::write_time_register(std::uint8_t index, std::uint8_t value) {
    if (is_held()) {
        *state_.held_time.at(index) = value;
        state_.held_time_written = true;
        return;
    }
    const GuestTime time = now();
    RtcTimeRegisters registers = RtcTimeRegisters::encode(time.seconds, format());
    *registers.at(index) = value;
    if (const auto seconds = registers.decode(format()); seconds.has_value()) {
        set_time(*seconds, time.nanoseconds);
    }
}

void CmosRtc::write_control(std::uint8_t index, std::uint8_t value) {
    const bool was_held = is_held();
    const bool divider_was_reset = divider_is_reset(state_.ram[kRegisterA]);
    const RtcTimeRegisters time = RtcTimeRegisters::encode(now().seconds, format());
    if (index == kRegisterA) {
        value &= static_cast<std::uint8_t>(~kUpdateInProgress);
    } else if ((value & kSet) != 0) {
        value &= static_cast<std::uint8_t>(~kUpdateInterruptEnable);
    }
    state_.ram[index] = value;
    if (is_held() && !was_held) {
        state_.held_time = time;
        state_.held_time_written = false;
    } else if (was_held && !is_held() && state_.held_time_written) {
        // A time that is none changes nothing. The first update comes half a second after the
        // divider is let go.
        if (const auto seconds = state_.held_time.decode(format()); seconds.has_value()) {
            set_time(*seconds, divider_was_reset ? kHalfSecond : 0);
        }
    }
}

CmosRtc::GuestTime CmosRtc::now() const {
    const std::int64_t host_ns = clock_.now_ns();
    GuestTime time{.seconds = host_ns / kNanosecondsPerSecond + state_.ahead.seconds,
                   .nanoseconds = host_ns % kNanosecondsPerSecond + state_.ahead.nanoseconds};
    if (time.nanoseconds >= kNanosecondsPerSecond) {
        time.nanoseconds -= kNanosecondsPerSecond;
        ++time.seconds;
    }
    return time;
}

void CmosRtc::set_time(std::int64_t seconds, std::int64_t nanoseconds) {
    const std::int64_t host_ns = clock_.now_ns();
    state_.ahead = {.seconds = seconds - host_ns / kNanosecondsPerSecond,
                    .nanoseconds = nanoseconds - host_ns % kNanosecondsPerSecond};
    if (state_.ahead.nanoseconds < 0) {
        state_.ahead.nanoseconds += kNanosecondsPerSecond;
        --state_.ahead.seconds;
    }
    state_.accounted = {.seconds = seconds, .nanoseconds = nanoseconds};
}

RtcAlarm CmosRtc::alarm() const {
    return {.seconds = state_.ram[kSecondsAlarm],
            .minutes = state_.ram[kMinutesAlarm],
            .hours = state_.ram[kHoursAlarm]};
}

bool CmosRtc::is_held() const {
    return (state_.ram[kRegisterB] & kSet) != 0 || divider_is_reset(state_.ram[kRegisterA]);
}

bool CmosRtc::interrupt_requested() const {
    return (state_.flags & state_.ram[kRegisterB] & kInterruptMask) != 0;
}

/// The clock's alarm: accounts for what has happened since, and interrupts.
void CmosRtc::ring() {
    bool interrupt = false;
    {
        const std::scoped_lock lock(mutex_);
        const bool before = interrupt_requested();
        alarm_set_.reset();  // it has rung
        account();
        interrupt = interrupt_requested() && !before;
        set_next_alarm();
    }
    if (interrupt) {
        irq_.trigger();
    }
}

/// Sets the flags of all that has happened since the last call.
void CmosRtc::account() {
    const GuestTime time = now();
    const GuestTime before = std::exchange(state_.accounted, time);
    if (is_held()) {
        return;
    }
    if (time.seconds > before.seconds) {
        state_.flags |= kUpdateFlag;
        const auto match = alarm().next_match(before.seconds, format());
        if (match.has_value() && *match <= time.seconds) {
            state_.flags |= kAlarmFlag;
        }
    }
    if (const std::int64_t period = period_ticks(state_.ram[kRegisterA]); period != 0) {
        if (time.seconds != before.seconds ||
            ticks(time.nanoseconds) / period != ticks(before.nanoseconds) / period) {
            state_.flags |= kPeriodicFlag;
        }
    }
}

/// The next thing the guest wants an interrupt for, after what is accounted for.
std::optional<CmosRtc::GuestTime> CmosRtc::next_event() const {
    const std::uint8_t enabled = state_.ram[kRegisterB] & kInterruptMask;
    const GuestTime from = state_.accounted;
    const std::int64_t period = period_ticks(state_.ram[kRegisterA]);
    if ((enabled & kPeriodicInterruptEnable) != 0 && period != 0) {
        const std::int64_t tick = (ticks(from.nanoseconds) / period + 1) * period;
        return GuestTime{.seconds = from.seconds, .nanoseconds = start_of_tick(tick)};
    }
    if ((enabled & kUpdateInterruptEnable) != 0) {
        return GuestTime{.seconds = from.seconds + 1};
    }
    if ((enabled & kAlarmInterruptEnable) != 0) {
        if (const auto match = alarm().next_match(from.seconds, format()); match.has_value()) {
            return GuestTime{.seconds = *match};
        }
    }
    return std::nullopt;
}

/// Sets the clock's alarm, under the lock so that two vCPUs cannot set it in the wrong order.
void CmosRtc::set_next_alarm() {
    std::optional<std::int64_t> host_ns;
    if (!is_held() && !interrupt_requested()) {
        if (const auto event = next_event(); event.has_value()) {
            host_ns = (event->seconds - state_.ahead.seconds) * kNanosecondsPerSecond +
                      event->nanoseconds - state_.ahead.nanoseconds;
        }
    }
    if (host_ns != alarm_set_) {
        alarm_set_ = host_ns;
        clock_.set_alarm(host_ns);
    }
}

}  // namespace skiff::devices
