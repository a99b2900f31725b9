// SPDX-License-Identifier: Apache-2.0
#include "virtio/net_card.h"

#include "runtime/console.h"
#include "runtime/page_pool.h"

namespace payload::virtio {
namespace {

constexpr std::uint8_t kNoAnswerYet = 0xff;
constexpr std::uint64_t kAnswerOffset = 64;

}  // namespace

bool NetCard::start(unsigned number, const Options& options) {
    options_ = options;
    command_page_ = allocate_pages(1);
    if (command_page_ == 0 || !Device::find(kNetworkDevice, number, device_)) {
        print("no such network device\n");
        return false;
    }
    return bring_up();
}

bool NetCard::bring_up() {
    if (!device_.negotiate(kFeatureVersion1, options_.features)) {
        print("the device does not accept its own features\n");
        return false;
    }
    const unsigned there = device_.has(net::kMultiQueue)
                               ? device_.config<std::uint16_t>(net::config::kMaxQueuePairs)
                               : 1;
    pair_count_ = options_.pairs < there ? options_.pairs : there;
    if (pair_count_ > kMaxPairs || !set_up_queues()) {
        print("the queues cannot be set up\n");
        return false;
    }
    device_.set_driver_ok();
    return pair_count_ == 1 || command(net::kClassQueues, net::kSetQueuePairs,
                                       static_cast<std::uint16_t>(pair_count_)) == net::kAckOk;
}

bool NetCard::set_up_queues() {
    for (unsigned i = 0; i < pair_count_; ++i) {
        if (!pairs_[i].receive.set_up(device_, static_cast<std::uint16_t>(2 * i),
                                      options_.queue_size) ||
            !pairs_[i].send.set_up(device_, static_cast<std::uint16_t>(2 * i + 1),
                                   options_.queue_size)) {
            return false;
        }
    }
    if (!device_.has(net::kCtrlQueue)) {
        return true;
    }
    // 5.1.2: it comes after all pairs that the device has, if the driver knows of several.
    const unsigned index = device_.has(net::kMultiQueue)
                               ? 2u * device_.config<std::uint16_t>(net::config::kMaxQueuePairs)
                               : 2u;
    return control_.set_up(device_, static_cast<std::uint16_t>(index), options_.queue_size);
}

std::uint8_t NetCard::command(std::uint8_t command_class, std::uint8_t command,
                              std::uint16_t argument) {
    const std::uint64_t answer = command_page_ + kAnswerOffset;
    store<std::uint8_t>(command_page_, command_class);
    store<std::uint8_t>(command_page_ + 1, command);
    store<std::uint16_t>(command_page_ + 2, argument);
    store<std::uint8_t>(answer, kNoAnswerYet);
    const Buffer chain[] = {
        {command_page_, 2, false}, {command_page_ + 2, 2, false}, {answer, 1, true}};
    std::uint16_t head = 0;
    Completion completion = {};
    if (!control_.submit(chain, 3, head)) {
        return kNoAnswerYet;
    }
    control_.publish();
    return control_.wait(completion) && completion.head == head ? load<std::uint8_t>(answer)
                                                                : kNoAnswerYet;
}

}  // namespace payload::virtio
