// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace skiff::devices {

/// A terminal window, in characters.
struct WindowSize {
    std::uint16_t columns = 0;
    std::uint16_t rows = 0;
    bool operator==(const WindowSize&) const = default;
};

/// What the terminal says that its window is; nothing where `fd` is none, or it does not say.
std::optional<WindowSize> window_size(int fd);

}  // namespace skiff::devices
