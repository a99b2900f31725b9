// SPDX-License-Identifier: Apache-2.0
#include "devices/cmos_rtc.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "recording_irq_line.h"
#include "register_access.h"

namespace skiff::devices {
namespace {

using namespace cmos_rtc;
using Bytes = std::vector<unsigned>;

constexpr std::int64_t kSecond = 1'000'000'000;
/// 2024-02-29 23:59:58 UTC, a Thursday.
constexpr std::int64_t kLeapDay = 1'709'251'198 * kSecond;

class FakeClock : public WallClock {
  public:
    std::int64_t now_ns() const override { return now_; }
    void set_alarm(std::optional<std::int64_t> at_ns) override { alarm_ = at_ns; }
    void on_alarm(std::function<void()> callback) override { callback_ = std::move(callback); }

    /// Lets time pass, ringing on the way.
    void advance(std::int64_t nanoseconds) {
        const std::int64_t end = now_ + nanoseconds;
        while (alarm_.has_value() && *alarm_ <= end) {
            now_ = std::max(now_, *alarm_);
            alarm_.reset();
            ++rings;
            callback_();
        }
        now_ = end;
    }
    void step(std::int64_t nanoseconds) { now_ += nanoseconds; }
    void ring_early() {
        alarm_.reset();
        callback_();
    }
    bool has_alarm() const { return alarm_.has_value(); }

    unsigned rings = 0;

  private:
    std::int64_t now_ = kLeapDay;
    std::optional<std::int64_t> alarm_;
    std::function<void()> callback_;
};

struct Fixture {
    FakeClock clock;
    test::RecordingIrqLine irq;
    CmosRtc rtc{irq, clock};

