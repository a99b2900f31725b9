// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace/chrome_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json_writer.h"
#include "vmm/machine/trace/trace_table.h"

namespace skiff::machine {
namespace {

using Clock = ExitTrace::Clock;
using Kind = ExitTrace::Kind;

/// The format counts in microseconds.
double since(Clock::time_point start, Clock::time_point time) {
    return std::chrono::duration<double, std::micro>(time - start).count();
}

class Writer {
  public:
    explicit Writer(Clock::time_point start) : start_(start) {
        text_ = "{\"traceEvents\":[";
        add(R"({"ph":"M","pid":1,"name":"process_name","args":{"name":"skiff"}})");
    }

    void name_thread(std::size_t thread, std::string_view name) {
        add(fmt::format(
            R"({{"ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":{}}}}})", thread,
            json_quoted(name)));
    }

    void exit(std::size_t thread, const ExitTrace::Event& event, const devices::Bus& bus) {
        const std::string place =
            has_address(event.kind) ? place_on_bus(bus, event.address) : std::string();
        const std::string name = has_address(event.kind)
                                     ? fmt::format("{} {:#x}", exit_name(event.kind), event.address)
                                     : std::string(exit_name(event.kind));
        add(fmt::format(
            R"({{"ph":"X","pid":1,"tid":{},"ts":{:.3f},"dur":{:.3f},"name":"{}","cat":"exit","args":{{"bytes":{},"device":{}}}}})",
            thread, since(start_, event.start), event.nanoseconds / 1000.0, name, event.bytes,
            json_quoted(place)));
    }

    void sample(std::string_view queue, const DeviceTrace::Sample& sample) {
        add(fmt::format(
            R"({{"ph":"C","pid":1,"ts":{:.3f},"name":{},"cat":"device","args":{{"chains":{},"notifications":{},"interrupts":{}}}}})",
            since(start_, sample.time), json_quoted(queue), sample.counters.chains,
            sample.counters.notifications, sample.counters.interrupts));
    }

    std::string finish(std::uint64_t dropped_exits, std::uint64_t dropped_samples) {
        text_ += fmt::format(
            "],\"displayTimeUnit\":\"ns\",\"otherData\":{{\"dropped_exits\":\"{}\","
            "\"dropped_samples\":\"{}\"}}}}\n",
            dropped_exits, dropped_samples);
        return std::move(text_);
    }

  private:
    void add(std::string_view event) {
        text_ += is_first_ ? "\n" : ",\n";
        text_ += event;
        is_first_ = false;
    }

    Clock::time_point start_;
    std::string text_;
    bool is_first_ = true;
};

bool is_port(Kind kind) {
    return kind == Kind::kPortRead || kind == Kind::kPortWrite;
}

}  // namespace

std::string chrome_trace(std::span<const ExitTrace> vcpus, const DeviceTrace* devices,
                         const devices::Bus& ports, const devices::Bus& mmio,
                         Clock::time_point start) {
    Writer writer(start);
    std::uint64_t dropped_exits = 0;
    for (std::size_t i = 0; i < vcpus.size(); ++i) {
        writer.name_thread(i, fmt::format("vcpu {}", i));
        for (const ExitTrace::Event& event : vcpus[i].events()) {
            writer.exit(i, event, is_port(event.kind) ? ports : mmio);
        }
        dropped_exits += vcpus[i].dropped_events();
    }
    if (devices == nullptr) {
        return writer.finish(dropped_exits, 0);
    }
    for (const DeviceTrace::Sample& sample : devices->samples()) {
        writer.sample(devices->queue_names()[sample.queue], sample);
    }
    return writer.finish(dropped_exits, devices->dropped_samples());
}

}  // namespace skiff::machine
