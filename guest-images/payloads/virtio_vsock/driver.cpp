// SPDX-License-Identifier: Apache-2.0
#include "virtio_vsock/driver.h"

#include "runtime/console.h"
#include "runtime/page_pool.h"
#include "runtime/patience.h"

namespace payload::vsock {
namespace {

using virtio::Buffer;
using virtio::Completion;
using namespace virtio::vsock;

constexpr std::uint64_t kHeaderRoom = 64;

Header& header_at(std::uint64_t address) {
    return *reinterpret_cast<Header*>(address);
}

}  // namespace

bool Driver::set_up() {
    if (!virtio::Device::find(virtio::kSocketDevice, 0, device_) ||
        !device_.negotiate(virtio::kFeatureVersion1, virtio::kFeatureEventIdx) ||
        !rx_.set_up(device_, 0, virtio::Ring::kMaxSize) ||
        !tx_.set_up(device_, 1, virtio::Ring::kMaxSize)) {
        return false;
    }
    cid_ = load<std::uint32_t>(device_.window().address + 0x100);
    const std::uint64_t pages = allocate_pages(kPages);
    const std::uint64_t headers = allocate_pages(kHeaders * kHeaderRoom / kPageSize);
    if (pages == 0 || headers == 0) {
        return false;
    }
    for (unsigned i = 0; i < kHeaders; ++i) {
        free_headers_[free_header_count_++] = headers + i * kHeaderRoom;
    }
    device_.set_driver_ok();
    for (unsigned i = 0; i < kPages; ++i) {
        give_back(pages + i * kPageSize);
    }
    work();
    return true;
}

Header& Driver::fill(std::uint64_t at, Stream& stream, std::uint16_t op, std::uint32_t len,
                     std::uint32_t flags) {
    Header& header = header_at(at);
    header.src_cid = cid_;
    header.dst_cid = kHostCid;
    header.src_port = stream.guest_port;
    header.dst_port = stream.host_port;
    header.len = len;
    header.type = kStream;
    header.op = op;
    header.flags = flags;
    header.buf_alloc = kBuffer;
    header.fwd_cnt = stream.forwarded;
    stream.told_forwarded = stream.forwarded;
    stream.sent += len;
    return header;
}

void Driver::wait_for_room(unsigned descriptors) {
    wait_until([&] {
        work();
        return tx_.free_descriptors() >= descriptors && free_header_count_ != 0;
    });
}

std::uint64_t Driver::take_header() {
    wait_for_room(2);
    return free_headers_[--free_header_count_];
}

void Driver::send_control(Stream& stream, std::uint16_t op, std::uint32_t flags) {
    const std::uint64_t at = take_header();
    fill(at, stream, op, 0, flags);
    const Buffer buffer = {at, sizeof(Header), false};
    std::uint16_t head = 0;
    tx_.submit(&buffer, 1, head);
    tx_page_[head] = 0;
    tx_header_[head] = at;
}

void Driver::send_back(Stream& stream, std::uint64_t page, std::uint32_t bytes) {
    wait_for_room(1);
    fill(page, stream, kRw, bytes, 0);
    const Buffer buffer = {page, static_cast<std::uint32_t>(sizeof(Header)) + bytes, false};
    std::uint16_t head = 0;
    tx_.submit(&buffer, 1, head);
    tx_page_[head] = page;
    tx_header_[head] = 0;
}

void Driver::send_data(Stream& stream, std::uint64_t payload, std::uint32_t bytes) {
    const std::uint64_t at = take_header();
    fill(at, stream, kRw, bytes, 0);
    const Buffer buffers[] = {{at, sizeof(Header), false}, {payload, bytes, false}};
    std::uint16_t head = 0;
    tx_.submit(buffers, 2, head);
    tx_page_[head] = 0;
    tx_header_[head] = at;
}

std::uint64_t Driver::take() {
    Completion completion = {};
    if (!rx_.poll(completion)) {
        return 0;
    }
    const std::uint64_t page = rx_page_[completion.head];
    const Header& header = header_at(page);
    if (completion.length < sizeof(Header) || header.src_cid != kHostCid ||
        header.dst_cid != cid_ || header.type != kStream ||
        completion.length != sizeof(Header) + header.len) {
        print("FAILED: a packet that is none\n");
    }
    return page;
}

void Driver::give_back(std::uint64_t page) {
    const Buffer buffer = {page, kPageSize, true};
    std::uint16_t head = 0;
    if (!rx_.submit(&buffer, 1, head)) {
        print("FAILED: no descriptor for a receive buffer\n");
        return;
    }
    rx_page_[head] = page;
}

void Driver::work() {
    Completion completion = {};
    while (tx_.poll(completion)) {
        if (tx_page_[completion.head] != 0) {
            give_back(tx_page_[completion.head]);
        }
        if (tx_header_[completion.head] != 0) {
            free_headers_[free_header_count_++] = tx_header_[completion.head];
        }
    }
    rx_.publish();
    tx_.publish();
}

}  // namespace payload::vsock
