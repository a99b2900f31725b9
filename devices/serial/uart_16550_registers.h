// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Registers of the National Semiconductor PC16550D ("16550A"), as in its data sheet (June 1995),
/// section 8 "Registers", table II. All are one byte wide.
namespace skiff::devices::uart {

inline constexpr std::uint64_t kRegisterCount = 8;
inline constexpr std::size_t kFifoDepth = 16;

// Offsets. 0 and 1 are the divisor latch while LCR.DLAB is set.
inline constexpr std::uint64_t kData = 0;             ///< Read: RBR, write: THR. DLAB: DLL.
inline constexpr std::uint64_t kInterruptEnable = 1;  ///< IER. DLAB: DLM.
inline constexpr std::uint64_t kInterruptIdent = 2;   ///< Read: IIR, write: FCR.
inline constexpr std::uint64_t kLineControl = 3;      ///< LCR.
inline constexpr std::uint64_t kModemControl = 4;     ///< MCR.
inline constexpr std::uint64_t kLineStatus = 5;       ///< LSR, read only.
inline constexpr std::uint64_t kModemStatus = 6;      ///< MSR, read only.
inline constexpr std::uint64_t kScratch = 7;          ///< SCR.

// IER (8.6): bits 4..7 are always zero.
inline constexpr std::uint8_t kIerReceivedData = 0x01;
inline constexpr std::uint8_t kIerTransmitterEmpty = 0x02;
inline constexpr std::uint8_t kIerLineStatus = 0x04;
inline constexpr std::uint8_t kIerModemStatus = 0x08;
inline constexpr std::uint8_t kIerMask = 0x0f;

// IIR (8.5), by falling priority.
inline constexpr std::uint8_t kIirLineStatus = 0x06;
inline constexpr std::uint8_t kIirReceivedData = 0x04;
inline constexpr std::uint8_t kIirCharacterTimeout = 0x0c;
inline constexpr std::uint8_t kIirTransmitterEmpty = 0x02;
inline constexpr std::uint8_t kIirModemStatus = 0x00;
inline constexpr std::uint8_t kIirNone = 0x01;
inline constexpr std::uint8_t kIirFifosEnabled = 0xc0;

// FCR (8.4).
inline constexpr std::uint8_t kFcrEnable = 0x01;
inline constexpr std::uint8_t kFcrClearReceiver = 0x02;
inline constexpr std::uint8_t kFcrClearTransmitter = 0x04;
inline constexpr std::uint8_t kFcrTriggerMask = 0xc0;

// LCR (8.1).
inline constexpr std::uint8_t kLcrDivisorLatch = 0x80;
inline constexpr std::uint8_t kLcrSetBreak = 0x40;

// MCR (8.7): bits 5..7 are always zero.
inline constexpr std::uint8_t kMcrDtr = 0x01;
inline constexpr std::uint8_t kMcrRts = 0x02;
inline constexpr std::uint8_t kMcrOut1 = 0x04;
inline constexpr std::uint8_t kMcrOut2 = 0x08;  ///< On PCs the gate between UART and IRQ line.
inline constexpr std::uint8_t kMcrLoopback = 0x10;
inline constexpr std::uint8_t kMcrMask = 0x1f;

// LSR (8.3).
inline constexpr std::uint8_t kLsrDataReady = 0x01;
inline constexpr std::uint8_t kLsrOverrun = 0x02;
inline constexpr std::uint8_t kLsrParityError = 0x04;
inline constexpr std::uint8_t kLsrFramingError = 0x08;
inline constexpr std::uint8_t kLsrBreak = 0x10;
inline constexpr std::uint8_t kLsrHoldingEmpty = 0x20;      ///< THRE
inline constexpr std::uint8_t kLsrTransmitterEmpty = 0x40;  ///< TEMT
inline constexpr std::uint8_t kLsrErrorInFifo = 0x80;
inline constexpr std::uint8_t kLsrCharacterErrors = kLsrParityError | kLsrFramingError | kLsrBreak;

// MSR (8.8).
inline constexpr std::uint8_t kMsrDeltaCts = 0x01;
inline constexpr std::uint8_t kMsrDeltaDsr = 0x02;
inline constexpr std::uint8_t kMsrTrailingEdgeRing = 0x04;
inline constexpr std::uint8_t kMsrDeltaDcd = 0x08;
inline constexpr std::uint8_t kMsrCts = 0x10;
inline constexpr std::uint8_t kMsrDsr = 0x20;
inline constexpr std::uint8_t kMsrRing = 0x40;
inline constexpr std::uint8_t kMsrDcd = 0x80;

/// Bytes in the receiver FIFO that raise the received-data interrupt (8.4, FCR bits 6 and 7).
constexpr std::size_t trigger_level(std::uint8_t fcr) {
    constexpr std::size_t kLevels[] = {1, 4, 8, 14};
    return kLevels[(fcr & kFcrTriggerMask) >> 6];
}

/// The modem inputs while looped back to the outputs (8.7, MCR bit 4).
constexpr std::uint8_t looped_modem_inputs(std::uint8_t mcr) {
    unsigned inputs = 0;
    inputs |= (mcr & kMcrRts) != 0 ? kMsrCts : 0U;
    inputs |= (mcr & kMcrDtr) != 0 ? kMsrDsr : 0U;
    inputs |= (mcr & kMcrOut1) != 0 ? kMsrRing : 0U;
    inputs |= (mcr & kMcrOut2) != 0 ? kMsrDcd : 0U;
    return static_cast<std::uint8_t>(inputs);
}

/// The delta bits that a change of the modem inputs sets (8.8): any change of CTS, DSR and DCD,
/// the end of a ring.
constexpr std::uint8_t modem_deltas(std::uint8_t before, std::uint8_t after) {
    const unsigned changed = (before ^ after) & 0xffU;
    unsigned deltas = 0;
    deltas |= (changed & kMsrCts) != 0 ? kMsrDeltaCts : 0U;
    deltas |= (changed & kMsrDsr) != 0 ? kMsrDeltaDsr : 0U;
    deltas |= (changed & before & kMsrRing) != 0 ? kMsrTrailingEdgeRing : 0U;
    deltas |= (changed & kMsrDcd) != 0 ? kMsrDeltaDcd : 0U;
    return static_cast<std::uint8_t>(deltas);
}

}  // namespace skiff::devices::uart