    unsigned get(unsigned index) {
        test::write8(rtc, 0, index);
        return test::read8(rtc, 1);
    }
    void set(unsigned index, unsigned value) {
        test::write8(rtc, 0, index);
        test::write8(rtc, 1, value);
    }
    /// Century, year, month, day, weekday, hours, minutes, seconds.
    Bytes time() {
        return {get(kCentury),   get(kYear),  get(kMonth),   get(kDayOfMonth),
                get(kDayOfWeek), get(kHours), get(kMinutes), get(kSeconds)};
    }
    void set_time(const Bytes& time) {
        set(kCentury, time[0]);
        set(kYear, time[1]);
        set(kMonth, time[2]);
        set(kDayOfMonth, time[3]);
        set(kHours, time[5]);
        set(kMinutes, time[6]);
        set(kSeconds, time[7]);
    }
    void set_alarm(unsigned hours, unsigned minutes, unsigned seconds) {
        set(kHoursAlarm, hours);
        set(kMinutesAlarm, minutes);
        set(kSecondsAlarm, seconds);
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "RTC: tells the host's time, decimal and in 24 hours at first") {
    REQUIRE(get(kRegisterA) == 0x26);
    REQUIRE(get(kRegisterB) == 0x02);
    REQUIRE(get(kRegisterC) == 0x00);
    REQUIRE(get(kRegisterD) == 0x80);
    REQUIRE(time() == Bytes{0x20, 0x24, 0x02, 0x29, 0x05, 0x23, 0x59, 0x58});
    clock.advance(2 * kSecond);
    REQUIRE(time() == Bytes{0x20, 0x24, 0x03, 0x01, 0x06, 0x00, 0x00, 0x00});
}

TEST_CASE_METHOD(Fixture, "RTC: tells it in the format that register B asks for") {
    set(kRegisterB, k24Hour | kBinary);
    REQUIRE(time() == Bytes{20, 24, 2, 29, 5, 23, 59, 58});
    set(kRegisterB, kBinary);
    REQUIRE(get(kHours) == (11 | kPm));
    set(kRegisterB, 0);
    REQUIRE(get(kHours) == (0x11 | kPm));
    clock.advance(2 * kSecond);
    REQUIRE(get(kHours) == 0x12);  // midnight is 12 AM
    clock.advance(12 * 3600 * kSecond);
    REQUIRE(get(kHours) == (0x12 | kPm));
    clock.advance(3600 * kSecond);
    REQUIRE(get(kHours) == (0x01 | kPm));
}

TEST_CASE_METHOD(Fixture, "RTC: the NMI bit of the index is ignored") {
    set(0x80 | 0x40, 0x5a);
    REQUIRE(get(0x40) == 0x5a);
    REQUIRE(get(0xc0) == 0x5a);
}

TEST_CASE_METHOD(Fixture, "RTC: the update bit announces the next second only, briefly") {
    REQUIRE((get(kRegisterA) & kUpdateInProgress) == 0);
    clock.advance(kSecond - 244'001);
    REQUIRE((get(kRegisterA) & kUpdateInProgress) == 0);
    clock.advance(1);
    REQUIRE((get(kRegisterA) & kUpdateInProgress) != 0);
    set(kRegisterB, kSet);
    REQUIRE((get(kRegisterA) & kUpdateInProgress) == 0);
    set(kRegisterB, k24Hour);
    clock.advance(244'000);
    REQUIRE((get(kRegisterA) & kUpdateInProgress) == 0);
    set(kRegisterA, 0xa6);
    REQUIRE(get(kRegisterA) == 0x26);  // read-only
}

TEST_CASE_METHOD(Fixture, "RTC: keeps a time that the guest sets as Linux sets it") {
    set(kRegisterB, k24Hour | kSet);
    set(kRegisterA, 0x26 | 0x60);
    set_time({0x19, 0x99, 0x12, 0x31, 0, 0x23, 0x59, 0x59});
    clock.advance(5 * kSecond);
    REQUIRE(time() == Bytes{0x19, 0x99, 0x12, 0x31, 0x05, 0x23, 0x59, 0x59});
    set(kRegisterB, k24Hour);
    clock.advance(5 * kSecond);
    REQUIRE(get(kSeconds) == 0x59);  // the divider still holds it
    set(kRegisterA, 0x26);
    // The first update comes half a second after the divider is let go.
    clock.advance(kSecond / 2 - 1);
    REQUIRE(get(kSeconds) == 0x59);
    clock.advance(1);
    REQUIRE(time() == Bytes{0x20, 0x00, 0x01, 0x01, 0x07, 0x00, 0x00, 0x00});
    clock.advance(3600 * kSecond);
    REQUIRE(get(kHours) == 0x01);
}

TEST_CASE_METHOD(Fixture, "RTC: a time set with SET alone begins when SET is cleared") {
    clock.advance(kSecond / 4);
    set(kRegisterB, k24Hour | kSet);
    set_time({0x20, 0x30, 0x06, 0x15, 0, 0x12, 0x00, 0x00});
    set(kRegisterB, k24Hour);
    clock.advance(kSecond - 1);
    REQUIRE(get(kSeconds) == 0x00);
    clock.advance(1);
    REQUIRE(time() == Bytes{0x20, 0x30, 0x06, 0x15, 0x07, 0x12, 0x00, 0x01});
}

TEST_CASE_METHOD(Fixture, "RTC: registers written while it runs take effect one by one") {
    set(kHours, 0x12);
    set(kMinutes, 0x34);
    REQUIRE(time() == Bytes{0x20, 0x24, 0x02, 0x29, 0x05, 0x12, 0x34, 0x58});
}

TEST_CASE_METHOD(Fixture, "RTC: holding it without setting it loses no time") {
    set(kRegisterB, k24Hour | kSet);
    clock.advance(10 * kSecond);
    REQUIRE(get(kSeconds) == 0x58);
    set(kRegisterB, k24Hour);
    REQUIRE(get(kSeconds) == 0x08);
}

TEST_CASE_METHOD(Fixture, "RTC: registers that are no time change nothing") {
    const Bytes before = time();
    const std::vector<Bytes> wrong = {
        {0x20, 0x23, 0x02, 0x29, 0, 0x00, 0x00, 0x00},  // no leap year
        {0x20, 0x24, 0x13, 0x01, 0, 0x00, 0x00, 0x00},
        {0x20, 0x24, 0x00, 0x01, 0, 0x00, 0x00, 0x00},
        {0x20, 0x24, 0x01, 0x00, 0, 0x00, 0x00, 0x00},
        {0x20, 0x24, 0x01, 0x01, 0, 0x24, 0x00, 0x00},
        {0x20, 0x24, 0x01, 0x01, 0, 0x00, 0x60, 0x00},
        {0x20, 0x24, 0x01, 0x01, 0, 0x00, 0x00, 0x5a},
        {0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff}};
    for (const Bytes& bytes : wrong) {
        set(kRegisterB, k24Hour | kSet);
        set_time(bytes);
        set(kRegisterB, k24Hour);
        REQUIRE(time() == before);
    }
}

TEST_CASE_METHOD(Fixture, "RTC: runs on past the last year it can show") {
    set(kRegisterB, k24Hour | kSet);
    set_time({0x99, 0x99, 0x12, 0x31, 0, 0x23, 0x59, 0x59});
    set(kRegisterB, k24Hour);
    clock.advance(kSecond);
    REQUIRE(time() == Bytes{0x00, 0x00, 0x01, 0x01, 0x07, 0x00, 0x00, 0x00});
    set(kRegisterB, k24Hour | kSet);
    set_time({0x00, 0x00, 0x01, 0x01, 0, 0x00, 0x00, 0x00});
    set(kRegisterB, k24Hour | kUpdateInterruptEnable);
    clock.advance(kSecond);
    REQUIRE(get(kSeconds) == 0x01);
    REQUIRE(irq.take() == 1);
}

TEST_CASE_METHOD(Fixture, "RTC: flags show what happened and clear by reading, enabled or not") {
    set(kRegisterA, kDivider32768Hz);  // no periodic flag
    set_alarm(0x00, 0x00, 0x00);
    get(kRegisterC);
    clock.advance(kSecond);
    REQUIRE(get(kRegisterC) == kUpdateFlag);
    REQUIRE(get(kRegisterC) == 0);
    clock.advance(kSecond);
    REQUIRE(get(kRegisterC) == (kUpdateFlag | kAlarmFlag));
    REQUIRE(get(kRegisterC) == 0);
    REQUIRE(irq.take() == 0);
    REQUIRE(clock.rings == 0);
}

TEST_CASE_METHOD(Fixture, "RTC: an update interrupts each second if the guest reads C in between") {
    set_alarm(0x12, 0x00, 0x00);
    set(kRegisterB, k24Hour | kUpdateInterruptEnable);
    for (unsigned i = 0; i < 3; ++i) {
        clock.advance(kSecond);
        REQUIRE(irq.take() == 1);
        REQUIRE((get(kRegisterC) & ~unsigned{kPeriodicFlag}) == (kInterruptRequest | kUpdateFlag));
    }
    clock.advance(10 * kSecond);
    REQUIRE(irq.take() == 1);  // the line stays up: no edge, and no work for the host
    REQUIRE(clock.rings == 4);
    REQUIRE_FALSE(clock.has_alarm());
    get(kRegisterC);
    clock.advance(kSecond);
    REQUIRE(irq.take() == 1);
}

TEST_CASE_METHOD(Fixture, "RTC: setting SET turns the update interrupt off") {
    set(kRegisterB, k24Hour | kUpdateInterruptEnable | kSet);
    REQUIRE(get(kRegisterB) == (k24Hour | kSet));
    clock.advance(5 * kSecond);
    REQUIRE(irq.take() == 0);
}

TEST_CASE_METHOD(Fixture, "RTC: the alarm interrupts at its time, with wildcards, in any format") {
    struct Row {
        const char* what;
        unsigned control;
        Bytes alarm;         // hours, minutes, seconds
        std::int64_t after;  // seconds from 23:59:58
    };
    const std::vector<Row> rows = {
        {"tomorrow's first second", k24Hour, {0x00, 0x00, 0x00}, 2},
        {"today's last second", k24Hour, {0x23, 0x59, 0x59}, 1},
        {"this second, tomorrow", k24Hour, {0x23, 0x59, 0x58}, 86'400},
        {"every second", k24Hour, {0xff, 0xff, 0xff}, 1},
        {"any hour", k24Hour, {0xc0, 0x00, 0x30}, 32},
        {"any minute", k24Hour, {0x07, 0xc0, 0x00}, 2 + 7 * 3600},
        {"any second", k24Hour, {0x23, 0x58, 0xc0}, 86'400 - 118},
        {"binary", k24Hour | kBinary, {12, 34, 56}, 2 + 12 * 3600 + 34 * 60 + 56},
        {"12 AM", 0, {0x12, 0x00, 0x05}, 7},
        {"1 PM", 0, {0x81, 0x00, 0x00}, 2 + 13 * 3600},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        Fixture fresh;
        fresh.set_alarm(row.alarm[0], row.alarm[1], row.alarm[2]);
        fresh.set(kRegisterB, row.control | kAlarmInterruptEnable);
        fresh.clock.advance(row.after * kSecond - 1);
        REQUIRE(fresh.irq.take() == 0);
        fresh.clock.advance(1);
        REQUIRE(fresh.irq.take() == 1);
        REQUIRE((fresh.get(kRegisterC) & (kInterruptRequest | kAlarmFlag)) ==
                (kInterruptRequest | kAlarmFlag));
        REQUIRE(fresh.clock.rings == 1);
    }
}

TEST_CASE_METHOD(Fixture, "RTC: an alarm that never comes sets no timer") {
    for (const Bytes& alarm : {Bytes{0x24, 0x00, 0x00}, Bytes{0xc0, 0x60, 0xc0},
                               Bytes{0xc0, 0xc0, 0x7f}, Bytes{0x0a, 0xc0, 0xc0}}) {
        set_alarm(alarm[0], alarm[1], alarm[2]);
        set(kRegisterB, k24Hour | kAlarmInterruptEnable);
        REQUIRE_FALSE(clock.has_alarm());
    }
}

TEST_CASE_METHOD(Fixture, "RTC: periodic interrupts come at the rate that register A asks for") {
    for (const auto& [rate, per_second] : std::vector<std::pair<unsigned, unsigned>>{
             {1, 256}, {2, 128}, {3, 8192}, {6, 1024}, {15, 2}, {0, 0}}) {
        INFO(rate);
        Fixture fresh;
        fresh.set(kRegisterA, kDivider32768Hz | rate);
        fresh.set(kRegisterB, k24Hour | kPeriodicInterruptEnable);
        fresh.get(kRegisterC);
        fresh.irq.take();
        unsigned interrupts = 0;
        for (std::int64_t i = 0; i < 1'000'000; ++i) {
            fresh.clock.advance(1'000);
            if (fresh.irq.take() != 0) {
                ++interrupts;
                fresh.get(kRegisterC);
            }
        }
        REQUIRE(interrupts == per_second);
    }
}

TEST_CASE_METHOD(Fixture, "RTC: a step of the host's clock backwards does no harm") {
    set(kRegisterB, k24Hour | kUpdateInterruptEnable);
    clock.step(-3600 * kSecond);
    REQUIRE(get(kHours) == 0x22);
    get(kRegisterC);
    clock.advance(kSecond);
    REQUIRE(irq.take() == 1);
}

TEST_CASE_METHOD(Fixture, "RTC: an alarm that rings early rings again") {
    set(kRegisterB, k24Hour | kUpdateInterruptEnable);
    clock.ring_early();
    REQUIRE(irq.take() == 0);
    clock.advance(kSecond);
    REQUIRE(irq.take() == 1);
}

TEST_CASE_METHOD(Fixture, "RTC: RAM keeps bytes, and leaves the clock's registers alone") {
    for (unsigned index = 0x0e; index < 0x80; ++index) {
        if (index != kCentury) {
            set(index, index ^ 0xa5);
        }
    }
    for (unsigned index = 0x0e; index < 0x80; ++index) {
        if (index != kCentury) {
            REQUIRE(get(index) == (index ^ 0xa5));
        }
    }
    set(kRegisterC, 0xff);
    set(kRegisterD, 0x00);
    REQUIRE(get(kRegisterC) == 0);
    REQUIRE(get(kRegisterD) == kValidRamAndTime);
}

TEST_CASE_METHOD(Fixture, "RTC: refuses other widths, and the index cannot be read") {
    for (const std::size_t width : {2U, 4U, 8U}) {
        REQUIRE(test::try_read(rtc, 1, width) == Access::kBadWidth);
        REQUIRE(test::try_write(rtc, 0, width) == Access::kBadWidth);
    }
    REQUIRE(test::try_read(rtc, 0, 1) == Access::kUnknownRegister);
}

TEST_CASE_METHOD(Fixture, "RTC: reset restores the constructed state") {
    set(kHours, 0x01);
    set(0x40, 0x77);
    set(kRegisterA, 0x2f);
    set(kRegisterB, kUpdateInterruptEnable | kBinary);
    clock.advance(2 * kSecond);
    irq.take();
    rtc.reset();
    REQUIRE_FALSE(clock.has_alarm());
    REQUIRE(get(kRegisterA) == 0x26);
    REQUIRE(get(kRegisterB) == k24Hour);
    REQUIRE(get(kRegisterC) == 0);
    REQUIRE(get(0x40) == 0);
    REQUIRE(get(kHoursAlarm) == 0);
    REQUIRE(time() == Bytes{0x20, 0x24, 0x03, 0x01, 0x06, 0x00, 0x00, 0x00});
}

}  // namespace skiff::devices
