// SPDX-License-Identifier: Apache-2.0
#include "virtio_malicious/victim.h"

#include "runtime/page_pool.h"
#include "virtio/balloon_registers.h"
#include "virtio/console_registers.h"
#include "virtio/disk_pattern.h"
#include "virtio/vsock_registers.h"
#include "virtio_net_bench/frames.h"

namespace payload::malicious {
namespace {

using virtio::Buffer;
using virtio::Descriptor;

constexpr std::uint64_t kStatusOffset = 64;
constexpr std::uint8_t kNoStatusYet = 0xff;
constexpr std::uint32_t kSmallRead = 64;
// A small frame with its header; the status is behind it.
constexpr std::uint32_t kFrameSize = kStatusOffset;
constexpr std::uint64_t kRegisterOfConfig = 0x100;
// VIRTIO 1.2, 5.3.2: with MULTIPORT.
constexpr std::uint16_t kSendsOnPort1 = 5;

std::uint32_t device_id_of(Kind kind) {
    switch (kind) {
        case Kind::kBlock:
            return virtio::kBlockDevice;
        case Kind::kNetwork:
            return virtio::kNetworkDevice;
        case Kind::kBalloon:
            return virtio::kBalloonDevice;
        case Kind::kSocket:
            return virtio::kSocketDevice;
        case Kind::kConsole:
            return virtio::kConsoleDevice;
        case Kind::kEntropy:
            break;
    }
    return virtio::kEntropyDevice;
}

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
    return page_ != 0 && virtio::Device::find(device_id_of(kind), 0, device_);
}

const char* Victim::name() const {
    switch (kind_) {
        case Kind::kBlock:
            return "block";
        case Kind::kNetwork:
            return "network";
        case Kind::kBalloon:
            return "balloon";
        case Kind::kSocket:
            return "socket";
        case Kind::kConsole:
            return "console";
        case Kind::kEntropy:
            break;
    }
    return "entropy";
}

std::uint16_t Victim::usual_queue() const {
    switch (kind_) {
        case Kind::kNetwork:
        case Kind::kSocket:
            return 1;
        case Kind::kBalloon:
            return virtio::balloon::kReports;
        case Kind::kConsole:
            return kSendsOnPort1;
        case Kind::kBlock:
        case Kind::kEntropy:
            break;
    }
    return 0;
}

std::uint32_t Victim::queues() const {
    switch (kind_) {
        case Kind::kNetwork:
            return kMostNetworkQueues;
        case Kind::kBalloon:
            return virtio::balloon::kQueues;
        case Kind::kSocket:
            return 3;
        case Kind::kConsole:
            return kSendsOnPort1 + 1;
        case Kind::kBlock:
        case Kind::kEntropy:
            break;
    }
    return 1;
}

bool Victim::bring_up(std::uint64_t features, int queue) {
    queue_index_ = queue == kUsualQueue ? usual_queue() : static_cast<std::uint16_t>(queue);
    if (kind_ == Kind::kBalloon) {
        // Without them its queues have other numbers.
        features |= virtio::balloon::kStatsQueue | virtio::balloon::kFreePageHint |
                    virtio::balloon::kReporting;
    }
    if (kind_ == Kind::kConsole) {
        features |= virtio::console::kFeatureMultiport;
    }
    if (!device_.negotiate(virtio::kFeatureVersion1, features) ||
        !queue_.set_up(device_, queue_index(), virtio::Ring::kMaxSize)) {
        return false;
    }
    device_.set_driver_ok();
    return true;
}

void Victim::write_frame() const {
    memset(reinterpret_cast<void*>(header()), 0, kFrameSize);
    bench::put_ethernet(reinterpret_cast<std::uint8_t*>(header()) + bench::kNetHeaderSize,
                        bench::kHost, bench::kGuest, bench::kExperimentalType);
}

/// A reset of a stream that there is not: whoever it is from and to, nobody answers it.
void Victim::write_packet() const {
    memset(reinterpret_cast<void*>(header()), 0, kFrameSize);
    auto& packet = *reinterpret_cast<virtio::vsock::Header*>(header());
    packet.src_cid = load<std::uint32_t>(device_.window().address + kRegisterOfConfig);
    packet.dst_cid = virtio::vsock::kHostCid;
    packet.type = virtio::vsock::kStream;
    packet.op = virtio::vsock::kRst;
}

bool Victim::answers_a_frame() {
    if (kind_ == Kind::kSocket) {
        write_packet();
    } else if (kind_ == Kind::kNetwork) {
        write_frame();
    } else {
        memset(reinterpret_cast<void*>(header()), '.', kFrameSize);
    }
    virtio::Completion completion = {};
    return answers({header(), kFrameSize, false}, completion);
}

bool Victim::answers_a_report() {
    memset(reinterpret_cast<void*>(data()), kNoStatusYet, kSmallRead);
    virtio::Completion completion = {};
    return answers({data(), kDataSize, true}, completion) && is_zero(data(), kDataSize);
}

bool Victim::answers(const Buffer& request, virtio::Completion& completion) {
    std::uint16_t head = 0;
    if (!queue_.submit(&request, 1, head)) {
        return false;
    }
    queue_.publish();
    return queue_.wait(completion) && completion.head == head;
}

bool Victim::answers() {
    if (kind_ == Kind::kNetwork || kind_ == Kind::kSocket || kind_ == Kind::kConsole) {
        return answers_a_frame();
    }
    if (kind_ == Kind::kBalloon) {
        return answers_a_report();
    }
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
    const bool is_frame = kind_ == Kind::kNetwork || kind_ == Kind::kSocket;
    if (kind_ == Kind::kNetwork) {
        write_frame();
    } else if (kind_ == Kind::kSocket) {
        write_packet();
    } else {
        store<std::uint32_t>(header(), virtio::block::kIn);
        store<std::uint32_t>(header() + 4, 0);
        store<std::uint64_t>(header() + 8, 0);
    }
    const bool only_writes = kind_ == Kind::kEntropy || kind_ == Kind::kBalloon;
    const std::uint16_t first = only_writes ? virtio::kWrite : 0;
    const std::uint16_t other = kind_ == Kind::kConsole ? 0 : virtio::kWrite;
    const auto with_next = [](std::uint16_t flags) {
        return static_cast<std::uint16_t>(flags | virtio::kNext);
    };
    ring().set_descriptor(0, {header(), is_frame ? kFrameSize : 16, with_next(first), 1});
    ring().set_descriptor(1, {data(), kDataSize, with_next(other), 2});
    ring().set_descriptor(2, {header() + kStatusOffset, 1, other, 0});
}

}  // namespace payload::malicious
