// SPDX-License-Identifier: Apache-2.0
#include "virtio_malicious/victim.h"

#include "runtime/page_pool.h"
#include "virtio/disk_pattern.h"

namespace payload::malicious {
namespace {

using virtio::Buffer;
using virtio::Descriptor;

constexpr std::uint64_t kStatusOffset = 64;
constexpr std::uint8_t kNoStatusYet = 0xff;
constexpr std::uint32_t kSmallRead = 64;

bool is_zero(std::uint64_t address, std::uint32_t size) {
    std::uint64_t all = 0;
    for (std::uint32_t i = 0; i < size; i += 8) {
        all |= load<std::uint64_t>(address + i);
    }
    return all == 0;
}

}  // namespace

bool Victim::find(Kind kind) {
    kind_ = kind;
    page_ = allocate_pages(kPages);
    return page_ != 0 &&
           virtio::Device::find(
               kind == Kind::kBlock ? virtio::kBlockDevice : virtio::kEntropyDevice, 0, device_);
}

bool Victim::bring_up(std::uint64_t features) {
    if (!device_.negotiate(virtio::kFeatureVersion1, features) ||
        !queue_.set_up(device_, 0, virtio::Ring::kMaxSize)) {
        return false;
    }
    device_.set_driver_ok();
    return true;
}

bool Victim::answers() {
    const bool is_block = kind_ == Kind::kBlock;
    const std::uint32_t size = is_block ? virtio::block::kSectorSize : kSmallRead;
    memset(reinterpret_cast<void*>(data()), 0, size);
    store<std::uint32_t>(header(), virtio::block::kIn);
    store<std::uint32_t>(header() + 4, 0);
    store<std::uint64_t>(header() + 8, 0);
    store<std::uint8_t>(header() + kStatusOffset, kNoStatusYet);
    const Buffer chain[] = {
        {header(), 16, false}, {data(), size, true}, {header() + kStatusOffset, 1, true}};
    std::uint16_t head = 0;
    const bool taken = is_block ? queue_.submit(chain, 3, head) : queue_.submit(chain + 1, 1, head);
    if (!taken) {
        return false;
    }
    queue_.publish();
    virtio::Completion completion = {};
    if (!queue_.wait(completion) || completion.head != head) {
        return false;
    }
    if (!is_block) {
        return completion.length != 0 && !is_zero(data(), size);
    }
    return load<std::uint8_t>(header() + kStatusOffset) == virtio::block::kStatusOk &&
           first_difference(data(), size, 0, 1) == size;
}

void Victim::write_good_chain() const {
    const bool is_block = kind_ == Kind::kBlock;
    store<std::uint32_t>(header(), virtio::block::kIn);
    store<std::uint32_t>(header() + 4, 0);
    store<std::uint64_t>(header() + 8, 0);
    const auto first_flags =
        static_cast<std::uint16_t>(virtio::kNext | (is_block ? 0 : virtio::kWrite));
    ring().set_descriptor(0, {header(), 16, first_flags, 1});
    ring().set_descriptor(1, {data(), kDataSize, virtio::kNext | virtio::kWrite, 2});
    ring().set_descriptor(2, {header() + kStatusOffset, 1, virtio::kWrite, 0});
}

}  // namespace payload::malicious
