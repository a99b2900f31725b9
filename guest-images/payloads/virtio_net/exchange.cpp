// SPDX-License-Identifier: Apache-2.0
#include "virtio_net/exchange.h"

#include "runtime/page_pool.h"
#include "runtime/patience.h"
#include "virtio_net/crc32.h"
#include "virtio_net_bench/frames.h"

namespace payload {
namespace {

using virtio::Buffer;
using virtio::Completion;
using virtio::Queue;
using virtio::Ring;
using virtio::net::kHeaderSize;

constexpr std::uint64_t kSendStride = 65'600;
constexpr std::uint64_t kSeed = 0x2545f4914f6cdd1d;

std::uint64_t pages_for(std::uint64_t bytes) {
    return (bytes + kPageSize - 1) / kPageSize;
}

}  // namespace

bool Exchange::set_up(virtio::NetCard& card, std::uint32_t buffer_size) {
    card_ = &card;
    buffer_size_ = buffer_size;
    random_ = kSeed;
    for (unsigned i = 0; i < card.pairs(); ++i) {
        pairs_[i].buffers = allocate_pages(pages_for(std::uint64_t{buffer_size} * Ring::kMaxSize));
        if (pairs_[i].buffers == 0) {
            return false;
        }
    }
    send_slots_ = allocate_pages(pages_for(kSendStride * kSendSlots));
    return send_slots_ != 0;
}

void Exchange::give_all() {
    in_flight_ = 0;
    for (unsigned pair = 0; pair < card_->pairs(); ++pair) {
        Queue& queue = card_->receive_queue(pair);
        for (unsigned i = 0; i < queue.ring().size; ++i) {
            give(pair, i);
        }
        queue.publish();
    }
}

void Exchange::begin() {
    outcome_ = {};
    began_ = last_progress_ = read_tsc();
}

/// Whether something came not too long ago.
bool Exchange::goes_on() {
    return read_tsc() - last_progress_ < kPatienceCycles;
}

bool Exchange::give(unsigned pair, unsigned index) {
    const Buffer room = {reinterpret_cast<std::uint64_t>(buffer(pair, index)), buffer_size_, true};
    std::uint16_t head = 0;
    if (!card_->receive_queue(pair).submit(&room, 1, head)) {
        return false;
    }
    pairs_[pair].index_of[head] = static_cast<std::uint16_t>(index);
    return true;
}

void Exchange::give_back(unsigned pair, const Frame& frame) {
    for (unsigned i = 0; i < frame.pieces; ++i) {
        give(pair, frame.index[i]);
    }
    card_->receive_queue(pair).publish();
}

/// The next frame of a pair, if there is one; with mergeable buffers its header says how many it
/// has.
bool Exchange::take(unsigned pair, Frame& frame) {
    Queue& queue = card_->receive_queue(pair);
    Completion completion = {};
    frame.pieces = 0;
    unsigned wanted = 1;
    while (frame.pieces < wanted) {
        if (frame.pieces == 0 ? !queue.poll(completion) : !queue.wait(completion)) {
            return false;
        }
        const std::uint16_t index = pairs_[pair].index_of[completion.head];
        if (frame.pieces == 0 && card_->is_mergeable()) {
            wanted = load<std::uint16_t>(reinterpret_cast<std::uint64_t>(buffer(pair, index)) + 10);
            wanted = wanted < kMostPieces ? wanted : kMostPieces;
        }
        frame.index[frame.pieces] = index;
        frame.length[frame.pieces++] = completion.length;
    }
    last_progress_ = read_tsc();
    return frame.pieces != 0;
}

bool Exchange::is_ours(unsigned pair, const Frame& frame) const {
    const std::uint8_t* const type = buffer(pair, frame.index[0]) + kHeaderSize + 12;
    const auto value = static_cast<std::uint16_t>(type[0] << 8 | type[1]);
    return frame.length[0] >= kHeaderSize + bench::kEthernetSize &&
           (value == bench::kExperimentalType || value == bench::kIpType ||
            value == bench::kIp6Type);
}

void Exchange::count(unsigned pair, const Frame& frame) {
    Crc32 crc;
    for (unsigned i = 0; i < frame.pieces; ++i) {
        const std::uint32_t skip = i == 0 ? kHeaderSize : 0;
        crc.add(buffer(pair, frame.index[i]) + skip, frame.length[i] - skip);
        outcome_.bytes += frame.length[i] - skip;
    }
    const std::uint8_t* const header = buffer(pair, frame.index[0]);
    outcome_.unchecked_frames += (header[0] & virtio::net::kNeedsCsum) != 0 ? 1 : 0;
    outcome_.segmented_frames += header[1] != 0 ? 1 : 0;
    outcome_.sum += crc.value();
    ++outcome_.frames;
    ++outcome_.frames_of_pair[pair];
}

bool Exchange::send_back(unsigned pair, const Frame& frame) {
    Buffer pieces[kMostPieces];
    for (unsigned i = 0; i < frame.pieces; ++i) {
        pieces[i] = {reinterpret_cast<std::uint64_t>(buffer(pair, frame.index[i])), frame.length[i],
                     false};
    }
    // What is said of its checksum and segments holds on the way back too, the number of buffers
    // does not.
    std::uint8_t* const header = buffer(pair, frame.index[0]);
    header[0] = header[0] & virtio::net::kNeedsCsum;
    header[10] = header[11] = 0;
    Queue& queue = card_->send_queue(pair);
    std::uint16_t head = 0;
    while (!queue.submit(pieces, frame.pieces, head)) {
        collect_sent(pair);
        if (!goes_on()) {
            return false;
        }
    }
    pairs_[pair].sent[head] = frame;
    ++in_flight_;
    queue.publish();
    return true;
}

void Exchange::collect_sent(unsigned pair) {
    Completion completion = {};
    while (card_->send_queue(pair).poll(completion)) {
        last_progress_ = read_tsc();
        --in_flight_;
        give_back(pair, pairs_[pair].sent[completion.head]);
    }
}

void Exchange::echo(std::uint64_t count_wanted) {
    begin();
    Frame frame;
    while ((outcome_.frames < count_wanted || in_flight_ != 0) && goes_on()) {
        for (unsigned pair = 0; pair < card_->pairs(); ++pair) {
            collect_sent(pair);
            if (outcome_.frames == count_wanted || !take(pair, frame)) {
                continue;
            }
            if (!is_ours(pair, frame)) {
                give_back(pair, frame);
                continue;
            }
            count(pair, frame);
            if (!send_back(pair, frame)) {
                return;
            }
        }
    }
    outcome_.cycles = read_tsc() - began_;
    outcome_.is_well = outcome_.frames == count_wanted && in_flight_ == 0;
}

void Exchange::receive(std::uint64_t bytes) {
    begin();
    Frame frame;
    while (outcome_.bytes < bytes && goes_on()) {
        for (unsigned pair = 0; pair < card_->pairs(); ++pair) {
            if (!take(pair, frame)) {
                continue;
            }
            if (is_ours(pair, frame)) {
                count(pair, frame);
            }
            give_back(pair, frame);
        }
    }
    outcome_.cycles = read_tsc() - began_;
    outcome_.is_well = outcome_.bytes == bytes;
}

void Exchange::await_any() {
    begin();
    Frame frame;
    while (outcome_.frames == 0 && goes_on()) {
        for (unsigned pair = 0; pair < card_->pairs(); ++pair) {
            if (take(pair, frame)) {
                ++outcome_.frames;
                give_back(pair, frame);
            }
        }
    }
    outcome_.is_well = outcome_.frames != 0;
}

void Exchange::fill(std::uint8_t* at, std::uint32_t size) {
    for (std::uint32_t i = 0; i < size; i += 8) {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        for (std::uint32_t k = 0; k < 8 && i + k < size; ++k) {
            at[i + k] = static_cast<std::uint8_t>(random_ >> 8 * k);
        }
    }
}

/// With its virtio header before it.
void Exchange::make_frame(std::uint8_t* at, std::uint32_t size, const OffloadFrame* kind) {
    std::uint32_t headers = bench::kEthernetSize;
    if (kind != nullptr) {
        kind->write_headers(at, size);
        headers = kind->headers_size();
    } else {
        bench::Frame(at, size).prepare(bench::kHost, bench::kGuest);
        headers += bench::Frame::is_segmented(size) ? bench::kIpSize + bench::kTcpSize : 0;
    }
    fill(at + kHeaderSize + headers, size - headers);
}

void Exchange::send(std::uint64_t count_wanted, std::uint32_t size, unsigned pair,
                    const OffloadFrame* kind) {
    begin();
    Queue& queue = card_->send_queue(pair);
    std::uint16_t slot_of[Ring::kMaxSize];
    const unsigned depth = queue.ring().size < kSendSlots ? queue.ring().size : kSendSlots;
    std::uint64_t submitted = 0;
    const auto submit = [&](unsigned slot) {
        auto* const at = reinterpret_cast<std::uint8_t*>(send_slots_ + slot * kSendStride);
        make_frame(at, size, kind);
        Crc32 crc;
        crc.add(at + kHeaderSize, size);
        const Buffer buffer = {reinterpret_cast<std::uint64_t>(at), kHeaderSize + size, false};
        std::uint16_t head = 0;
        if (queue.submit(&buffer, 1, head)) {
            slot_of[head] = static_cast<std::uint16_t>(slot);
            outcome_.sum += crc.value();
            ++submitted;
        }
        queue.publish();
    };
    for (unsigned slot = 0; slot < depth && submitted < count_wanted; ++slot) {
        submit(slot);
    }
    while (outcome_.frames < count_wanted && goes_on()) {
        Completion completion = {};
        if (queue.poll(completion)) {
            last_progress_ = read_tsc();
            ++outcome_.frames;
            ++outcome_.frames_of_pair[pair];
            outcome_.bytes += size;
            if (submitted < count_wanted) {
                submit(slot_of[completion.head]);
            }
        }
    }
    outcome_.cycles = read_tsc() - began_;
    outcome_.is_well = outcome_.frames == count_wanted;
}

}  // namespace payload
