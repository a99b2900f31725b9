// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_clients.h"

#include <utility>

namespace skiff::devices {

HostClients::HostClients(EventLoop& loop, HostSideEvents& events) : loop_(loop), events_(events) {}

std::size_t HostClients::write(std::span<const std::uint8_t> bytes) {
    const std::lock_guard lock(mutex_);
    return client_ ? client_->write(bytes) : 0;
}

void HostClients::watch_output() {
    if (client_) {
        client_->watch_output();
    }
}

void HostClients::watch_input() {
    if (client_) {
        client_->watch_input();
    }
}

void HostClients::on_wake() {
    if (client_) {
        client_->report_output_error();
    }
}

bool HostClients::wait_for_output(int timeout_ms) {
    return !client_ || client_->wait_for_output(timeout_ms);
}

void HostClients::attach(UniqueFd input, UniqueFd output) {
    // The end of a client's input alone is not the end of its reading (it may shut down one
    // direction). And one that left has still sent what we did not read yet.
    HostStream::Options options;
    options.input_ended = [this](HostStream::End) {
        if (client_->output_gone()) {
            detach();
        }
    };
    options.output_ended = [this](HostStream::End, int) {
        events_.attached(false);
        if (client_->input_over()) {
            detach();
        }
    };
    options.after_end = HostStream::AfterEnd::kKeep;
    auto client =
        std::make_unique<HostStream>(loop_, events_, HostDescriptor::own(std::move(input)),
                                     HostDescriptor::own(std::move(output)), std::move(options));
    {
        const std::lock_guard lock(mutex_);
        client_ = std::move(client);
    }
    events_.attached(true);
    if (events_.drain_output()) {
        client_->watch_output();
    }
    client_->watch_input();
}

void HostClients::detach() {
    std::unique_ptr<HostStream> gone;
    {
        const std::lock_guard lock(mutex_);
        gone = std::move(client_);
    }
    if (!gone) {
        return;
    }
    gone.reset();
    events_.attached(false);
    on_detached();
}

}  // namespace skiff::devices
