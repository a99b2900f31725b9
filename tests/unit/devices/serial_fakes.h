// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "base/irq_line.h"
#include "devices/host_side/output_buffer.h"
#include "devices/serial/uart_16550.h"

namespace skiff::devices::test {

/// Counts the edges that the guest would see.
class CountingIrq final : public IrqLine {
  public:
    void trigger() override { edges_.fetch_add(1); }
    /// Edges since the last call.
    int take() { return edges_.exchange(0); }

  private:
    std::atomic<int> edges_{0};
};

/// A reader that takes as many bytes as it was allowed to.
class ThrottledOutput final : public HostOutput {
  public:
    static constexpr std::size_t kUnlimited = ~std::size_t{0};

    explicit ThrottledOutput(std::size_t allowance = kUnlimited) : allowance_(allowance) {}

    std::size_t write(std::span<const std::uint8_t> bytes) override {
        const std::lock_guard lock(mutex_);
        const std::size_t taken = std::min(bytes.size(), allowance_);
        if (allowance_ != kUnlimited) {
            allowance_ -= taken;
        }
        text_.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        return taken;
    }
    void allow(std::size_t more) {
        const std::lock_guard lock(mutex_);
        allowance_ = more;
    }
    std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }

  private:
    mutable std::mutex mutex_;
    std::size_t allowance_;
    std::string text_;
};

/// A UART as its driver sees it: byte accesses by register.
class UartUnderTest {
  public:
    explicit UartUnderTest(std::size_t output_allowance = ThrottledOutput::kUnlimited,
                           std::size_t buffer_capacity = OutputBuffer::kDefaultCapacity)
        : output(output_allowance), buffer(output, buffer_capacity), uart(irq, buffer) {
        buffer.set_callbacks({}, [this] { uart.transmitter_ready(); });
    }

    std::uint8_t read(std::uint64_t offset) {
        std::uint8_t value = 0x55;
        if (uart.read(offset, {&value, 1}) != Access::kDone) {
            return 0xff;
        }
        return value;
    }
    void write(std::uint64_t offset, unsigned value) {
        const auto byte = static_cast<std::uint8_t>(value);
        (void)uart.write(offset, {&byte, 1});
    }
    std::size_t receive(const std::string& text) {
        return uart.receive({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    }
    /// What a driver does that wants interrupts: FIFOs with a trigger at 8, OUT2, and these
    /// enabled.
    void set_up(unsigned interrupts) {
        write(uart::kInterruptIdent, 0x81);
        write(uart::kModemControl, uart::kMcrDtr | uart::kMcrRts | uart::kMcrOut2);
        write(uart::kInterruptEnable, interrupts);
        (void)read(uart::kModemStatus);
    }

    CountingIrq irq;
    ThrottledOutput output;
    OutputBuffer buffer;
    Uart16550 uart;
};

}  // namespace skiff::devices::test
