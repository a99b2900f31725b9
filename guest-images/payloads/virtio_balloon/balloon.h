// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/balloon_registers.h"
#include "virtio/queue.h"

namespace payload {

/// A balloon in its driver's hands, and the memory that it plays with.
class Balloon {
  public:
    /// From reset to DRIVER_OK, with `area_pages` pages of memory, from a multiple of 2 MiB on.
    bool start(std::uint64_t area_pages);

    std::uint64_t features() const { return device_.features(); }
    const virtio::Device& device() const { return device_; }
    std::uint64_t area() const { return area_; }
    std::uint64_t area_pages() const { return area_pages_; }

    /// Puts pages of the area into the balloon or takes them out, in lists as long as Linux's.
    bool inflate(std::uint64_t first, std::uint64_t count) {
        return send_lists(virtio::balloon::kInflate, first, count);
    }
    bool deflate(std::uint64_t first, std::uint64_t count) {
        return send_lists(virtio::balloon::kDeflate, first, count);
    }
    /// Reports pages of the area as free, in blocks of at most 2 MiB.
    bool report(std::uint64_t first, std::uint64_t count) {
        return send_blocks(virtio::balloon::kReports, first, count);
    }
    bool hint(std::uint64_t first, std::uint64_t count) {
        return send_blocks(virtio::balloon::kHints, first, count);
    }
    bool send_hint_command(std::uint32_t command);

    /// Gives the device a buffer with these statistics; it keeps it.
    bool give_statistics(std::uint64_t free, std::uint64_t total);
    /// Waits until it comes back.
    bool await_statistics_buffer();

    std::uint32_t config(std::uint64_t offset) const {
        return device_.config<std::uint32_t>(offset);
    }
    void set_config(std::uint64_t offset, std::uint32_t value) const {
        store<std::uint32_t>(device_.window().address + virtio::kConfig + offset, value);
    }

  private:
    bool send_lists(unsigned queue, std::uint64_t first, std::uint64_t count);
    bool send_blocks(unsigned queue, std::uint64_t first, std::uint64_t count);
    bool send(unsigned queue, const virtio::Buffer* buffers, unsigned count);

    virtio::Device device_;
    virtio::Queue queues_[virtio::balloon::kQueues];
    std::uint64_t page_ = 0;  // for lists, commands and statistics
    std::uint64_t area_ = 0;
    std::uint64_t area_pages_ = 0;
};

}  // namespace payload
