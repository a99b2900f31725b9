// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "base/irq_line.h"
#include "devices/bus/bus_device.h"
#include "devices/cmos_rtc_registers.h"
#include "devices/rtc_time.h"
#include "devices/wall_clock.h"

namespace skiff::devices {

/// The PC's real-time clock and its CMOS RAM (cmos_rtc_registers.h), at two ports. It runs with the
/// host's clock, in UTC; a time that the guest sets is kept as the difference. Update, alarm and
/// periodic interrupts come by the clock's alarm, never two before the guest has read register C,
/// so that no guest can keep the host busy with them.
class CmosRtc : public BusDevice {
  public:
    /// Takes over the clock's alarm.
    CmosRtc(IrqLine& irq, WallClock& clock);
    ~CmosRtc() override;
    CmosRtc(const CmosRtc&) = delete;
    CmosRtc& operator=(const CmosRtc&) = delete;

    Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
    Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

    /// Restores the state after construction: the host's time, empty RAM.
    void reset();

  private:
    struct GuestTime {
        std::int64_t seconds = 0;      ///< Since 1970.
        std::int64_t nanoseconds = 0;  ///< Of the second.
    };

    struct State {
        std::uint8_t index = 0;
        /// RAM, the alarm, registers A and B. Time, C and D are not kept here.
        std::array<std::uint8_t, cmos_rtc::kRamSizeBytes> ram{};
        std::uint8_t flags = 0;  ///< Register C without kInterruptRequest.
        /// Guest time minus host time.
        GuestTime ahead;
        /// Updates up to here are in `flags`.
        GuestTime accounted;
        /// What the time registers show while the clock is held.
        RtcTimeRegisters held_time;
        bool held_time_written = false;
    };

    State initial_state() const;
    GuestTime now() const;
    void set_time(std::int64_t seconds, std::int64_t nanoseconds);
    RtcFormat format() const { return RtcFormat::of(state_.ram[cmos_rtc::kRegisterB]); }
    RtcAlarm alarm() const;
    bool is_held() const;
    bool interrupt_requested() const;

    std::uint8_t read_register(std::uint8_t index);
    void write_register(std::uint8_t index, std::uint8_t value);
    std::uint8_t read_flags();
    void write_time_register(std::uint8_t index, std::uint8_t value);
    void write_control(std::uint8_t index, std::uint8_t value);

    void ring();
    void account();
    void set_next_alarm();
    std::optional<GuestTime> next_event() const;

    IrqLine& irq_;
    WallClock& clock_;
    std::mutex mutex_;
    State state_;                            // guarded by mutex_
    std::optional<std::int64_t> alarm_set_;  // guarded by mutex_
};

}  // namespace skiff::devices
