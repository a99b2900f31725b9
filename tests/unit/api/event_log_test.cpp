// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/streams/event_log.h"

#include <catch2/catch.hpp>

namespace skiff::api {
namespace {

using machine::ExitReason;

EventLog::Clock::time_point noon() {
    return EventLog::Clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
}

const ExitReason kReset{.kind = ExitReason::Kind::kReset, .value = 3, .detail = {}, .vcpu = {}};

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++found;
    }
    return found;
}

TEST_CASE("Each event has a number, a name, and data in one line with the time") {
    EventLog log(noon);
    log.state("Running");
    log.on_event(machine::KernelEvent{.trouble = machine::KernelTrouble::kOops,
                                      .message = "BUG: \"x\"\n\ndata: forged"});
    log.on_event(machine::DeviceEvent{.device = "disk a",
                                      .problem = machine::DeviceEvent::Problem::kHostError,
                                      .detail = "no space"});
    log.on_event(machine::LinkEvent{.device = "net tap0", .is_up = false});
    log.on_event(machine::BalloonEvent{.target_bytes = 8 << 20, .actual_bytes = (2 << 20) + 4096});
    log.ended(kReset);
    const std::string time = R"({"time": "2023-11-14T22:13:20.123Z", )";
    CHECK(log.after(0, 65536).text ==
          "id: 1\nevent: state\ndata: " + time + R"("state": "Running"})" + "\n\n" +
              "id: 2\nevent: kernel\ndata: " + time +
              R"("trouble": "oops", "message": "BUG: \"x\"\u000a\u000adata: forged"})" + "\n\n" +
              "id: 3\nevent: device\ndata: " + time +
              R"("device": "disk a", "problem": "host-error", "detail": "no space"})" + "\n\n" +
              "id: 4\nevent: link\ndata: " + time + R"("device": "net tap0", "link": "down"})" +
              "\n\n" + "id: 5\nevent: balloon\ndata: " + time +
              R"("target_mib": 8, "actual_mib": 2, "actual_bytes": 2101248})" + "\n\n" +
              "id: 6\nevent: ended\ndata: " + time +
              R"("kind": "reset", "status": 3, "value": 3, "detail": ""})" + "\n\n");
}

TEST_CASE("A reader goes on after the last event that he had, in portions") {
    EventLog log(noon);
    for (int i = 0; i < 10; ++i) {
        log.state("Running");
    }
    EventLog::Events events = log.after(7, 65536);
    CHECK(count(events.text, "event: state") == 3);
    CHECK(events.last == 10);
    CHECK_FALSE(events.are_all);
    CHECK(log.after(10, 65536).text.empty());
    // One fits in any case.
    events = log.after(7, 1);
    CHECK(events.last == 8);
    CHECK(count(events.text, "id: ") == 1);
    // The number of another process's log.
    CHECK(log.after(4711, 65536).text == log.after(0, 65536).text);
}

TEST_CASE("Events that are not kept any more are counted") {
    EventLog log(noon);
    for (std::size_t i = 0; i < EventLog::kMaxEvents + 5; ++i) {
        log.state("Running");
    }
    const EventLog::Events all = log.after(0, EventLog::kMaxBytes);
    CHECK_THAT(all.text, Catch::StartsWith("event: lost\ndata: {\"count\": 5}\n\nid: 6\n"));
    CHECK(count(all.text, "event: state") == EventLog::kMaxEvents);
    CHECK_THAT(log.after(5, 65536).text, Catch::StartsWith("id: 6\n"));
    CHECK_THAT(log.after(3, 1).text, Catch::StartsWith("event: lost\ndata: {\"count\": 2}\n\n"));
}

TEST_CASE("The log of a guest that provokes long events stays within its bytes") {
    EventLog log(noon);
    for (int i = 0; i < 100; ++i) {
        log.on_event(machine::KernelEvent{.trouble = machine::KernelTrouble::kPanic,
                                          .message = std::string(4000, '\x01')});
    }
    CHECK(log.after(0, 1 << 20).text.size() <= EventLog::kMaxBytes + 100);
    CHECK_THAT(log.after(0, 1 << 20).text, Catch::StartsWith("event: lost\n"));
    CHECK(log.after(0, 1 << 20).last == 100);
}

TEST_CASE("Nothing comes after the end, and readers know that they have all") {
    EventLog log(noon);
    int told = 0;
    log.set_listener([&told] { ++told; });
    log.state("Running");
    log.ended(kReset);
    log.ended(kReset);
    log.state("Paused");
    CHECK(told == 2);
    CHECK_FALSE(log.after(0, 1).are_all);
    CHECK(log.after(1, 1).are_all);
    CHECK(log.after(2, 1).are_all);
    CHECK(log.after(0, 65536).last == 2);
}

}  // namespace
}  // namespace skiff::api
