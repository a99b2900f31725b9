// SPDX-License-Identifier: Apache-2.0
#include "virtio_console/card.h"

#include "runtime/memory_access.h"
#include "runtime/page_pool.h"
#include "runtime/processor.h"

namespace payload::virtio_console {

using virtio::Buffer;
using virtio::Completion;

bool Card::find() {
    pages_ = allocate_pages(kQueues * kBufferSize / kPageSize);
    return pages_ != 0 && virtio::Device::find(virtio::kConsoleDevice, 0, device_);
}

bool Card::bring_up(std::uint64_t features) {
    if (!device_.negotiate(virtio::kFeatureVersion1, features)) {
        return false;
    }
    const std::uint16_t count = has_multiport() ? kQueues : 2;
    for (std::uint16_t i = 0; i < count; ++i) {
        is_offered_[i] = false;
        if (i < 4 || device_.config<std::uint32_t>(virtio::console::kMaxPorts) > 1) {
            if (!queues_[i].set_up(device_, i, 128)) {
                return false;
            }
        }
    }
    device_.set_driver_ok();
    return true;
}

bool Card::send(std::uint16_t index, std::uint64_t address, std::uint32_t size) {
    const Buffer buffer = {address, size, false};
    std::uint16_t head = 0;
    if (!queues_[index].submit(&buffer, 1, head)) {
        return false;
    }
    queues_[index].publish();
    Completion completion = {};
    while (!queues_[index].poll(completion)) {
        relax();
    }
    return completion.head == head && completion.length == 0;
}

bool Card::send(std::uint16_t index, Text text) {
    for (std::size_t i = 0; i < text.size; ++i) {
        store<std::uint8_t>(buffer_of(index) + i, static_cast<std::uint8_t>(text.data[i]));
    }
    return send(index, buffer_of(index), static_cast<std::uint32_t>(text.size));
}

bool Card::send_control(std::uint32_t id, std::uint16_t event, std::uint16_t value) {
    const std::uint64_t at = buffer_of(virtio::console::kControlTransmitQueue);
    store<std::uint32_t>(at, id);
    store<std::uint16_t>(at + 4, event);
    store<std::uint16_t>(at + 6, value);
    return send(virtio::console::kControlTransmitQueue, at,
                sizeof(virtio::console::ControlMessage));
}

void Card::offer_buffer(std::uint16_t index) {
    if (!is_offered_[index]) {
        const Buffer buffer = {buffer_of(index), kBufferSize, true};
        std::uint16_t head = 0;
        is_offered_[index] = queues_[index].submit(&buffer, 1, head);
        queues_[index].publish();
    }
}

Text Card::poll(std::uint16_t index) {
    Completion completion = {};
    if (!queues_[index].poll(completion)) {
        return {};
    }
    is_offered_[index] = false;
    return {reinterpret_cast<const char*>(buffer_of(index)), completion.length};
}

}  // namespace payload::virtio_console
