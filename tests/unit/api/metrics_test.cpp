// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/support/temporary_folder.h"
#include "vmm/api/reports/metrics_file.h"
#include "vmm/api/reports/metrics_line.h"
#include "vmm/api/reports/prometheus_text.h"
#include "vmm/api/reports/request_counters.h"
#include "vmm/api/resources/parse_resources.h"
#include "vmm/api/text/json_value.h"

namespace skiff::api {
namespace {

using virtio::DeviceType;

/// A machine in which every number is another one.
Statistics everything() {
    Statistics statistics;
    statistics.id = "vm-1";
    statistics.state = "Running";
    statistics.drive_ids = {"root", "da\"ta"};
    statistics.net_ids = {"eth0"};
    machine::MachineStatistics machine;
    machine.uptime = std::chrono::microseconds(12'000'345);
    machine::ExitCounts exits{};
    for (std::size_t kind = 0; kind < exits.size(); ++kind) {
        exits.at(kind) = 10 + kind;
    }
    machine.exits = {exits, exits};
    machine.devices = {
        {"a", DeviceType::kBlock, 0, {{.chains = 30, .kicks = 31, .interrupts = 32, .errors = 33}}},
        {"b", DeviceType::kBlock, 1, {{.chains = 40, .kicks = 41, .interrupts = 42, .errors = 43}}},
        {"c",
         DeviceType::kNetwork,
         0,
         {{.chains = 50, .kicks = 51}, {.chains = 60, .kicks = 61}, {.chains = 70, .kicks = 71}}},
        {"d", DeviceType::kEntropy, 0, {{.chains = 80, .kicks = 81}}}};
    machine.disks = {{.path = "/a",
                      .reads = 1,
                      .read_bytes = 2,
                      .writes = 3,
                      .written_bytes = 4,
                      .flushes = 5,
                      .range_changes = 6,
                      .errors = 7},
                     {.path = "/b", .reads = 100}};
    machine.nets = {{.name = "tap0",
                     .received = {.frames = 200, .bytes = 201, .dropped = 202},
                     .sent = {.frames = 203, .bytes = 204, .dropped = 205}}};
    machine.serial = {.bytes_out = 300, .bytes_in = 301};
    statistics.machine = machine;
    statistics.lost_log_lines = 400;
    return statistics;
}

std::uint64_t value_of(const std::vector<Metric>& metrics, std::string_view group,
                       std::string_view key) {
    const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const Metric& metric) {
        return metric.group == group && metric.key == key;
    });
    INFO(group << "." << key);
    REQUIRE(found != metrics.end());
    return found->value;
}

std::uint64_t value_in(const std::string& line, std::string_view group, std::string_view key) {
    const auto json = parse_json(line);
    INFO(line);
    REQUIRE(json.ok());
    for (const auto& [name, content] : *json->object()) {
        if (name == group && content.object() != nullptr) {
            for (const auto& [inner, value] : *content.object()) {
                if (inner == key) {
                    return *value.number();
                }
            }
        }
    }
    FAIL("not there");
    return 0;
}

