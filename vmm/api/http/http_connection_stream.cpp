// SPDX-License-Identifier: Apache-2.0
// A connection whose request was answered with a stream.
#include <sys/epoll.h>

#include <utility>

#include "vmm/api/http/http_connection.h"

namespace skiff::api {
namespace {

// Portions of a stream's output in a row, before others have their turn.
constexpr int kPortions = 8;

}  // namespace

void HttpConnection::begin_stream(std::shared_ptr<HttpStream> stream) {
    close_when_written_ = false;
    stream_ = std::move(stream);
    stream_->attach([this] {
        if (!is_closed()) {
            serve_stream();
            settle_stream();
        }
    });
}

void HttpConnection::serve_stream() {
    if (stream_ == nullptr || is_closed()) {
        return;
    }
    bool works = true;
    for (int portion = 0; works && portion < kPortions && !is_closed(); ++portion) {
        works = false;
        if (!in_.empty() && stream_->wants_input()) {
            const std::size_t used = stream_->input(in_);
            in_.erase(0, used);
            works = used != 0;
        }
        if (out_.empty()) {
            stream_->output(out_);
            works = works || !out_.empty();
            write();
        }
    }
    stream_has_more_ = works;
}

void HttpConnection::settle_stream() {
    if (is_closed()) {
        return;
    }
    // Who sends nothing any more has gone: nobody keeps half of such a connection.
    const bool is_over = out_.empty() && !stream_has_more_ && stream_->is_over();
    if (is_over || input_ended_) {
        close();
        return;
    }
    const bool writes = !out_.empty() || stream_has_more_;
    around_.loop.modify(
        watch_, (writes ? EPOLLOUT : 0U) | (stream_->wants_input() ? std::uint32_t{EPOLLIN} : 0U));
    if (stream_->is_over() && !deadline_.running() && !deadline_.start(options_.request_time)) {
        close();
    }
}

}  // namespace skiff::api
