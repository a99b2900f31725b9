// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <span>

#include "virtio/balloon/balloon_device.h"
#include "virtio/balloon/balloon_queues.h"
#include "virtio/balloon/page_queue.h"

namespace skiff::virtio::balloon {
namespace {

/// VIRTIO 1.2, 5.5.6.5: the driver sends the command id, then free memory, then STOP.
///
/// Hinted pages keep their content: a driver may take one back and write it before we have seen the
/// hint, and then "the data will be retained" (5.5.6.5), which nobody can know who does not track
/// writes. So they are marked as what the host reclaims first, and a hint that came too late costs
/// time and no data.
class HintQueue final : public PageQueue<HintQueue> {
  public:
    HintQueue(BalloonDevice& device, Virtqueue& queue) : PageQueue(queue), device_(device) {}

    bool serve(DescriptorChain& chain) {
        if (chain.readable_bytes() != 0) {
            const auto id = chain.read<std::uint32_t>();
            if (!id.has_value() || chain.readable_bytes() != 0) {
                return false;  // 5.5.6.5.1: 4 bytes
            }
            take_command(*id);
        }
        // 5.5.6.5.2: pages of another command are ignored.
        if (run_ == VIRTIO_BALLOON_CMD_ID_STOP || run_ != device_.hints().command_id()) {
            return true;
        }
        for (const iovec& buffer : chain.writable()) {
            take_pages({static_cast<const std::uint8_t*>(buffer.iov_base), buffer.iov_len});
        }
        return true;
    }

  private:
    void take_command(std::uint32_t id) {
        if (id == VIRTIO_BALLOON_CMD_ID_STOP && run_ != VIRTIO_BALLOON_CMD_ID_STOP) {
            device_.hints().finish(run_);
        }
        run_ = id == VIRTIO_BALLOON_CMD_ID_DONE ? VIRTIO_BALLOON_CMD_ID_STOP : id;
    }

    void take_pages(std::span<const std::uint8_t> view) {
        device_.hints().add(view.size());
        device_.counters().hinted_bytes.add(view.size());
        if (!device_.memory().mark_cold(view).has_value()) {
            device_.counters().refused_pages.add(view.size() / kPageBytes);
        }
    }

    BalloonDevice& device_;
    std::uint32_t run_ = VIRTIO_BALLOON_CMD_ID_STOP;  // the driver's last command id
};

}  // namespace

std::unique_ptr<QueueHandler> make_hint_queue(BalloonDevice& device, const QueueContext& context) {
    return std::make_unique<HintQueue>(device, context.queue);
}

}  // namespace skiff::virtio::balloon
