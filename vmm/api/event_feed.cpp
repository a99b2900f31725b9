// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/event_feed.h"

#include <charconv>
#include <utility>

namespace skiff::api {
namespace {

constexpr std::size_t kPortionBytes = 16 * 1024;

/// What is no number of ours counts as none.
std::uint64_t last_event_id(const HttpRequest& request) {
    const std::string* const text = request.header("Last-Event-ID");
    std::uint64_t id = 0;
    if (text == nullptr) {
        return 0;
    }
    const char* const end = text->data() + text->size();
    const auto [rest, failure] = std::from_chars(text->data(), end, id);
    return failure == std::errc() && rest == end ? id : 0;
}

}  // namespace

class EventFeed::Stream final : public HttpStream {
  public:
    Stream(const EventLog& log, std::uint64_t last) : log_(log), last_(last) {}

    void attach(std::function<void()> changed) override { changed_ = std::move(changed); }

    void output(std::string& to) override {
        const EventLog::Events events = log_.after(last_, kPortionBytes);
        to += events.text;
        last_ = events.last;
        is_over_ = events.are_all;
    }
    bool is_over() const override { return is_over_; }

    void tell() {
        if (changed_) {
            changed_();
        }
    }

  private:
    const EventLog& log_;
    std::uint64_t last_;
    bool is_over_ = false;
    std::function<void()> changed_;
};

/// Between the log, which is told on any thread, and the loop: one task at a time.
struct EventFeed::Wake {
    EventFeed* feed;  // null when that has gone; on the loop's thread
    std::atomic<bool> is_due{false};
};

EventFeed::EventFeed(EventLoop& loop, EventLog& log)
    : loop_(loop), log_(log), wake_(std::make_shared<Wake>()) {
    wake_->feed = this;
}

EventFeed::~EventFeed() {
    log_.set_listener({});
    wake_->feed = nullptr;
}

HttpAnswer EventFeed::open(const HttpRequest& request) {
    if (streams_.empty()) {
        log_.set_listener([&loop = loop_, wake = wake_] {
            if (!wake->is_due.exchange(true)) {
                loop.post([wake] {
                    wake->is_due = false;
                    if (wake->feed != nullptr) {
                        wake->feed->tell();
                    }
                });
            }
        });
    }
    auto stream = std::make_shared<Stream>(log_, last_event_id(request));
    streams_.push_back(stream);
    HttpAnswer answer;
    answer.status = 200;
    answer.content_type = "text/event-stream";
    answer.stream = std::move(stream);
    return answer;
}

void EventFeed::tell() {
    std::erase_if(streams_, [](const auto& stream) { return stream.expired(); });
    if (streams_.empty()) {
        log_.set_listener({});
    }
    for (const auto& open : streams_) {
        if (const auto stream = open.lock()) {
            stream->tell();
        }
    }
}

}  // namespace skiff::api