TEST_CASE("Metrics have the numbers of what their names say") {
    const std::vector<Metric> metrics = metrics_of(everything());
    CHECK(value_of(metrics, "vcpu", "exit_io_in") == 2 * 10);
    CHECK(value_of(metrics, "vcpu", "exit_io_out") == 2 * 11);
    CHECK(value_of(metrics, "vcpu", "exit_mmio_read") == 2 * 12);
    CHECK(value_of(metrics, "vcpu", "exit_mmio_write") == 2 * 13);
    CHECK(value_of(metrics, "vcpu", "failures") == 2 * (18 + 19 + 21));
    CHECK(value_of(metrics, "block", "read_count") == 101);
    CHECK(value_of(metrics, "block", "queue_event_count") == 31 + 41);
    CHECK(value_of(metrics, "block_root", "read_count") == 1);
    CHECK(value_of(metrics, "block_root", "read_bytes") == 2);
    CHECK(value_of(metrics, "block_root", "write_count") == 3);
    CHECK(value_of(metrics, "block_root", "write_bytes") == 4);
    CHECK(value_of(metrics, "block_root", "flush_count") == 5);
    CHECK(value_of(metrics, "block_root", "execute_fails") == 7);
    CHECK(value_of(metrics, "block_root", "queue_event_count") == 31);
    CHECK(value_of(metrics, "net_eth0", "rx_packets_count") == 200);
    CHECK(value_of(metrics, "net_eth0", "rx_bytes_count") == 201);
    CHECK(value_of(metrics, "net", "rx_fails") == 202);
    CHECK(value_of(metrics, "net", "tx_packets_count") == 203);
    CHECK(value_of(metrics, "net", "tx_bytes_count") == 204);
    CHECK(value_of(metrics, "net", "tx_fails") == 205);
    CHECK(value_of(metrics, "net", "tx_queue_event_count") == 61);
    CHECK(value_of(metrics, "entropy", "entropy_event_count") == 80);
    CHECK(value_of(metrics, "uart", "write_count") == 300);
    CHECK(value_of(metrics, "uart", "read_count") == 301);
    CHECK(value_of(metrics, "logger", "missed_log_count") == 400);
    CHECK(value_of(metrics, "balloon", "inflate_count") == 0);
}

TEST_CASE("A metrics line has what was added since the last, and is one line") {
    Statistics statistics = everything();
    statistics.pause_time = std::chrono::microseconds(9);
    const std::vector<Metric> first = metrics_of(statistics);
    statistics.machine->disks[0].reads += 5;
    const std::vector<Metric> second = metrics_of(statistics);
    const Metrics plain{.metrics_path = "m", .emit_id = false, .properties = {}};
    const std::string begin = metrics_line(plain, "vm-1", 1234, first, {});
    CHECK(begin.rfind("{\"utc_timestamp_ms\": 1234", 0) == 0);
    CHECK(std::count(begin.begin(), begin.end(), '\n') == 1);
    CHECK(value_in(begin, "block_root", "read_count") == 1);
    const std::string later = metrics_line(plain, "vm-1", 1234, second, first);
    CHECK(value_in(later, "block_root", "read_count") == 5);
    CHECK(value_in(later, "block", "read_count") == 5);
    CHECK(value_in(later, "vcpu", "exit_io_in") == 0);
    CHECK(value_in(later, "latencies_us", "vmm_pause_vm") == 9);  // no counter
    CHECK(later.find("\"id\"") == std::string::npos);
    const Metrics more{
        .metrics_path = "m", .emit_id = true, .properties = {{{"a", "\"b\""}, {"c", "d"}}}};
    const std::string named = metrics_line(more, "vm-1", 1, second, first);
    CHECK(named.find(R"("id": "vm-1", "properties": {"a": "\"b\"", "c": "d"}, )") !=
          std::string::npos);
    CHECK(parse_json(named).ok());
}

TEST_CASE("What a lost metrics line would have had, the next one has") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    auto file = MetricsFile::open({.metrics_path = path, .emit_id = false, .properties = {}});
    REQUIRE(file.ok());
    const auto read_all = [&] {
        std::string text;
        std::array<char, 4096> buffer{};
        ssize_t count = 0;
        while ((count = ::read(reader.get(), buffer.data(), buffer.size())) > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        return text;
    };
    Statistics statistics = everything();
    std::uint64_t written = 0;
    Result<void> result;
    while ((result = (*file)->write(statistics)).ok()) {
        ++written;
        ++statistics.machine->disks[0].reads;
    }
    CHECK(result.error().message().find("'" + path + "' is not read") != std::string::npos);
    statistics.machine->disks[0].reads += 10;
    CHECK_FALSE((*file)->write(statistics).ok());
    CHECK((*file)->lost_lines() == 2);
    read_all();
    REQUIRE((*file)->write(statistics).ok());
    std::string line = read_all();
    line.erase(0, line.find('{'));
    CHECK(value_in(line, "block_root", "read_count") == 11);
}

