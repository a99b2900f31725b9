// SPDX-License-Identifier: Apache-2.0
// The queues through which pages go to the host: inflate, deflate, free page reporting.
#include <span>
#include <utility>
#include <vector>

#include "virtio/balloon/balloon_device.h"
#include "virtio/balloon/balloon_queues.h"
#include "virtio/balloon/page_list.h"
#include "virtio/balloon/page_queue.h"

namespace skiff::virtio::balloon {
namespace {

// Linux sends 256 page numbers at most.
constexpr std::uint64_t kMostListBytes = 64 * 1024;

/// 5.5.6, step 2: the page numbers of a chain; nothing where it holds no list of them.
std::optional<std::vector<std::uint32_t>> read_page_numbers(DescriptorChain& chain) {
    const std::uint64_t bytes = chain.readable_bytes();
    if (bytes == 0 || bytes > kMostListBytes || bytes % sizeof(std::uint32_t) != 0) {
        return std::nullopt;
    }
    std::vector<std::uint32_t> numbers(bytes / sizeof(std::uint32_t));
    const std::span as_bytes(reinterpret_cast<std::uint8_t*>(numbers.data()), bytes);
    return chain.read(as_bytes) ? std::optional(std::move(numbers)) : std::nullopt;
}

class InflateQueue final : public PageQueue<InflateQueue> {
  public:
    InflateQueue(BalloonDevice& device, Virtqueue& queue) : PageQueue(queue), device_(device) {}

    bool serve(DescriptorChain& chain) {
        auto numbers = read_page_numbers(chain);
        if (!numbers.has_value()) {
            return false;
        }
        for (const GuestRange& range : merge_pages(std::move(*numbers))) {
            give_back(range);
        }
        return true;
    }

  private:
    /// Pages that lie side by side may be RAM in part only: then one by one.
    void give_back(const GuestRange& range) {
        BalloonCounters& counters = device_.counters();
        const auto view = device_.memory().host_span(range.start, range.size_bytes);
        const auto given = view.has_value() ? device_.memory().discard(*view) : std::nullopt;
        if (given.has_value()) {
            counters.inflated_bytes.add(*given);
            // Parts of a huge page.
            counters.refused_pages.add((range.size_bytes - *given) / kPageBytes);
        } else if (range.size_bytes == kPageBytes || view.has_value()) {
            counters.refused_pages.add(range.size_bytes / kPageBytes);
        } else {
            for (std::uint64_t at = 0; at < range.size_bytes; at += kPageBytes) {
                give_back({GuestAddress(range.start.value() + at), kPageBytes});
            }
        }
    }

    BalloonDevice& device_;
};

class DeflateQueue final : public PageQueue<DeflateQueue> {
  public:
    DeflateQueue(BalloonDevice& device, Virtqueue& queue) : PageQueue(queue), device_(device) {}

    bool serve(DescriptorChain& chain) {
        const auto numbers = read_page_numbers(chain);
        if (!numbers.has_value()) {
            return false;
        }
        device_.counters().deflated_pages.add(numbers->size());
        return true;
    }

  private:
    BalloonDevice& device_;
};

class ReportingQueue final : public PageQueue<ReportingQueue> {
  public:
    ReportingQueue(BalloonDevice& device, Virtqueue& queue) : PageQueue(queue), device_(device) {}

    bool serve(DescriptorChain& chain) {
        // 5.5.6.7: reported pages keep the driver's poison, and ours would be zero.
        if (device_.pages_keep_poison()) {
            return true;
        }
        BalloonCounters& counters = device_.counters();
        for (const iovec& buffer : chain.writable()) {
            const std::span view(static_cast<const std::uint8_t*>(buffer.iov_base), buffer.iov_len);
            if (const auto given = device_.memory().discard(view)) {
                counters.reported_bytes.add(*given);
                counters.refused_pages.add((buffer.iov_len - *given) / kPageBytes);
            } else {
                counters.refused_pages.add(buffer.iov_len / kPageBytes);
            }
        }
        return true;
    }

  private:
    BalloonDevice& device_;
};

}  // namespace

std::unique_ptr<QueueHandler> make_inflate_queue(BalloonDevice& device,
                                                 const QueueContext& context) {
    return std::make_unique<InflateQueue>(device, context.queue);
}

std::unique_ptr<QueueHandler> make_deflate_queue(BalloonDevice& device,
                                                 const QueueContext& context) {
    return std::make_unique<DeflateQueue>(device, context.queue);
}

std::unique_ptr<QueueHandler> make_reporting_queue(BalloonDevice& device,
                                                   const QueueContext& context) {
    return std::make_unique<ReportingQueue>(device, context.queue);
}

}  // namespace skiff::virtio::balloon
