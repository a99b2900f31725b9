// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_backend.h"

namespace skiff::machine {

void ConsoleBackend::attach(virtio::console::PortEvents& events) {
    events_ = &events;
    if (input_ == Input::kThis) {
        host_.set_input(*this);
    }
    host_.output().set_on_room([&events] { events.output_room(); });
    host_.on_window_changed([&events] { events.window_changed(); });
}

void ConsoleBackend::take_input() {
    host_.set_input(*this);
    host_.input_wanted();
}

std::optional<virtio::console::PortWindow> ConsoleBackend::window() const {
    const auto size = host_.window();
    if (!size.has_value()) {
        return std::nullopt;
    }
    return virtio::console::PortWindow{.columns = size->columns, .rows = size->rows};
}

}  // namespace skiff::machine