TEST_CASE("Metrics are configured by a path, and a map of words") {
    const auto parse = [](std::string_view text) { return parse_metrics(*parse_json(text)); };
    const auto metrics =
        parse(R"({"metrics_path": "m", "emit_id": true, "properties": {"b": "1", "a": "2"}})");
    REQUIRE(metrics.ok());
    CHECK(metrics->metrics_path == "m");
    CHECK(metrics->emit_id);
    CHECK(metrics->properties == std::map<std::string, std::string>{{"a", "2"}, {"b", "1"}});
    CHECK(parse("{}").error().field() == "metrics_path");
    CHECK(parse(R"({"metrics_path": "m", "properties": {"a": 1}})").error().field() ==
          "properties.a");
    CHECK(parse(R"({"metrics_path": "m", "properties": 1})").error().field() == "properties");
}

TEST_CASE("Requests are counted by verb, and by Firecracker's names of what they are about") {
    RequestCounters counters;
    counters.count("GET", "/", 200);
    counters.count("PUT", "/drives/x", 204);
    counters.count("PUT", "/drives/x", 400);
    counters.count("PUT", "/mmds", 204);
    counters.count("PUT", "/mmds/config", 204);
    counters.count("GET", "/no/such", 404);
    counters.count("BREW", "/", 405);
    const RequestCounts counts = counters.counts();
    const auto of = [](const std::vector<RequestCount>& list, std::string_view group,
                       std::string_view name) {
        const auto found = std::find_if(list.begin(), list.end(), [&](const RequestCount& count) {
            return count.group == group && count.name == name;
        });
        REQUIRE(found != list.end());
        return std::pair(found->count, found->fails);
    };
    CHECK(of(counts.by_resource, "get_api_requests", "instance_info") == std::pair(1UL, 0UL));
    CHECK(of(counts.by_resource, "put_api_requests", "drive") == std::pair(2UL, 1UL));
    CHECK(of(counts.by_resource, "put_api_requests", "mmds") == std::pair(2UL, 0UL));
    CHECK(of(counts.by_verb, "GET", "") == std::pair(2UL, 1UL));
    CHECK(of(counts.by_verb, "PUT", "") == std::pair(4UL, 1UL));
    CHECK(of(counts.by_verb, "other", "") == std::pair(1UL, 1UL));
    std::set<std::pair<std::string_view, std::string_view>> names;
    for (const RequestCount& count : counts.by_resource) {
        CHECK(names.emplace(count.group, count.name).second);
    }
}

TEST_CASE("Prometheus' text has each name once, with help, type and then its samples") {
    const std::string text = prometheus_text(everything());
    INFO(text);
    CHECK(text.find("# HELP skiff_block_reads_total Reads of a disk.\n"
                    "# TYPE skiff_block_reads_total counter\n"
                    "skiff_block_reads_total{drive=\"root\"} 1\n"
                    "skiff_block_reads_total{drive=\"da\\\"ta\"} 100\n# HELP ") !=
          std::string::npos);
    CHECK(text.find("\nskiff_vcpu_exits_total{vcpu=\"1\",reason=\"mmio_read\"} 12\n") !=
          std::string::npos);
    CHECK(text.find("\nskiff_virtio_queue_kicks_total{device=\"block\",id=\"root\",queue=\"0\"} 31"
                    "\n") != std::string::npos);
    CHECK(text.find("\nskiff_net_bytes_total{interface=\"eth0\",direction=\"sent\"} 204\n") !=
          std::string::npos);
    CHECK(text.find("\nskiff_uptime_seconds 12.000345\n") != std::string::npos);
    CHECK(text.find("\nskiff_state{state=\"Running\"} 1\n") != std::string::npos);
    CHECK(text.find("balloon") == std::string::npos);
}

}  // namespace
}  // namespace skiff::api
