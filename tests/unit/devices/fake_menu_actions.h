// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/units.h"
#include "devices/console_menu/menu_actions.h"

namespace skiff::devices::test {

/// Notes what the menu asks for.
class FakeMenuActions final : public MenuActions {
  public:
    void quit() override {
        quits.fetch_add(1);
        if (on_quit) {
            on_quit();
        }
    }
    void press_power_button() override { asked += "power "; }
    Result<void> set_balloon_size(std::uint64_t size_bytes) override {
        asked += "balloon=" + format_size(size_bytes) + " ";
        return size_bytes <= most_bytes ? Result<void>() : Error::user("too large");
    }
    Result<void> start_free_page_hints() override {
        asked += "hints ";
        return {};
    }
    Result<void> stop_free_page_hints() override {
        asked += "stop-hints ";
        return {};
    }
    std::string describe() override { return "all is well\n"; }

    std::atomic<int> quits{0};
    std::function<void()> on_quit;
    std::uint64_t most_bytes = kGiB;
    std::string asked;
};

}  // namespace skiff::devices::test
