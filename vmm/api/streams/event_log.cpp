// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/streams/event_log.h"

#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "base/json_writer.h"
#include "base/units.h"
#include "vmm/machine/exit_report.h"

namespace skiff::api {
namespace {

using machine::KernelTrouble;

constexpr std::string_view kEnded = "ended";

std::string_view word_for(KernelTrouble trouble) {
    switch (trouble) {
        case KernelTrouble::kWarning:
            return "warning";
        case KernelTrouble::kLockup:
            return "lockup";
        case KernelTrouble::kOops:
            return "oops";
        case KernelTrouble::kPanic:
            break;
    }
    return "panic";
}

/// RFC 3339, in UTC.
std::string time_text(EventLog::Clock::time_point time) {
    const auto since_1970 = time.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_1970);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(since_1970 - seconds);
    const std::time_t whole = seconds.count();
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       milliseconds.count());
}

}  // namespace

void EventLog::state(std::string_view state, std::string_view error) {
    add("state", [&](JsonWriter& json) {
        json.string("state", state);
        if (!error.empty()) {
            json.string("error", error);
        }
    });
}

void EventLog::ended(const machine::ExitReason& reason) {
    add(kEnded, [&](JsonWriter& json) {
        json.string("kind", machine::exit_kind(reason));
        json.number("status", static_cast<std::uint64_t>(machine::exit_status(reason)));
        json.number("value", reason.value);
        json.string("detail", reason.detail);
    });
}

void EventLog::on_event(const machine::MachineEvent& event) {
    std::visit([this](const auto& one) { add_event(one); }, event);
}

void EventLog::add_event(const machine::KernelEvent& event) {
    add("kernel", [&](JsonWriter& json) {
        json.string("trouble", word_for(event.trouble));
        json.string("message", event.message);
    });
}

void EventLog::add_event(const machine::DeviceEvent& event) {
    using Problem = machine::DeviceEvent::Problem;
    add("device", [&](JsonWriter& json) {
        json.string("device", event.device);
        json.string("problem",
                    event.problem == Problem::kNeedsReset ? "needs-reset" : "host-error");
        json.string("detail", event.detail);
    });
}

void EventLog::add_event(const machine::LinkEvent& event) {
    add("link", [&](JsonWriter& json) {
        json.string("device", event.device);
        json.string("link", event.is_up ? "up" : "down");
    });
}

void EventLog::add_event(const machine::BalloonEvent& event) {
    add("balloon", [&](JsonWriter& json) {
        json.number("target_mib", event.target_bytes / kMiB);
        json.number("actual_mib", event.actual_bytes / kMiB);
        json.number("actual_bytes", event.actual_bytes);
    });
}

void EventLog::add(std::string_view name, const std::function<void(JsonWriter&)>& write_members) {
    JsonWriter json(JsonWriter::Layout::kOneLine);
    json.begin_object();
    json.string("time", time_text(now_()));
    write_members(json);
    json.end_object();
    std::function<void()> listener;
    {
        const std::lock_guard lock(mutex_);
        if (is_over_) {
            return;
        }
        is_over_ = name == kEnded;
        ++last_;
        texts_.push_back(fmt::format("id: {}\nevent: {}\ndata: {}\n", last_, name, json.text()));
        bytes_ += texts_.back().size();
        while (texts_.size() > kMaxEvents || bytes_ > kMaxBytes) {
            bytes_ -= texts_.front().size();
            texts_.pop_front();
        }
        listener = listener_;
    }
    if (listener) {
        listener();
    }
}

void EventLog::set_listener(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
}

EventLog::Events EventLog::after(std::uint64_t after, std::size_t max_bytes) const {
    const std::lock_guard lock(mutex_);
    Events events;
    events.last = after > last_ ? 0 : after;
    const std::uint64_t before_first = last_ - texts_.size();
    if (events.last < before_first) {
        events.text =
            fmt::format("event: lost\ndata: {{\"count\": {}}}\n\n", before_first - events.last);
        events.last = before_first;
    }
    while (events.last < last_) {
        const std::string& next = texts_[events.last - before_first];
        if (!events.text.empty() && events.text.size() + next.size() > max_bytes) {
            break;
        }
        events.text += next;
        ++events.last;
    }
    events.are_all = is_over_ && events.last == last_;
    return events;
}

}  // namespace skiff::api
