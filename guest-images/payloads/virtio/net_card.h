// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/net_registers.h"
#include "virtio/queue.h"

namespace payload::virtio {

/// A network device in a driver's hands: its queue pairs and its control queue. What is in the
/// buffers is the caller's.
class NetCard {
  public:
    static constexpr unsigned kMaxPairs = 2;
    /// The features that this driver can use.
    static constexpr std::uint64_t kKnownFeatures =
        kFeatureIndirect | kFeatureEventIdx | kFeatureRingReset | net::kCsum | net::kGuestCsum |
        net::kGuestTso4 | net::kGuestTso6 | net::kGuestEcn | net::kGuestUfo | net::kGuestUso4 |
        net::kGuestUso6 | net::kHostTso4 | net::kHostTso6 | net::kHostEcn | net::kHostUfo |
        net::kHostUso | net::kMergeableBuffers | net::kMac | net::kStatus | net::kCtrlQueue |
        net::kMultiQueue;

    struct Options {
        std::uint64_t features = kKnownFeatures;
        /// No more pairs are used than the device has; more than one needs kMultiQueue.
        unsigned pairs = 1;
        std::uint16_t queue_size = Ring::kMaxSize;
    };

    /// Takes the `number`th network device of the command line and brings it up.
    bool start(unsigned number, const Options& options);
    /// Brings it up again, from reset, with no buffers on any queue.
    bool bring_up();

    Device& device() { return device_; }
    Queue& receive_queue(unsigned pair) { return pairs_[pair].receive; }
    Queue& send_queue(unsigned pair) { return pairs_[pair].send; }
    Queue& control_queue() { return control_; }
    unsigned pairs() const { return pair_count_; }
    bool is_mergeable() const { return device_.has(net::kMergeableBuffers); }
    /// Byte `index` of its MAC address.
    std::uint8_t mac_byte(unsigned index) const {
        return device_.config<std::uint8_t>(net::config::kMac + index);
    }

    /// One command with a 16-bit argument; its answer, 0xff where none came.
    std::uint8_t command(std::uint8_t command_class, std::uint8_t command, std::uint16_t argument);

  private:
    struct Pair {
        Queue receive;
        Queue send;
    };

    bool set_up_queues();

    Device device_;
    Options options_;
    Pair pairs_[kMaxPairs];
    unsigned pair_count_ = 0;
    Queue control_;
    std::uint64_t command_page_ = 0;
};

}  // namespace payload::virtio
