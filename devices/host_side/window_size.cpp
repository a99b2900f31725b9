// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/window_size.h"

#include <sys/ioctl.h>

namespace skiff::devices {

std::optional<WindowSize> window_size(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        return std::nullopt;
    }
    return WindowSize{.columns = size.ws_col, .rows = size.ws_row};
}

}  // namespace skiff::devices
