// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "vmm/machine/dump/core_file.h"

namespace skiff::machine {

/// The file of --dump-on-crash: made before the guest runs, so that a path that cannot be written
/// is known then; filled when the guest dies; gone again when it does not.
class CrashDump {
  public:
    static Result<std::unique_ptr<CrashDump>> create(const std::string& path);
    CrashDump(const CrashDump&) = delete;
    CrashDump& operator=(const CrashDump&) = delete;
    ~CrashDump();

    /// Writes the core, over what was in the file, and says so in the log.
    Result<void> write(const GuestMemory& memory, const std::vector<kvm::Vcpu>& vcpus);

  private:
    CrashDump(std::string path, UniqueFd fd, bool is_new)
        : path_(std::move(path)), fd_(std::move(fd)), is_new_(is_new) {}

    std::string path_;
    UniqueFd fd_;
    bool is_new_;  ///< It was not there before, and nothing has been written to it.
};

/// Writes a core into a new file, or over an old one; one line on what was written.
Result<std::string> write_core_file(const std::string& path, const GuestMemory& memory,
                                    const std::vector<kvm::Vcpu>& vcpus);

}  // namespace skiff::machine
