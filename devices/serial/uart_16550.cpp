// SPDX-License-Identifier: Apache-2.0
#include "devices/serial/uart_16550.h"

#include <algorithm>
#include <utility>

namespace skiff::devices {

using namespace uart;

/// The lock for one access. When it ends, the interrupt line follows the registers, and what
/// changed is told to the outside, after the lock is gone.
class Uart16550::Update {
  public:
    explicit Update(Uart16550& device) : device_(device), lock_(device.mutex_) {}
    Update(const Update&) = delete;
    Update& operator=(const Update&) = delete;

    ~Update() {
        device_.refill();
        const bool edge = device_.update_line();
        // Half of the queue, so that the host side is not woken for every byte.
        const bool has_room =
            device_.input_wanted_ && device_.state_.input_count <= Uart16550State::kInputSize / 2;
        if (has_room) {
            device_.input_wanted_ = false;
        }
        lock_.unlock();
        if (edge) {
            device_.irq_.trigger();
        }
        if (has_room && device_.on_input_room_) {
            device_.on_input_room_();
        }
    }

  private:
    Uart16550& device_;
    std::unique_lock<std::mutex> lock_;
};

Uart16550::Uart16550(IrqLine& irq, OutputBuffer& output) : irq_(irq), output_(&output) {
    reset();
}

void Uart16550::reset() {
    const Update update(*this);
    state_ = Uart16550State{};
    state_.divisor = 12;  // 9600 baud at 1.8432 MHz, what a PC's firmware leaves behind
}

Access Uart16550::read(std::uint64_t offset, std::span<std::uint8_t> data) {
    if (offset >= kRegisterCount) {
        return Access::kUnknownRegister;
    }
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    const Update update(*this);
    data[0] = read_register(offset);
    return Access::kDone;
}

Access Uart16550::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (offset >= kRegisterCount) {
        return Access::kUnknownRegister;
    }
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    bool transmits = false;
    {
        const Update update(*this);
        state_.idle_polls = 0;
        transmits = offset == kData && !divisor_latch() && !looped_back();
        if (!transmits) {
            state_.transmit_burst = false;
            write_register(offset, data[0]);
        } else if (!state_.transmit_burst) {
            state_.transmitter_interrupt = false;
        }
    }
    if (transmits) {
        transmit(data[0]);
    }
    return Access::kDone;
}

/// Without the lock, because the output buffer may hold the guest here.
void Uart16550::transmit(std::uint8_t byte) {
    output_.load(std::memory_order_acquire)->push(byte);
    const Update update(*this);
    bytes_sent_.add(1);
    // THR is empty again, which raises an edge: only for the first byte of a burst, as with a
    // real FIFO, since an edge costs a system call.
    state_.transmitter_interrupt = output().ready();
    state_.transmit_burst = true;
}

void Uart16550::transmitter_ready() {
    const Update update(*this);
    state_.transmitter_interrupt = true;
    state_.transmit_burst = false;
}

std::uint8_t Uart16550::read_register(std::uint64_t offset) {
    state_.transmit_burst = false;
    if (offset != kLineStatus && offset != kModemStatus) {
        state_.idle_polls = 0;
    }
    switch (offset) {
        case kData:
            return divisor_latch() ? static_cast<std::uint8_t>(state_.divisor & 0xff) : read_data();
        case kInterruptEnable:
            return divisor_latch() ? static_cast<std::uint8_t>(state_.divisor >> 8)
                                   : state_.interrupt_enable;
        case kInterruptIdent:
            return read_interrupt_ident();
        case kLineControl:
            return state_.line_control;
        case kModemControl:
            return state_.modem_control;
        case kLineStatus:
            return read_line_status();
        case kModemStatus:
            return read_modem_status();
        default:
            return state_.scratch;
    }
}

void Uart16550::write_register(std::uint64_t offset, std::uint8_t value) {
    switch (offset) {
        case kData:
            if (divisor_latch()) {
                state_.divisor = static_cast<std::uint16_t>((state_.divisor & 0xff00) | value);
            } else {
                receive_character({.byte = value});  // looped back
                state_.transmitter_interrupt = true;
            }
            break;
        case kInterruptEnable:
            if (divisor_latch()) {
                state_.divisor = static_cast<std::uint16_t>((value << 8) | (state_.divisor & 0xff));
            } else {
                write_interrupt_enable(value);
            }
            break;
        case kInterruptIdent:
            write_fifo_control(value);
            break;
        case kLineControl:
            write_line_control(value);
            break;
        case kModemControl:
            write_modem_control(value);
            break;
        case kScratch:
            state_.scratch = value;
            break;
        default:
            break;  // LSR and MSR: writing is for factory tests (8.3, 8.8) and ignored
    }
}

