// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>

#include "base/event_counter.h"
#include "base/irq_line.h"
#include "devices/bus/bus_device.h"
#include "devices/host_side/output_buffer.h"
#include "devices/serial/uart_16550_registers.h"

namespace skiff::devices {

/// Everything a Uart16550 must keep.
struct Uart16550State {
    /// A character in the receiver FIFO, with the LSR error bits that arrived with it.
    struct Character {
        std::uint8_t byte = 0;
        std::uint8_t errors = 0;
        bool from_host = false;
    };

    static constexpr std::size_t kInputSize = 4096;

    std::uint8_t interrupt_enable = 0;
    std::uint8_t fifo_control = 0;
    std::uint8_t line_control = 0;
    std::uint8_t modem_control = 0;
    std::uint8_t modem_deltas = 0;
    std::uint8_t scratch = 0;
    std::uint16_t divisor = 0;
    bool overrun = false;
    bool transmitter_interrupt = false;  ///< THRE arose and was not seen in IIR yet.
    bool transmit_burst = false;         ///< Only THR was accessed since the last edge for it.
    bool listening = false;              ///< The guest takes input: see Uart16550.
    std::uint8_t idle_polls = 0;         ///< LSR reads in a row that found nothing to do.
    std::uint8_t busy_idents = 0;        ///< IIR reads in a row that reported an interrupt.
    bool line_high = false;

    std::array<Character, uart::kFifoDepth> fifo{};
    std::size_t fifo_head = 0;
    std::size_t fifo_count = 0;

    /// Host input that waits for room in the FIFO.
    std::array<std::uint8_t, kInputSize> input{};
    std::size_t input_head = 0;
    std::size_t input_count = 0;
};

/// Register file of a PC16550D UART at eight ports, with a modem that is always there (CTS, DSR
/// and DCD on). Callable from any thread.
///
/// Transmission takes no time: THR is empty again at once, unless the output buffer is full. Then
/// LSR.THRE and TEMT are 0, no THRE interrupt comes, and a guest that writes THR all the same is
/// held inside the access until there is room or OutputBuffer::release() is called.
///
/// Reception waits for the guest: host input stays in a queue until the guest enables the
/// received-data interrupt or polls LSR for it (kIdlePolls reads in a row with nothing to send or
/// receive), and bytes in a FIFO that the guest clears go back to the queue. On a real line they
/// would have come later, and a driver's start-up would lose what was typed or piped in before.
/// A character below the trigger level counts as timed out at once (IIR 0xc).
class Uart16550 final : public BusDevice {
  public:
    static constexpr std::uint8_t kIdlePolls = 8;

    /// Where bytes take no time, an interrupt handler that loops until IIR reports nothing can go
    /// on as long as somebody sends or prints. Linux gives up after 512 rounds, with the line still
    /// high, and no edge would ever come again. So one IIR read after this many reports nothing,
    /// and what is pending then makes a new edge.
    static constexpr std::uint8_t kMaxBusyIdents = 64;

    /// `irq` and `output` must outlive the device.
    Uart16550(IrqLine& irq, OutputBuffer& output);

    Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
    Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

    /// How many bytes receive() takes now. Where it is none, the callback of set_on_input_room()
    /// comes when there is much room again. Only one thread feeds the UART.
    std::size_t input_room();
    /// Input from the host: takes what there is room for, and says how much.
    std::size_t receive(std::span<const std::uint8_t> bytes);
    /// A break on the line, which Linux takes as the SysRq key.
    void receive_break();
    /// Called without a lock, from any thread.
    void set_on_input_room(std::function<void()> callback);

    /// From the next byte on, output goes there; `output` must outlive the device. Any thread.
    void set_output(OutputBuffer& output) { output_.store(&output, std::memory_order_release); }

    /// The output buffer became ready again: THR is empty.
    void transmitter_ready();

    /// How many bytes the guest has sent, and read, since the device was made. Any thread.
    std::uint64_t bytes_sent() const { return bytes_sent_.value(); }
    std::uint64_t bytes_read() const { return bytes_read_.value(); }

    /// Back to the state after construction; input that waits is dropped.
    void reset();

  private:
    class Update;

    std::uint8_t read_register(std::uint64_t offset);
    void write_register(std::uint64_t offset, std::uint8_t value);
    void transmit(std::uint8_t byte);

    std::uint8_t read_data();
    std::uint8_t read_interrupt_ident();
    std::uint8_t read_line_status();
    std::uint8_t read_modem_status();
    void write_interrupt_enable(std::uint8_t value);
    void write_fifo_control(std::uint8_t value);
    void write_line_control(std::uint8_t value);
    void write_modem_control(std::uint8_t value);

    bool fifos_enabled() const { return (state_.fifo_control & uart::kFcrEnable) != 0; }
    bool looped_back() const { return (state_.modem_control & uart::kMcrLoopback) != 0; }
    bool transmitter_empty() const { return looped_back() || output().ready(); }
    bool divisor_latch() const { return (state_.line_control & uart::kLcrDivisorLatch) != 0; }
    std::size_t fifo_depth() const { return fifos_enabled() ? uart::kFifoDepth : 1; }

    const OutputBuffer& output() const { return *output_.load(std::memory_order_acquire); }
    std::uint8_t modem_inputs() const;
    std::uint8_t line_errors() const;
    bool error_in_fifo() const;
    std::uint8_t interrupt_ident() const;
    void receive_character(const Uart16550State::Character& character);
    void clear_receiver();
    void refill();
    bool update_line();
    std::size_t free_input() const;

    IrqLine& irq_;
    std::atomic<OutputBuffer*> output_;
    std::function<void()> on_input_room_;

    mutable std::mutex mutex_;  // guards state_ and input_wanted_
    Uart16550State state_;
    bool input_wanted_ = false;  // the feeder saw no room
    EventCounter bytes_sent_;    // counted with mutex_ held
    EventCounter bytes_read_;    // likewise
};

}  // namespace skiff::devices
