// SPDX-License-Identifier: Apache-2.0
#include "virtio/mmio/mmio_transport.h"

#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "virtio/mmio/mmio_registers.h"

namespace skiff::virtio::mmio {
namespace {

using devices::Access;

/// What the transport itself can do.
constexpr std::uint64_t kTransportFeatures =
    VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET;

bool is_readable(std::uint64_t offset) {
    switch (offset) {
        case kMagicValue:
        case kVersion:
        case kDeviceID:
        case kVendorID:
        case kDeviceFeatures:
        case kQueueNumMax:
        case kQueueReady:
        case kInterruptStatus:
        case kStatus:
        case kSHMLenLow:
        case kSHMLenHigh:
        case kSHMBaseLow:
        case kSHMBaseHigh:
        case kQueueReset:
        case kConfigGeneration:
            return true;
        default:
            return false;
    }
}

bool is_writable(std::uint64_t offset) {
    switch (offset) {
        case kDeviceFeaturesSel:
        case kDriverFeatures:
        case kDriverFeaturesSel:
        case kQueueSel:
        case kQueueNum:
        case kQueueReady:
        case kQueueNotify:
        case kInterruptACK:
        case kStatus:
        case kQueueDescLow:
        case kQueueDescHigh:
        case kQueueDriverLow:
        case kQueueDriverHigh:
        case kQueueDeviceLow:
        case kQueueDeviceHigh:
        case kSHMSel:
        case kQueueReset:
            return true;
        default:
            return false;
    }
}

}  // namespace

Result<std::unique_ptr<MmioTransport>> MmioTransport::create(const MakeDevice& make_device,
                                                             Surroundings around) {
    std::unique_ptr<MmioTransport> transport(new MmioTransport(make_device, std::move(around)));
    MmioTransport& self = *transport;
    SKIFF_ASSIGN_OR_RETURN(
        self.queues_,
        QueueSet::create(
            {.device = *self.device_,
             .memory = self.around_.memory,
             .loops = self.around_.loops,
             .first_loop = self.around_.first_loop,
             .used_buffers = [&self] { self.interrupt_.raise(kUsedBufferNotification); },
             .broken =
                 [&self](std::size_t index, std::string_view why) {
                     self.needs_reset(fmt::format("queue {}: {}", index, why));
                 }}));
    return transport;
}

MmioTransport::MmioTransport(const MakeDevice& make_device, Surroundings around)
    : around_(std::move(around)), interrupt_(around_.irq), device_(make_device(*this)) {
    registers_.queues.resize(device_->queue_max_sizes().size());
}

MmioTransport::~MmioTransport() = default;

std::uint64_t MmioTransport::offered_features() const {
    return device_->offered_features() | kTransportFeatures;
}

Access MmioTransport::read(std::uint64_t offset, std::span<std::uint8_t> data) {
    if (offset >= kConfig) {
        return read_config(offset - kConfig, data);
    }
    if (!is_readable(offset)) {
        return Access::kUnknownRegister;
    }
    if (data.size() != sizeof(std::uint32_t)) {
        return Access::kBadWidth;
    }
    const std::uint32_t value = read_register(static_cast<std::uint32_t>(offset));
    std::memcpy(data.data(), &value, sizeof value);
    return Access::kDone;
}

Access MmioTransport::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (offset >= kConfig) {
        return write_config(offset - kConfig, data);
    }
    if (!is_writable(offset)) {
        return Access::kUnknownRegister;
    }
    if (data.size() != sizeof(std::uint32_t)) {
        return Access::kBadWidth;
    }
    std::uint32_t value = 0;
    std::memcpy(&value, data.data(), sizeof value);
    write_register(static_cast<std::uint32_t>(offset), value);
    return Access::kDone;
}

std::uint32_t MmioTransport::read_register(std::uint32_t offset) const {
    // What a driver reads often, or what stands alone, needs no lock.
    switch (offset) {
        case kMagicValue:
            return kMagic;
        case kVersion:
            return kTransportVersion;
        case kDeviceID:
            return static_cast<std::uint32_t>(device_->type());
        case kVendorID:
            return kVendor;
        case kInterruptStatus:
            return interrupt_.status();
        case kStatus:
            return status_.read() | (needs_reset_.load() ? DEVICE_NEEDS_RESET : 0);
        case kConfigGeneration:
            return config_generation_.load(std::memory_order_acquire);
        case kSHMLenLow:
        case kSHMLenHigh:
        case kSHMBaseLow:
        case kSHMBaseHigh:
            return kNoSharedMemory;
        case kQueueReset:
            return 0;  // a queue's reset is over before the write that asks for it is
        default:
            break;
    }
    const std::lock_guard lock(register_mutex_);
    const bool queue_exists = registers_.queue_sel < registers_.queues.size();
    switch (offset) {
        case kDeviceFeatures:
            return registers_.features.read_device_features(offered_features());
        case kQueueNumMax:
            return queue_exists ? device_->queue_max_sizes()[registers_.queue_sel] : 0;
        case kQueueReady:
            return queue_exists && registers_.queues[registers_.queue_sel].ready ? 1 : 0;
        default:
            return 0;
    }
}

