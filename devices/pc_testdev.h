// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "base/guest_address.h"
#include "devices/bus/bus_device.h"

namespace skiff::devices {

/// The test device of QEMU's pc-testdev, which test suites for KVM and for guest kernels use
/// (docs/devices/test-devices.md). Its parts are put on the buses one by one.
///
/// Thread-safe. The guest controls everything that is read back.
class PcTestdev {
  public:
    static constexpr std::uint64_t kLatchPorts = 4;
    static constexpr std::uint64_t kFlushPorts = 4;
    static constexpr std::uint64_t kIrqLines = 24;
    static constexpr std::uint64_t kMemoryBytes = 0x10000;

    struct Callbacks {
        /// Makes KVM forget its mapping of the page at this address, the content untouched; what is
        /// no RAM is ignored. On a vCPU thread.
        std::function<void(GuestAddress page)> flush_page;
        /// Sets the level of a line, 0 to 23, of the interrupt controllers. On a vCPU thread.
        std::function<void(unsigned line, bool level)> set_irq_line;
    };

    explicit PcTestdev(Callbacks callbacks);

    /// Four bytes that read as written, in any width that fits; the same at both places.
    BusDevice& latch() { return latch_; }
    /// A 32-bit write names an address; its page is flushed.
    BusDevice& flush() { return flush_; }
    /// A byte a line: a write sets it to the level "not 0".
    BusDevice& irq_lines() { return irq_lines_; }
    /// Memory that is reached by exits only.
    BusDevice& memory() { return memory_; }

  private:
    /// Bytes that read as written.
    template <std::size_t kSize>
    class Bytes : public BusDevice {
      public:
        Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
        Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

      private:
        std::mutex mutex_;
        std::unique_ptr<std::array<std::uint8_t, kSize>> bytes_ =
            std::make_unique<std::array<std::uint8_t, kSize>>();
    };

    class Flush : public BusDevice {
      public:
        explicit Flush(const Callbacks& callbacks) : callbacks_(callbacks) {}
        Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
        Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

      private:
        const Callbacks& callbacks_;
    };

    class IrqLines : public BusDevice {
      public:
        explicit IrqLines(const Callbacks& callbacks) : callbacks_(callbacks) {}
        Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
        Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

      private:
        const Callbacks& callbacks_;
    };

    Callbacks callbacks_;
    Bytes<kLatchPorts> latch_;
    Flush flush_;
    IrqLines irq_lines_;
    Bytes<kMemoryBytes> memory_;
};

}  // namespace skiff::devices
