// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/net/net_device.h"

namespace skiff::virtio::net {

/// The running control queue (VIRTIO 1.2, 5.1.6.5): commands that are done at once.
///
/// A command that is not known, was not negotiated, or whose data is not what it should be, is
/// answered with ERR; one that has no room for an answer breaks the queue.
class ControlQueue final : public QueueHandler {
  public:
    /// The most addresses of each kind in a MAC table.
    static constexpr std::uint32_t kMaxTableEntries = 1024;

    ControlQueue(NetDevice& device, const QueueContext& context)
        : device_(device), context_(context) {}

    Progress process() override;
    void stop() override {}

  private:
    bool run(DescriptorChain& chain);
    bool set_receive_mode(std::uint8_t command, DescriptorChain& chain);
    bool set_mac(std::uint8_t command, DescriptorChain& chain);
    bool set_mac_table(DescriptorChain& chain);
    bool set_vlan(std::uint8_t command, DescriptorChain& chain);
    bool set_queue_pairs(DescriptorChain& chain);
    bool set_guest_offloads(DescriptorChain& chain);
    bool has(std::uint64_t feature) const { return (context_.features & feature) != 0; }

    NetDevice& device_;
    QueueContext context_;
};

}  // namespace skiff::virtio::net