void MmioTransport::write_register(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
        case kQueueNotify:
            // Here only where KVM does not write to the eventfd itself.
            if (value < queues_->count()) {
                queues_->notify(value);
            }
            return;
        case kInterruptACK:
            interrupt_.acknowledge(value);
            return;
        case kSHMSel:
            return;  // there are none to select from
        default:
            break;
    }
    const std::lock_guard lock(register_mutex_);
    switch (offset) {
        case kDeviceFeaturesSel:
            registers_.features.device_sel = value;
            return;
        case kDriverFeaturesSel:
            registers_.features.driver_sel = value;
            return;
        case kDriverFeatures:
            if (!status_.has(FEATURES_OK)) {  // 3.1.1: after that, negotiation is over
                registers_.features.write_driver_features(value);
            }
            return;
        case kQueueSel:
            registers_.queue_sel = value;
            return;
        case kStatus:
            write_status(value);
            return;
        default:
            write_queue_register(offset, value);
            return;
    }
}

bool MmioTransport::features_are_acceptable() const {
    const FeatureRegisters& features = registers_.features;
    return features.within(offered_features()) && (features.chosen & VIRTIO_F_VERSION_1) != 0 &&
           device_->accepts_features(features.chosen);
}

void MmioTransport::write_status(std::uint32_t value) {
    using Request = DeviceStatus::Request;
    switch (status_.write(value)) {
        case Request::kNothing:
            return;
        case Request::kReset:
            reset();
            return;
        case Request::kFeaturesOk:
            if (features_are_acceptable()) {
                const std::lock_guard lock(config_mutex_);
                device_->features_chosen(registers_.features.chosen);
                status_.set(FEATURES_OK);
            }
            return;
        case Request::kDriverOk:
            status_.set(DRIVER_OK);
            for (std::size_t i = 0; i < registers_.queues.size(); ++i) {
                if (registers_.queues[i].ready) {
                    start_queue(i);
                }
            }
            return;
    }
}

void MmioTransport::write_queue_register(std::uint32_t offset, std::uint32_t value) {
    if (registers_.queue_sel >= registers_.queues.size()) {
        return;
    }
    QueueRegisters& queue = registers_.queues[registers_.queue_sel];
    if (offset == kQueueReady) {
        write_queue_ready(queue, value);
        return;
    }
    if (offset == kQueueReset) {
        write_queue_reset(queue, value);
        return;
    }
    if (queue.ready) {
        return;  // 4.2.2.2: not while the queue is in use
    }
    queue.write(offset, value);
}

void MmioTransport::write_queue_ready(QueueRegisters& queue, std::uint32_t value) {
    const std::size_t index = registers_.queue_sel;
    if (value == 0) {
        queues_->stop(index);
        queue.ready = false;
        return;
    }
    if (queue.ready || !status_.has(FEATURES_OK)) {
        return;
    }
    const auto error =
        SplitQueue::check(around_.memory, queue.layout(), device_->queue_max_sizes()[index]);
    if (error.has_value()) {
        needs_reset(fmt::format("queue {}: {}", index, describe(*error)));
        return;
    }
    queue.ready = true;
    if (status_.has(DRIVER_OK)) {
        start_queue(index);
    }
}

void MmioTransport::write_queue_reset(QueueRegisters& queue, std::uint32_t value) {
    if (value != 1 || (registers_.features.chosen & VIRTIO_F_RING_RESET) == 0 ||
        !status_.has(FEATURES_OK)) {
        return;
    }
    queues_->stop(registers_.queue_sel);
    queue = {};
}

void MmioTransport::start_queue(std::size_t index) {
    queues_->start(index, registers_.queues[index].layout(), registers_.features.chosen);
}

void MmioTransport::reset() {
    queues_->stop_all();
    {
        const std::lock_guard lock(config_mutex_);
        device_->reset();
    }
    const std::size_t count = registers_.queues.size();
    registers_ = {};
    registers_.queues.resize(count);
    interrupt_.reset();
    needs_reset_ = false;
    status_.reset();
}

Access MmioTransport::read_config(std::uint64_t offset, std::span<std::uint8_t> data) const {
    if (offset >= device_->config_bytes() || data.size() > device_->config_bytes() - offset) {
        return Access::kUnknownRegister;
    }
    const std::lock_guard lock(config_mutex_);
    device_->read_config(offset, data);
    return Access::kDone;
}

Access MmioTransport::write_config(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (offset >= device_->config_bytes() || data.size() > device_->config_bytes() - offset) {
        return Access::kUnknownRegister;
    }
    const std::lock_guard lock(config_mutex_);
    device_->write_config(offset, data);
    return Access::kDone;
}

void MmioTransport::change_config(const std::function<void()>& change) {
    {
        const std::lock_guard lock(config_mutex_);
        change();
        config_generation_.fetch_add(1, std::memory_order_acq_rel);
    }
    if (status_.has(DRIVER_OK)) {
        interrupt_.raise(kConfigurationChangeNotification);
    }
}

void MmioTransport::report(DeviceNews news, std::string_view detail) {
    if (around_.observer) {
        around_.observer(around_.name, news, detail);
    }
}

void MmioTransport::needs_reset(std::string_view why) {
    if (needs_reset_.exchange(true)) {
        return;
    }
    if (log_limit_.allow()) {
        log::warning("{}: {}; the device waits for its driver to reset it", around_.name, why);
        report(DeviceNews::kNeedsReset, why);
    }
    // 2.1.2: the driver is told once it is there to listen.
    if (status_.has(DRIVER_OK)) {
        interrupt_.raise(kConfigurationChangeNotification);
    }
}

}  // namespace skiff::virtio::mmio