std::uint8_t Uart16550::read_data() {
    if (state_.fifo_count == 0) {
        return 0;
    }
    const std::uint8_t byte = state_.fifo[state_.fifo_head].byte;
    state_.fifo_head = (state_.fifo_head + 1) % kFifoDepth;
    --state_.fifo_count;
    bytes_read_.add(1);
    return byte;
}

std::uint8_t Uart16550::read_interrupt_ident() {
    std::uint8_t ident = interrupt_ident();
    if (ident == kIirNone) {
        state_.busy_idents = 0;
    } else if (++state_.busy_idents > kMaxBusyIdents) {
        // Let the handler end, and make a new edge of what is pending: see kMaxBusyIdents.
        state_.busy_idents = 0;
        state_.line_high = false;
        ident = kIirNone;
    } else if (ident == kIirTransmitterEmpty) {
        state_.transmitter_interrupt = false;  // reading IIR acknowledges this one source (8.5)
    }
    return static_cast<std::uint8_t>(ident | (fifos_enabled() ? kIirFifosEnabled : 0U));
}

std::uint8_t Uart16550::read_line_status() {
    unsigned status = line_errors();
    status |= state_.fifo_count > 0 ? kLsrDataReady : 0U;
    status |= transmitter_empty() ? kLsrHoldingEmpty | kLsrTransmitterEmpty : 0U;
    status |= fifos_enabled() && error_in_fifo() ? kLsrErrorInFifo : 0U;
    // Reading clears the error bits (8.3), those of the character at the FIFO's top only.
    state_.overrun = false;
    if (state_.fifo_count > 0) {
        state_.fifo[state_.fifo_head].errors = 0;
    }
    if ((status & (kLsrDataReady | kLsrHoldingEmpty)) == kLsrHoldingEmpty &&
        ++state_.idle_polls >= kIdlePolls) {
        state_.listening = true;
        state_.idle_polls = 0;
    }
    return static_cast<std::uint8_t>(status);
}

std::uint8_t Uart16550::read_modem_status() {
    return static_cast<std::uint8_t>(modem_inputs() | std::exchange(state_.modem_deltas, 0));
}

void Uart16550::write_interrupt_enable(std::uint8_t value) {
    const unsigned rising = value & ~state_.interrupt_enable & 0xffU;
    state_.interrupt_enable = value & kIerMask;
    if ((rising & kIerTransmitterEmpty) != 0 && transmitter_empty()) {
        state_.transmitter_interrupt = true;
    }
    if ((value & kIerReceivedData) != 0) {
        state_.listening = true;
    }
}

void Uart16550::write_fifo_control(std::uint8_t value) {
    const bool enables = (value & kFcrEnable) != 0;
    const bool changes = enables != fifos_enabled();
    // Other bits are taken only together with the enable bit (8.4, bit 0).
    state_.fifo_control = enables ? value & (kFcrEnable | kFcrTriggerMask) : 0;
    if (changes || (enables && (value & kFcrClearReceiver) != 0)) {
        clear_receiver();
    }
    // Clearing the transmitter has nothing to clear: what was written is on its way.
}

void Uart16550::write_line_control(std::uint8_t value) {
    const unsigned rising = value & ~state_.line_control & 0xffU;
    state_.line_control = value;
    if ((rising & kLcrSetBreak) != 0 && looped_back()) {
        receive_character({.byte = 0, .errors = kLsrBreak | kLsrFramingError});
    }
}

void Uart16550::write_modem_control(std::uint8_t value) {
    const std::uint8_t before = modem_inputs();
    state_.modem_control = value & kMcrMask;
    const unsigned deltas = modem_deltas(before, modem_inputs());
    state_.modem_deltas = static_cast<std::uint8_t>(state_.modem_deltas | deltas);
}

std::uint8_t Uart16550::modem_inputs() const {
    return looped_back() ? looped_modem_inputs(state_.modem_control)
                         : static_cast<std::uint8_t>(kMsrCts | kMsrDsr | kMsrDcd);
}

std::uint8_t Uart16550::line_errors() const {
    unsigned errors = state_.overrun ? kLsrOverrun : 0U;
    if (state_.fifo_count > 0) {
        errors |= state_.fifo[state_.fifo_head].errors;
    }
    return static_cast<std::uint8_t>(errors);
}

