// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/guest_memory.h"

namespace skiff::virtio {

class SplitQueue;

/// One byte of a chain's writable part that is set when the request is done (a block device's
/// status, a frame's count of buffers). Inside guest memory: checked when it was made.
class WritableByte {
  public:
    void store(std::uint8_t value) { __atomic_store_n(at_, value, __ATOMIC_RELAXED); }

  private:
    friend class DescriptorChain;
    explicit WritableByte(std::uint8_t* at) : at_(at) {}
    std::uint8_t* at_;
};

/// The buffers of one request, as the driver described them when they were popped: copied once,
/// validated, inside guest memory. What is in the buffers is still the guest's, and changes.
///
/// The readable and the writable part are consumed from the front: read() and write() copy, and
/// readable() and writable() give what is left to readv, writev or io_uring. Move-only; must come
/// to its end exactly once, by SplitQueue::complete() or abandon(): destruction before that is a
/// CHECK failure, because a driver would wait for the buffers for ever.
class DescriptorChain {
  public:
    DescriptorChain(DescriptorChain&& other) noexcept;
    DescriptorChain& operator=(DescriptorChain&& other) noexcept;
    ~DescriptorChain();

    /// The index of the first descriptor, by which the driver knows the chain.
    std::uint16_t head() const { return head_; }

    /// Bytes that are left.
    std::uint64_t readable_bytes() const { return readable_bytes_; }
    std::uint64_t writable_bytes() const { return writable_bytes_; }

    /// What is left, for the kernel only: never parse through it. May be split anywhere.
    std::span<const iovec> readable() const;
    std::span<const iovec> writable() const;

    /// Asks the processor for the first bytes of what is left to read, or to write: they come from
    /// the driver's processor, and one chain's can be on their way while another is served.
    void prefetch_readable() const;
    void prefetch_writable() const;

    /// Copies the next `to.size()` bytes of the readable part. False, and nothing consumed, where
    /// fewer are left.
    [[nodiscard]] bool read(std::span<std::uint8_t> to);
    /// Copies to the next bytes of the writable part. False, and nothing written, where fewer are
    /// left.
    [[nodiscard]] bool write(std::span<const std::uint8_t> from);

    /// Consumes the next `size` bytes of the readable part without a copy (the kernel has had
    /// them). False, and nothing consumed, where fewer are left.
    [[nodiscard]] bool skip_readable(std::uint64_t size);

    template <GuestData T>
    [[nodiscard]] std::optional<T> read() {
        T value{};
        if (!read({reinterpret_cast<std::uint8_t*>(&value), sizeof value})) {
            return std::nullopt;
        }
        return value;
    }

    /// Takes the last byte off the writable part; nothing where it is empty.
    std::optional<WritableByte> take_last_writable_byte();
    /// The byte at `offset` of what is left of the writable part, for a later store(): the kernel
    /// may fill what stands around it before. Nothing where the part ends before it.
    std::optional<WritableByte> writable_byte(std::uint64_t offset) const;

    /// For a queue that is stopped: the driver gets nothing back.
    void abandon();

  private:
    friend class SplitQueue;
    DescriptorChain(std::uint16_t head, std::vector<iovec> buffers);

    std::uint16_t head_ = 0;
    bool open_ = false;
    std::vector<iovec> buffers_;      // readable ones, then writable ones
    std::size_t first_readable_ = 0;  // consumed buffers lie before it
    std::size_t readable_end_ = 0;    // and the first writable one that was popped
    std::size_t first_writable_ = 0;
    std::uint64_t readable_bytes_ = 0;
    std::uint64_t writable_bytes_ = 0;
};

}  // namespace skiff::virtio
