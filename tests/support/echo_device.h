// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

#include "virtio/device.h"

namespace skiff::test {

/// A device for tests of what stands around devices: it copies each chain's readable bytes to its
/// writable part. It can hold chains back, as a disk does, until release() or the end.
class EchoDevice final : public virtio::Device {
  public:
    static constexpr std::uint64_t kFeatureA = 1 << 0;
    static constexpr std::uint64_t kFeatureB = 1 << 1;  ///< Needs A.
    static constexpr std::uint16_t kQueueSize = 8;

    /// What tests look at and steer; outlives the device. Touched by the loop while queues run.
    struct Control {
        bool hold = false;
        unsigned starts = 0;
        unsigned stops = 0;
        unsigned resets = 0;
        std::uint64_t features = 0;
        std::array<std::uint8_t, 12> config{};
        virtio::DeviceHost* host = nullptr;
        std::function<void()> release;  ///< Serves what was held back; while a queue runs.
    };

    EchoDevice(Control& control, virtio::DeviceHost& host) : control_(control) {
        control_.host = &host;
    }

    virtio::DeviceType type() const override { return virtio::DeviceType::kEntropy; }
    std::uint64_t offered_features() const override { return kFeatureA | kFeatureB; }
    bool accepts_features(std::uint64_t features) const override {
        return (features & kFeatureB) == 0 || (features & kFeatureA) != 0;
    }
    std::span<const std::uint16_t> queue_max_sizes() const override {
        static constexpr std::array<std::uint16_t, 2> kSizes = {kQueueSize, kQueueSize};
        return kSizes;
    }
    std::size_t loop_group(std::size_t queue) const override { return queue; }
    std::size_t config_bytes() const override { return control_.config.size(); }
    void read_config(std::uint64_t offset, std::span<std::uint8_t> data) override {
        std::memcpy(data.data(), control_.config.data() + offset, data.size());
    }
    void write_config(std::uint64_t offset, std::span<const std::uint8_t> data) override {
        std::memcpy(control_.config.data() + offset, data.data(), data.size());
    }
    void features_chosen(std::uint64_t features) override { control_.features = features; }
    void reset() override { ++control_.resets; }

    std::unique_ptr<virtio::QueueHandler> start_queue(
        std::size_t /*index*/, const virtio::QueueContext& context) override {
        return std::make_unique<Handler>(control_, context);
    }

  private:
    class Handler final : public virtio::QueueHandler {
      public:
        Handler(Control& control, const virtio::QueueContext& context)
            : control_(control), queue_(context.queue) {
            ++control_.starts;
            control_.release = [this, resume = context.resume] {
                control_.hold = false;
                resume();
            };
        }

        virtio::Progress process() override {
            while (auto chain = queue_.pop()) {
                held_.push_back(std::move(*chain));
            }
            if (control_.hold) {
                return virtio::Progress::kBlocked;
            }
            while (!held_.empty()) {
                echo(std::move(held_.front()));
                held_.pop_front();
            }
            return virtio::Progress::kDrained;
        }

        void stop() override {
            ++control_.stops;
            control_.release = nullptr;
            for (auto& chain : held_) {
                queue_.abandon(std::move(chain));
            }
            held_.clear();
        }

      private:
        void echo(virtio::DescriptorChain chain) {
            std::uint32_t written = 0;
            std::array<std::uint8_t, 1> byte{};
            while (chain.writable_bytes() != 0 && chain.read(byte) && chain.write(byte)) {
                ++written;
            }
            queue_.complete(std::move(chain), written);
        }

        Control& control_;
        virtio::Virtqueue& queue_;
        std::deque<virtio::DescriptorChain> held_;
    };

    Control& control_;
};

}  // namespace skiff::test