bool Uart16550::error_in_fifo() const {
    for (std::size_t i = 0; i < state_.fifo_count; ++i) {
        if (state_.fifo[(state_.fifo_head + i) % kFifoDepth].errors != 0) {
            return true;
        }
    }
    return false;
}

/// IIR bits 0..3: the enabled source of the highest priority (8.5, table III).
std::uint8_t Uart16550::interrupt_ident() const {
    const auto enabled = [this](std::uint8_t source) {
        return (state_.interrupt_enable & source) != 0;
    };
    if (enabled(kIerLineStatus) && line_errors() != 0) {
        return kIirLineStatus;
    }
    if (enabled(kIerReceivedData) && state_.fifo_count > 0) {
        const std::size_t level = fifos_enabled() ? trigger_level(state_.fifo_control) : 1;
        return state_.fifo_count >= level ? kIirReceivedData : kIirCharacterTimeout;
    }
    if (enabled(kIerTransmitterEmpty) && state_.transmitter_interrupt) {
        return kIirTransmitterEmpty;
    }
    if (enabled(kIerModemStatus) && state_.modem_deltas != 0) {
        return kIirModemStatus;
    }
    return kIirNone;
}

/// A character arrives on the line. Without room it is an overrun: a full FIFO keeps what it has,
/// a lone holding register is overwritten (8.3, LSR bit 1).
void Uart16550::receive_character(const Uart16550State::Character& character) {
    if (state_.fifo_count < fifo_depth()) {
        state_.fifo[(state_.fifo_head + state_.fifo_count) % kFifoDepth] = character;
        ++state_.fifo_count;
        return;
    }
    state_.overrun = true;
    if (!fifos_enabled()) {
        state_.fifo[state_.fifo_head] = character;
    }
}

/// Empties the FIFO. Bytes from the host go back to where refill() took them: it keeps room.
void Uart16550::clear_receiver() {
    std::size_t returned = 0;
    for (std::size_t i = 0; i < state_.fifo_count; ++i) {
        returned += state_.fifo[(state_.fifo_head + i) % kFifoDepth].from_host ? 1U : 0U;
    }
    constexpr std::size_t kSize = Uart16550State::kInputSize;
    state_.input_head = (state_.input_head + kSize - returned) % kSize;
    state_.input_count += returned;
    state_.fifo_count = 0;
    state_.fifo_head = 0;
    state_.overrun = false;
    state_.listening = (state_.interrupt_enable & kIerReceivedData) != 0;
    state_.idle_polls = 0;
}

/// Moves host input into the FIFO, once it is empty, so that LSR.DR stays set until all is read.
void Uart16550::refill() {
    if (state_.fifo_count > 0 || !state_.listening || looped_back()) {
        return;
    }
    while (state_.input_count > 0 && state_.fifo_count < fifo_depth()) {
        receive_character({.byte = state_.input[state_.input_head], .from_host = true});
        state_.input_head = (state_.input_head + 1) % Uart16550State::kInputSize;
        --state_.input_count;
    }
}

/// Brings the interrupt line up to date; true where it rose.
bool Uart16550::update_line() {
    const bool high = interrupt_ident() != kIirNone && (state_.modem_control & kMcrOut2) != 0;
    const bool was_high = std::exchange(state_.line_high, high);
    return high && !was_high;
}

std::size_t Uart16550::input_room() {
    const std::lock_guard lock(mutex_);
    const std::size_t room = free_input();
    input_wanted_ = room == 0;
    return room;
}

std::size_t Uart16550::free_input() const {
    // A FIFO's worth stays free for clear_receiver().
    const std::size_t used = state_.input_count + kFifoDepth;
    return used >= Uart16550State::kInputSize ? 0 : Uart16550State::kInputSize - used;
}

std::size_t Uart16550::receive(std::span<const std::uint8_t> bytes) {
    const Update update(*this);
    const std::size_t taken = std::min(bytes.size(), free_input());
    for (const std::uint8_t byte : bytes.first(taken)) {
        const std::size_t tail = state_.input_head + state_.input_count;
        state_.input[tail % Uart16550State::kInputSize] = byte;
        ++state_.input_count;
    }
    return taken;
}

void Uart16550::receive_break() {
    const Update update(*this);
    if (!looped_back()) {
        receive_character({.byte = 0, .errors = kLsrBreak | kLsrFramingError});
    }
}

void Uart16550::set_on_input_room(std::function<void()> callback) {
    on_input_room_ = std::move(callback);
}

}  // namespace skiff::devices
