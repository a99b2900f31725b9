// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/device.h"
#include "virtio/ring.h"

namespace payload::virtio {

/// One part of a request.
struct Buffer {
    std::uint64_t address;
    std::uint32_t length;
    /// The device writes it (else it reads it).
    bool is_writable;
};

/// A request that the device has used: the head it was submitted with and what it wrote.
struct Completion {
    std::uint16_t head;
    std::uint32_t length;
};

/// A split virtqueue in the driver's hands (VIRTIO 1.2, 2.7.13 and 2.7.14): requests go in as
/// chains of descriptors, directly or through an indirect table, and come out of poll(). No
/// processor but one may use it at a time.
class Queue {
  public:
    static constexpr unsigned kMaxBuffers = 16;

    /// Gives the device's queue `index` a ring of at most `size` descriptors, no more than the
    /// device takes, as 4.2.3.2 tells. False where there is no such queue or it does not become
    /// ready.
    bool set_up(const Device& device, std::uint16_t index, std::uint16_t size);

    /// Puts a chain on the ring without telling the device; false where descriptors are short.
    bool submit(const Buffer* buffers, unsigned count, std::uint16_t& head);
    /// The same through an indirect table, which must be negotiated.
    bool submit_indirect(const Buffer* buffers, unsigned count, std::uint16_t& head);
    /// Makes what was submitted visible and notifies the device, unless it asked not to be.
    void publish();

    /// Takes the next used request; false where there is none.
    bool poll(Completion& completion);
    /// Polls until there is one, in the usual patience.
    bool wait(Completion& completion);
    /// Asks for an interrupt with the next used request (or for none) and tells whether one is
    /// there already, so that the caller does not sleep over it.
    bool arm_interrupt();
    void disarm_interrupt();

    /// VIRTIO_F_RING_RESET (2.6.1): true once the device has let the queue go.
    bool reset() const;

    const Ring& ring() const { return ring_; }
    std::uint16_t index() const { return index_; }
    const Device& device() const { return *device_; }
    unsigned free_descriptors() const { return free_count_; }
    /// The head that the next chain gets.
    std::uint16_t next_head() const { return first_free_; }
    std::uint64_t notifications() const { return notifications_; }
    /// Used elements whose id was not that of a request in flight: the device's mistake.
    std::uint64_t strange_completions() const { return strange_completions_; }
    /// Forgets what is in flight and begins with an empty ring, as after a reset of the device.
    void clear();

  private:
    bool allocate();
    void link_free_list();
    std::uint16_t take_descriptor();
    void give_back(std::uint16_t head);
    bool device_wants_notification() const;

    const Device* device_ = nullptr;
    Ring ring_;
    std::uint16_t index_ = 0;
    std::uint64_t indirect_tables_ = 0;
    std::uint16_t first_free_ = 0;
    std::uint16_t free_count_ = 0;
    std::uint16_t submitted_ = 0;
    std::uint16_t published_ = 0;
    std::uint16_t seen_ = 0;
    std::uint64_t notifications_ = 0;
    std::uint64_t strange_completions_ = 0;
    bool is_armed_ = false;
    // What the driver knows of its own descriptors: the ring's own may have been overwritten.
    std::uint16_t next_[Ring::kMaxSize];
    std::uint16_t chain_length_[Ring::kMaxSize];  // 0: not the head of a request in flight.
};

}  // namespace payload::virtio
