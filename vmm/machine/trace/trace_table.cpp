// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace/trace_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace skiff::machine {
namespace {

using Row = ExitTrace::Row;
using Kind = ExitTrace::Kind;

/// More would scroll away what matters.
constexpr std::size_t kMaxLines = 40;

double microseconds(ExitTrace::Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
}

double milliseconds(ExitTrace::Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

/// The rows of all vCPUs, each place once, by falling time.
std::vector<Row> merged(std::span<const ExitTrace> vcpus) {
    std::map<std::tuple<Kind, bool, std::uint64_t>, Row> by_place;
    for (const ExitTrace& vcpu : vcpus) {
        for (const Row& row : vcpu.rows()) {
            Row& sum = by_place[{row.kind, row.is_rest, row.address}];
            const ExitTrace::Totals so_far = sum.totals;
            sum = row;
            sum.totals.count += so_far.count;
            sum.totals.bytes += so_far.bytes;
            sum.totals.time += so_far.time;
            sum.totals.longest = std::max(sum.totals.longest, so_far.longest);
        }
    }
    std::vector<Row> rows;
    rows.reserve(by_place.size());
    for (const auto& [place, row] : by_place) {
        rows.push_back(row);
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.totals.time > b.totals.time; });
    return rows;
}

std::string where(const Row& row, const devices::Bus& ports, const devices::Bus& mmio) {
    if (!has_address(row.kind)) {
        return exit_name(row.kind);
    }
    if (row.is_rest) {
        return fmt::format("{} elsewhere", exit_name(row.kind));
    }
    const bool is_port = row.kind == Kind::kPortRead || row.kind == Kind::kPortWrite;
    const std::string place = place_on_bus(is_port ? ports : mmio, row.address);
    return fmt::format("{} {:#x} {}", exit_name(row.kind), row.address,
                       place.empty() ? "(nobody)" : place);
}

}  // namespace

std::string place_on_bus(const devices::Bus& bus, std::uint64_t address) {
    for (const devices::Bus::Entry& entry : bus.entries()) {
        if (entry.range.contains(GuestAddress(address), 1)) {
            return fmt::format("{} +{:#x}", entry.name, address - entry.range.start.value());
        }
    }
    return {};
}

std::string exit_table(std::span<const ExitTrace> vcpus, const devices::Bus& ports,
                       const devices::Bus& mmio) {
    const std::vector<Row> rows = merged(vcpus);
    const std::size_t shown = std::min(rows.size(), kMaxLines);
    std::size_t width = 4;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < shown; ++i) {
        names.push_back(where(rows[i], ports, mmio));
        width = std::max(width, names.back().size());
    }
    std::string text = fmt::format("{:<{}} {:>10} {:>10} {:>10} {:>10} {:>12}\n", "exit", width,
                                   "count", "ms", "mean us", "longest us", "bytes");
    for (std::size_t i = 0; i < shown; ++i) {
        const ExitTrace::Totals& totals = rows[i].totals;
        text += fmt::format("{:<{}} {:>10} {:>10.2f} {:>10.2f} {:>10.2f} {:>12}\n", names[i], width,
                            totals.count, milliseconds(totals.time),
                            microseconds(totals.time) / static_cast<double>(totals.count),
                            microseconds(totals.longest), totals.bytes);
    }
    if (rows.size() > shown) {
        text += fmt::format("and {} more places\n", rows.size() - shown);
    }
    for (std::size_t i = 0; i < vcpus.size(); ++i) {
        text += fmt::format(
            "vCPU {}: {} exits; {:.2f} ms in the guest and KVM, {:.2f} ms handled "
            "here\n",
            i, vcpus[i].count(), milliseconds(vcpus[i].time_inside()),
            milliseconds(vcpus[i].time_outside()));
    }
    return text;
}

}  // namespace skiff::machine
