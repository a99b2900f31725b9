// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/dump/crash_dump.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/units.h"

namespace skiff::machine {
namespace {

/// Guest memory holds secrets of the guest: for the user alone.
constexpr mode_t kMode = 0600;

Result<std::string> write_into(int fd, const std::string& path, const GuestMemory& memory,
                               const std::vector<kvm::Vcpu>& vcpus) {
    if (::ftruncate(fd, 0) != 0) {
        return Error::host(errno, fmt::format("cannot write the core '{}'", path));
    }
    SKIFF_ASSIGN_OR_RETURN(const CoreSummary summary, write_core(fd, path, memory, vcpus));
    std::string text =
        fmt::format("wrote a core of the guest to {}: {} of memory, {} of it not zero; {}", path,
                    format_size(summary.memory_bytes), format_size(summary.written_bytes),
                    summary.has_vmcoreinfo ? "with VMCOREINFO" : "no VMCOREINFO found");
    if (summary.lost_bytes != 0) {
        text += fmt::format("; {} could not be read", format_size(summary.lost_bytes));
    }
    return text;
}

Error cannot_open(const std::string& path) {
    return Error::host(errno, fmt::format("cannot write the core '{}'", path));
}

}  // namespace

Result<std::unique_ptr<CrashDump>> CrashDump::create(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
    const bool is_new = fd.valid();
    if (!is_new && errno == EEXIST) {
        fd.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    }
    if (!fd.valid()) {
        return cannot_open(path).with_context("--dump-on-crash");
    }
    return std::unique_ptr<CrashDump>(new CrashDump(path, std::move(fd), is_new));
}

CrashDump::~CrashDump() {
    if (is_new_) {
        ::unlink(path_.c_str());
    }
}

Result<void> CrashDump::write(const GuestMemory& memory, const std::vector<kvm::Vcpu>& vcpus) {
    is_new_ = false;
    SKIFF_ASSIGN_OR_RETURN(const std::string text, write_into(fd_.get(), path_, memory, vcpus));
    log::info("{}", text);
    return {};
}

Result<std::string> write_core_file(const std::string& path, const GuestMemory& memory,
                                    const std::vector<kvm::Vcpu>& vcpus) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kMode));
    if (!fd.valid()) {
        return cannot_open(path);
    }
    return write_into(fd.get(), path, memory, vcpus);
}

}  // namespace skiff::machine
