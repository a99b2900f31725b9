// SPDX-License-Identifier: Apache-2.0
#include "virtio/balloon/free_page_hints.h"

#include <optional>

namespace skiff::virtio::balloon {

Result<void> FreePageHints::start() {
    std::optional<Error> error;
    host_.change_config([&] {
        if (!accepted_) {
            error = Error::user("the guest has no balloon driver that gives free page hints");
        } else if (is_running()) {
            error = Error::user("the guest is telling its free pages already");
        } else {
            hinted_bytes_.store(0, std::memory_order_relaxed);
            command_id_.store(take_id(), std::memory_order_release);
        }
    });
    return error.has_value() ? Result<void>(*error) : Result<void>();
}

Result<void> FreePageHints::stop() {
    std::optional<Error> error;
    host_.change_config([&] {
        if (is_running()) {
            command_id_.store(VIRTIO_BALLOON_CMD_ID_DONE, std::memory_order_release);
        } else {
            error = Error::user("the guest is not telling its free pages");
        }
    });
    return error.has_value() ? Result<void>(*error) : Result<void>();
}

/// Never the one before: an id comes back after all others only, so that the driver has ended its
/// run long ago (5.5.6.5.2).
std::uint32_t FreePageHints::take_id() {
    const std::uint32_t id = next_id_++;
    if (!is_run(next_id_)) {
        next_id_ = kFirstRun;
    }
    return id;
}

void FreePageHints::finish(std::uint32_t command_id) {
    // The user may have ended the run meanwhile, or asked for the next one.
    if (this->command_id() != command_id) {
        return;
    }
    host_.change_config([&] {
        if (this->command_id() == command_id) {
            command_id_.store(VIRTIO_BALLOON_CMD_ID_DONE, std::memory_order_release);
        }
    });
}

void FreePageHints::reset() {
    accepted_ = false;
    command_id_.store(VIRTIO_BALLOON_CMD_ID_STOP, std::memory_order_release);
    hinted_bytes_.store(0, std::memory_order_relaxed);
    next_id_ = kFirstRun;
}

}  // namespace skiff::virtio::balloon
