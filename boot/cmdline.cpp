// SPDX-License-Identifier: Apache-2.0
#include "boot/cmdline.h"

#include <fmt/format.h>

#include <span>

#include "base/check.h"

namespace skiff::boot {

Result<void> check_cmdline(const std::string& cmdline, std::uint64_t limit) {
    if (cmdline.find('\0') != std::string::npos) {
        return Error::user("the kernel command line has a NUL byte in it");
    }
    if (cmdline.size() > limit) {
        return Error::user(
            fmt::format("the kernel command line is {} bytes long; this kernel "
                        "takes at most {}: shorten it",
                        cmdline.size(), limit));
    }
    return {};
}

void write_cmdline(GuestMemory& memory, GuestAddress address, const std::string& cmdline) {
    // c_str() is followed by a NUL.
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(cmdline.c_str());
    SKIFF_CHECK(memory.write(address, std::span(bytes, cmdline.size() + 1)));
}

}  // namespace skiff::boot
