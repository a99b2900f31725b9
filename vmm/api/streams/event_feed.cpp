// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/streams/event_feed.h"

#include <charconv>
#include <memory>
#include <string>
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

class EventFeed::Stream final : public ToldStream {
  public:
    Stream(const EventLog& log, std::uint64_t last) : log_(log), last_(last) {}

    void output(std::string& to) override {
        const EventLog::Events events = log_.after(last_, kPortionBytes);
        to += events.text;
        last_ = events.last;
        is_over_ = events.are_all;
    }
    bool is_over() const override { return is_over_; }

  private:
    const EventLog& log_;
    std::uint64_t last_;
    bool is_over_ = false;
};

EventFeed::EventFeed(EventLoop& loop, EventLog& log)
    : log_(log), streams_(loop, [this] { log_.set_listener({}); }) {}

EventFeed::~EventFeed() {
    log_.set_listener({});
}

HttpAnswer EventFeed::open(const HttpRequest& request) {
    auto stream = std::make_shared<Stream>(log_, last_event_id(request));
    log_.set_listener(streams_.teller());
    streams_.add(stream);
    HttpAnswer answer;
    answer.status = 200;
    answer.content_type = "text/event-stream";
    answer.stream = std::move(stream);
    return answer;
}

}  // namespace skiff::api
