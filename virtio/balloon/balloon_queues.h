// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "virtio/device.h"

namespace skiff::virtio::balloon {

class BalloonDevice;

/// The queues of a balloon (VIRTIO 1.2, 5.5.6). `device` and `context` outlive them.

/// Page numbers whose memory goes to the host.
std::unique_ptr<QueueHandler> make_inflate_queue(BalloonDevice& device,
                                                 const QueueContext& context);
/// Page numbers that the guest uses again: nothing to do but to say that it may.
std::unique_ptr<QueueHandler> make_deflate_queue(BalloonDevice& device,
                                                 const QueueContext& context);
/// A buffer of statistics, which is kept until the next ones are wanted.
std::unique_ptr<QueueHandler> make_stats_queue(BalloonDevice& device, const QueueContext& context);
/// Free memory, as writable buffers, which goes to the host.
std::unique_ptr<QueueHandler> make_reporting_queue(BalloonDevice& device,
                                                   const QueueContext& context);
/// Command ids and, as writable buffers, free memory, between them.
std::unique_ptr<QueueHandler> make_hint_queue(BalloonDevice& device, const QueueContext& context);

}  // namespace skiff::virtio::balloon
