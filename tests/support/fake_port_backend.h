// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "virtio/console/port_backend.h"

namespace skiff::test {

/// A port's other end in the hands of a test.
class FakePortBackend final : public virtio::console::PortBackend {
  public:
    /// What the test sees and sets; outlives the backend.
    struct Control {
        std::string output;
        std::size_t output_room = SIZE_MAX;  ///< Bytes that it takes, then it is busy.
        bool is_connected = true;
        bool has_window = false;
        std::optional<virtio::console::PortWindow> window;
        std::string emergency;
        unsigned input_wanted = 0;
        virtio::console::PortEvents* events = nullptr;

        /// How much of it is taken.
        std::size_t input(std::string_view text) const {
            const std::size_t room = events->input_room();
            return events->input(
                {reinterpret_cast<const std::uint8_t*>(text.data()), std::min(room, text.size())});
        }
        void make_room(std::size_t bytes) {
            output_room = bytes;
            events->output_room();
        }
        void connect(bool connected) {
            is_connected = connected;
            events->connection_changed();
        }
        void resize(std::uint16_t columns, std::uint16_t rows) {
            window = {.columns = columns, .rows = rows};
            events->window_changed();
        }
    };

    explicit FakePortBackend(Control& control) : control_(control) {}

    void attach(virtio::console::PortEvents& events) override { control_.events = &events; }
    std::size_t write(std::span<const std::uint8_t> bytes) override {
        const std::size_t taken = std::min(bytes.size(), control_.output_room);
        control_.output.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        if (control_.output_room != SIZE_MAX) {
            control_.output_room -= taken;
        }
        return taken;
    }
    void input_wanted() override { ++control_.input_wanted; }
    bool connected() const override { return control_.is_connected; }
    bool has_window() const override { return control_.has_window; }
    std::optional<virtio::console::PortWindow> window() const override { return control_.window; }
    void emergency_write(std::uint8_t byte) override {
        control_.emergency += static_cast<char>(byte);
    }
    bool deliver_until(std::chrono::steady_clock::time_point) override {
        return control_.output_room != 0;
    }

  private:
    Control& control_;
};

}  // namespace skiff::test
