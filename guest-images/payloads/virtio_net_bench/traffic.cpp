// SPDX-License-Identifier: Apache-2.0
#include "virtio_net_bench/traffic.h"

#include "runtime/page_pool.h"
#include "runtime/patience.h"
#include "virtio_net_bench/frames.h"

namespace payload::bench {
namespace {

using virtio::Completion;
using virtio::Queue;
using virtio::Ring;

// So many are published at once, as a driver does that looks at its ring now and then.
constexpr unsigned kBatch = 32;
constexpr std::uint32_t kCacheLine = 64;

}  // namespace

bool Traffic::set_up(virtio::NetCard& card, const Plan& plan) {
    card_ = &card;
    plan_ = plan;
    const std::uint32_t frame = kNetHeaderSize + plan.frame_size;
    const std::uint32_t largest = frame > plan.buffer_size ? frame : plan.buffer_size;
    stride_ = (largest + kCacheLine - 1) / kCacheLine * kCacheLine;
    slots_ = allocate_pages((std::uint64_t{stride_} * Ring::kMaxSize + kPageSize - 1) / kPageSize);
    send_page_ = allocate_pages(1);
    return slots_ != 0 && send_page_ != 0;
}

void Traffic::clear() {
    outcome_ = {};
    round_trips_.clear();
}

void Traffic::fail(Fault fault) {
    outcome_.fault = fault;
    outcome_.fault_at = outcome_.frames;
}

bool Traffic::submit(Queue& queue, unsigned index, std::uint32_t size, bool is_writable) {
    const virtio::Buffer buffer = {reinterpret_cast<std::uint64_t>(slot(index)), size, is_writable};
    std::uint16_t head = 0;
    const bool taken =
        plan_.indirect ? queue.submit_indirect(&buffer, 1, head) : queue.submit(&buffer, 1, head);
    if (!taken) {
        fail(Fault::kNoRoom);
        return false;
    }
    slot_of_[head] = index;
    return true;
}

bool Traffic::send_next(unsigned index) {
    const Frame frame(slot(index), plan_.frame_size);
    frame.set_number(sent_++);
    return submit(card_->send_queue(0), index, kNetHeaderSize + plan_.frame_size, false);
}

void Traffic::send(std::uint64_t cycles) {
    Queue& queue = card_->send_queue(0);
    const unsigned depth = queue.ring().size;
    for (unsigned i = 0; i < depth; ++i) {
        Frame(slot(i), plan_.frame_size).prepare(kHost, kGuest);
    }
    const std::uint64_t notifications = queue.notifications();
    const std::uint64_t begin = read_tsc();
    std::uint64_t last_progress = begin;
    unsigned in_flight = 0;
    while (in_flight < depth && send_next(in_flight)) {
        ++in_flight;
    }
    queue.publish();
    while (in_flight != 0 && outcome_.fault == Fault::kNone) {
        const std::uint64_t now = read_tsc();
        const bool goes_on = now - begin < cycles;
        if (now - last_progress > kPatienceCycles) {
            fail(Fault::kNotUsed);
        }
        Completion completion = {};
        for (unsigned taken = 0; taken < kBatch && queue.poll(completion); ++taken) {
            last_progress = now;
            ++outcome_.frames;
            --in_flight;
            if (goes_on && send_next(slot_of_[completion.head])) {
                ++in_flight;
            }
        }
        queue.publish();
    }
    outcome_.cycles += read_tsc() - begin;
    outcome_.notifications += queue.notifications() - notifications;
}

bool Traffic::give_buffer(unsigned index) {
    return submit(card_->receive_queue(0), index, plan_.buffer_size, true);
}

/// Of the first buffer of frame `number`.
bool Traffic::take_frame(const Completion& completion, std::uint64_t number) {
    const Frame frame(slot(slot_of_[completion.head]), plan_.frame_size);
    const std::uint32_t size = kNetHeaderSize + plan_.frame_size;
    if (frame.type() != (Frame::is_segmented(plan_.frame_size) ? kIpType : kExperimentalType)) {
        fail(Fault::kForeign);
    } else if (size > plan_.buffer_size ? frame.number() != number
                                        : completion.length != size || !frame.has_number(number)) {
        fail(Fault::kContent);
    }
    return outcome_.fault == Fault::kNone;
}

void Traffic::receive(std::uint64_t count) {
    Queue& queue = card_->receive_queue(0);
    const std::uint32_t size = kNetHeaderSize + plan_.frame_size;
    const std::uint64_t buffers_of_one = (size + plan_.buffer_size - 1) / plan_.buffer_size;
    const std::uint64_t buffers = count * buffers_of_one;
    const std::uint64_t notifications = queue.notifications();
    const std::uint64_t begin = read_tsc();
    std::uint64_t last_progress = begin;
    std::uint64_t given = 0;
    while (given < buffers && given < queue.ring().size &&
           give_buffer(static_cast<unsigned>(given))) {
        ++given;
    }
    queue.publish();
    std::uint64_t taken = 0;
    std::uint64_t bytes = 0;
    while (taken < buffers && outcome_.fault == Fault::kNone) {
        const std::uint64_t now = read_tsc();
        if (now - last_progress > kPatienceCycles) {
            fail(Fault::kNotUsed);
        }
        Completion completion = {};
        for (unsigned i = 0; i < kBatch && queue.poll(completion); ++i, ++taken) {
            last_progress = now;
            const std::uint64_t frame = taken / buffers_of_one;
            bytes += completion.length;
            if (taken % buffers_of_one == 0 && !take_frame(completion, frame)) {
                break;
            }
            outcome_.frames += taken % buffers_of_one == buffers_of_one - 1 ? 1 : 0;
            if (given < buffers && give_buffer(slot_of_[completion.head])) {
                ++given;
            }
        }
        queue.publish();
    }
    if (outcome_.fault == Fault::kNone && bytes != count * size) {
        fail(Fault::kContent);
    }
    outcome_.cycles += read_tsc() - begin;
    outcome_.notifications += queue.notifications() - notifications;
}

bool Traffic::await_reply() {
    Queue& queue = card_->receive_queue(0);
    const std::uint64_t begin = read_tsc();
    while (read_tsc() - begin < kPatienceCycles) {
        Completion completion = {};
        if (!queue.poll(completion)) {
            continue;
        }
        const unsigned index = slot_of_[completion.head];
        const bool is_ours = Ping(slot(index)).is_reply(pings_);
        give_buffer(index);
        queue.publish();
        if (is_ours) {
            return true;
        }
    }
    fail(Fault::kNotUsed);
    return false;
}

bool Traffic::ping_once() {
    const Ping ping(reinterpret_cast<std::uint8_t*>(send_page_));
    ping.set_number(++pings_);
    Queue& queue = card_->send_queue(0);
    const virtio::Buffer buffer = {send_page_, kNetHeaderSize + kPingSize, false};
    std::uint16_t head = 0;
    const std::uint64_t begin = read_tsc();
    if (!queue.submit(&buffer, 1, head)) {
        fail(Fault::kNoRoom);
        return false;
    }
    queue.publish();
    if (!await_reply()) {
        return false;
    }
    round_trips_.add(read_tsc() - begin);
    ++outcome_.frames;
    Completion completion = {};
    if (!queue.wait(completion)) {
        fail(Fault::kNotUsed);
    }
    return outcome_.fault == Fault::kNone;
}

void Traffic::ping(std::uint64_t cycles) {
    Queue& receive = card_->receive_queue(0);
    for (unsigned i = 0; !has_buffers_ && i < receive.ring().size; ++i) {
        give_buffer(i);
    }
    has_buffers_ = true;
    receive.publish();
    Ping(reinterpret_cast<std::uint8_t*>(send_page_)).prepare();
    const std::uint64_t notifications =
        card_->send_queue(0).notifications() + receive.notifications();
    const std::uint64_t begin = read_tsc();
    while (read_tsc() - begin < cycles && ping_once()) {
    }
    outcome_.cycles += read_tsc() - begin;
    outcome_.notifications +=
        card_->send_queue(0).notifications() + receive.notifications() - notifications;
}

}  // namespace payload::bench
