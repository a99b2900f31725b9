// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

/// Machines that a debugger finds by their name: `skiff run --name NAME --gdb auto`, `skiff gdb
/// NAME`.
namespace skiff::cli {

/// Where a machine of this name is debugged.
struct DebugPlace {
    std::string socket;  ///< What --gdb listens on.
    std::string kernel;  ///< A link to the kernel.
};

/// In a folder of this user alone: $XDG_RUNTIME_DIR/skiff, or /tmp/skiff-UID without the former. A
/// user error where `name` cannot be a file's name.
Result<DebugPlace> debug_place(const std::string& name);

/// Makes the folder of `place`. What is there already and not this user's alone is an error: who
/// can connect owns the guest.
Result<void> make_private_folder(const DebugPlace& place);

/// A link to a machine's kernel for as long as the object lives.
class KernelLink {
  public:
    static Result<std::unique_ptr<KernelLink>> create(const std::string& link,
                                                      const std::string& kernel_path);
    KernelLink(const KernelLink&) = delete;
    KernelLink& operator=(const KernelLink&) = delete;
    ~KernelLink();

  private:
    explicit KernelLink(std::string link) : link_(std::move(link)) {}
    std::string link_;
};

}  // namespace skiff::cli
