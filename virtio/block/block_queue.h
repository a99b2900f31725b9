// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/loop_timer.h"
#include "virtio/block/block_device.h"
#include "virtio/block/block_request.h"
#include "virtio/block/io_engine.h"
#include "virtio/device.h"

namespace skiff::virtio::block {

/// Serves one running queue of a disk: requests in, operations to the engine, answers out.
class BlockQueue final : public QueueHandler {
  public:
    /// `device` and `context` outlive it.
    BlockQueue(BlockDevice& device, DiskCounters& counters, const QueueContext& context);
    ~BlockQueue() override;
    BlockQueue(const BlockQueue&) = delete;
    BlockQueue& operator=(const BlockQueue&) = delete;

    Progress process() override;
    bool poll() override;
    void stop() override;

  private:
    std::optional<BlockRequest> next_request();
    void look_at_size_before(BlockRequest& request);
    Progress serve(BlockRequest request);
    bool admit(const BlockRequest& request);
    void run(BlockRequest request);
    bool run_now(BlockRequest& request, IoEngine::Attempt& attempt);
    void begin(BlockRequest request, const IoEngine::Attempt& attempt);
    void operation_done(std::uint16_t slot, int error);
    void finish(BlockRequest& request, int error);
    void complete(BlockRequest& request, std::uint8_t status);
    void count(const BlockRequest& request, std::uint8_t status);

    BlockDevice& device_;
    DiskCounters& counters_;
    const QueueContext& context_;
    Virtqueue& queue_;
    std::unique_ptr<IoEngine> engine_;
    IoEngine::Completed completed_;
    EventLoop::Id engine_watch_ = 0;
    LoopTimer limit_timer_;

    std::optional<BlockRequest> waiting_;             // for the limits
    std::vector<std::optional<BlockRequest>> slots_;  // what the engine is at, by cookie
    std::vector<std::uint16_t> free_slots_;
    DiskRules rules_;                   // of this batch
    bool size_is_known_ = false;        // looked at in this batch
    std::uint64_t batch_bytes_ = 0;     // transferred on the spot in this batch
    unsigned answered_ = 0;             // since the driver was told last
    std::uint64_t answered_bytes_ = 0;  // the same
};

}  // namespace skiff::virtio::block
