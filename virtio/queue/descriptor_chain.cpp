// SPDX-License-Identifier: Apache-2.0
#include "virtio/queue/descriptor_chain.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace skiff::virtio {
namespace {

/// Takes `size` bytes off the front of `buffers` from `first` on; `use` gets each piece.
template <typename Use>
void consume(std::vector<iovec>& buffers, std::size_t& first, std::size_t size, Use use) {
    while (size != 0) {
        iovec& buffer = buffers[first];
        const std::size_t piece = std::min(size, buffer.iov_len);
        use(static_cast<std::uint8_t*>(buffer.iov_base), piece);
        buffer.iov_base = static_cast<std::uint8_t*>(buffer.iov_base) + piece;
        buffer.iov_len -= piece;
        size -= piece;
        if (buffer.iov_len == 0) {
            ++first;
        }
    }
}

// A small frame with its header, or a request's header and the first of its data. A prefetch never
// faults, so it may go past a buffer's end.
constexpr std::ptrdiff_t kCacheLine = 64;

}  // namespace

DescriptorChain::DescriptorChain(std::uint16_t head, std::vector<iovec> buffers)
    : head_(head), open_(true), buffers_(std::move(buffers)) {}

DescriptorChain::DescriptorChain(DescriptorChain&& other) noexcept
    : head_(other.head_),
      open_(std::exchange(other.open_, false)),
      buffers_(std::move(other.buffers_)),
      first_readable_(other.first_readable_),
      readable_end_(other.readable_end_),
      first_writable_(other.first_writable_),
      readable_bytes_(other.readable_bytes_),
      writable_bytes_(other.writable_bytes_) {}

DescriptorChain& DescriptorChain::operator=(DescriptorChain&& other) noexcept {
    SKIFF_CHECK(!open_);
    head_ = other.head_;
    open_ = std::exchange(other.open_, false);
    buffers_ = std::move(other.buffers_);
    first_readable_ = other.first_readable_;
    readable_end_ = other.readable_end_;
    first_writable_ = other.first_writable_;
    readable_bytes_ = other.readable_bytes_;
    writable_bytes_ = other.writable_bytes_;
    return *this;
}

DescriptorChain::~DescriptorChain() {
    SKIFF_CHECK(!open_);
}

void DescriptorChain::abandon() {
    SKIFF_CHECK(open_);
    open_ = false;
}

std::span<const iovec> DescriptorChain::readable() const {
    return std::span(buffers_).subspan(first_readable_, readable_end_ - first_readable_);
}

std::span<const iovec> DescriptorChain::writable() const {
    return std::span(buffers_).subspan(first_writable_);
}

void DescriptorChain::prefetch_readable() const {
    if (first_readable_ < readable_end_) {
        const auto* const start = static_cast<const char*>(buffers_[first_readable_].iov_base);
        __builtin_prefetch(start, 0);
        __builtin_prefetch(start + kCacheLine, 0);
    }
}

void DescriptorChain::prefetch_writable() const {
    if (first_writable_ < buffers_.size()) {
        const auto* const start = static_cast<const char*>(buffers_[first_writable_].iov_base);
        __builtin_prefetch(start, 1);
        __builtin_prefetch(start + kCacheLine, 1);
    }
}

bool DescriptorChain::read(std::span<std::uint8_t> to) {
    if (to.size() > readable_bytes_) {
        return false;
    }
    readable_bytes_ -= to.size();
    consume(buffers_, first_readable_, to.size(),
            [&to](const std::uint8_t* from, std::size_t size) {
                std::memcpy(to.data(), from, size);
                to = to.subspan(size);
            });
    return true;
}

bool DescriptorChain::skip_readable(std::uint64_t size) {
    if (size > readable_bytes_) {
        return false;
    }
    readable_bytes_ -= size;
    consume(buffers_, first_readable_, size, [](const std::uint8_t*, std::size_t) {});
    return true;
}

bool DescriptorChain::write(std::span<const std::uint8_t> from) {
    if (from.size() > writable_bytes_) {
        return false;
    }
    writable_bytes_ -= from.size();
    consume(buffers_, first_writable_, from.size(), [&from](std::uint8_t* to, std::size_t size) {
        std::memcpy(to, from.data(), size);
        from = from.subspan(size);
    });
    return true;
}

std::optional<WritableByte> DescriptorChain::take_last_writable_byte() {
    if (writable_bytes_ == 0) {
        return std::nullopt;
    }
    iovec& last = buffers_.back();
    --last.iov_len;
    --writable_bytes_;
    const WritableByte byte(static_cast<std::uint8_t*>(last.iov_base) + last.iov_len);
    if (last.iov_len == 0) {
        buffers_.pop_back();
    }
    return byte;
}

std::optional<WritableByte> DescriptorChain::writable_byte(std::uint64_t offset) const {
    for (const iovec& buffer : writable()) {
        if (offset < buffer.iov_len) {
            return WritableByte(static_cast<std::uint8_t*>(buffer.iov_base) + offset);
        }
        offset -= buffer.iov_len;
    }
    return std::nullopt;
}

}  // namespace skiff::virtio
