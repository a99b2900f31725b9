// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "vmm/api/http/http_stream.h"

namespace skiff::api {

/// A stream that is told when there may be more to send.
class ToldStream : public HttpStream {
  public:
    void attach(std::function<void()> changed) final { changed_ = std::move(changed); }
    /// There is news.
    virtual void tell() {
        if (changed_) {
            changed_();
        }
    }

  private:
    std::function<void()> changed_;
};

/// The open streams that have one source, which tells of news on any thread: they hear of it on the
/// loop's, once for all news that came meanwhile. On the loop's thread, but for what teller()
/// gives.
class StreamSet {
  public:
    /// `is_empty` is called, some time, when no stream is open any more. `loop` outlives it.
    StreamSet(EventLoop& loop, std::function<void()> is_empty);
    ~StreamSet();
    StreamSet(const StreamSet&) = delete;
    StreamSet& operator=(const StreamSet&) = delete;

    bool empty() const { return streams_.empty(); }
    void add(const std::shared_ptr<ToldStream>& stream) { streams_.push_back(stream); }

    /// What the source calls; any thread, as long as the loop is there.
    std::function<void()> teller();

  private:
    /// What a source holds on to.
    struct Note {
        StreamSet* set;  // null when that has gone; the loop's thread
        std::atomic<bool> is_due{false};
    };

    void tell();

    EventLoop& loop_;
    const std::function<void()> is_empty_;
    std::vector<std::weak_ptr<ToldStream>> streams_;
    std::shared_ptr<Note> note_;
};

}  // namespace skiff::api
