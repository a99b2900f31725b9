// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "devices/console_menu/menu_actions.h"
#include "vmm/machine/machine_control.h"

namespace skiff::machine {

/// The commands of the console's menu, done by MachineControl.
class ConsoleActions final : public devices::MenuActions {
  public:
    explicit ConsoleActions(const MachineControl::Parts& parts)
        : parts_(parts), control_(parts), begin_(std::chrono::steady_clock::now()) {}

    void quit() override { control_.quit(); }
    void press_power_button() override { control_.press_power_button(); }
    Result<void> set_balloon_size(std::uint64_t size_bytes) override {
        return control_.set_balloon_size(size_bytes);
    }
    Result<void> start_free_page_hints() override { return control_.start_free_page_hints(); }
    Result<void> stop_free_page_hints() override { return control_.stop_free_page_hints(); }
    std::string describe() override;

  private:
    const MachineControl::Parts parts_;
    MachineControl control_;
    const std::chrono::steady_clock::time_point begin_;
};

}  // namespace skiff::machine
