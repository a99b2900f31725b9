// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace/tracer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/write_all.h"
#include "vmm/machine/device_report.h"
#include "vmm/machine/trace/chrome_trace.h"
#include "vmm/machine/trace/trace_table.h"

namespace skiff::machine {
namespace {

/// What all vCPUs together may keep: 8 MiB.
constexpr std::size_t kMaxEvents = 256 * 1024;

}  // namespace

Result<std::unique_ptr<Tracer>> Tracer::create(const TraceConfig& config, unsigned cpu_count) {
    std::unique_ptr<Tracer> tracer(new Tracer(config));
    if (config.path.has_value()) {
        tracer->file_.reset(
            ::open(config.path->c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (!tracer->file_.valid()) {
            return Error::host(errno, fmt::format("--trace: cannot write '{}'", *config.path));
        }
    }
    if (config.exits) {
        tracer->vcpus_.reserve(cpu_count);
        for (unsigned i = 0; i < cpu_count; ++i) {
            tracer->vcpus_.emplace_back(config.is_json() ? kMaxEvents / cpu_count : 0);
        }
    }
    return tracer;
}

Result<void> Tracer::start(EventLoop& loop, const VirtioDevices& devices) {
    start_ = ExitTrace::Clock::now();
    if (!config_.devices || !config_.is_json()) {
        return {};
    }
    devices_.emplace(loop, devices);
    return devices_->start();
}

ExitTrace* Tracer::exits_of(unsigned vcpu) {
    return vcpu < vcpus_.size() ? &vcpus_[vcpu] : nullptr;
}

Result<void> Tracer::finish(const MachineStatistics& statistics, const devices::Bus& ports,
                            const devices::Bus& mmio) {
    if (devices_.has_value()) {
        devices_->finish();
    }
    std::string text;
    if (config_.is_json()) {
        text =
            chrome_trace(vcpus_, devices_.has_value() ? &*devices_ : nullptr, ports, mmio, start_);
    } else {
        text = config_.exits ? exit_table(vcpus_, ports, mmio) : "";
        if (config_.devices) {
            for (const std::string& line : describe_devices(statistics)) {
                text += line + '\n';
            }
        }
    }
    const int failure = write_all(file_.valid() ? file_.get() : STDERR_FILENO, text);
    return failure == 0 ? Result<void>()
                        : Error::host(failure, "cannot write the trace to " +
                                                   config_.path.value_or("standard error"));
}

}  // namespace skiff::machine
