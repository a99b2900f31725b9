// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "virtio/net/net_options.h"

namespace skiff::virtio::net {

/// What passt(1) is told, its name included. It gets its socket as descriptor `socket`.
std::vector<std::string> passt_arguments(const NetOptions& options, int socket);

/// One run of passt, from its start to its end, and our end of its socket.
class PasstProcess {
  public:
    /// Starts it. `mac`: the guest's. The error says what to install where there is no passt.
    static Result<PasstProcess> start(const NetOptions& options, const MacAddress& mac);

    /// Waits until it serves. The error has its own words where it ended before.
    Result<void> wait_until_ready(std::chrono::milliseconds limit);

    /// Whether it has begun to read from its socket, for which it must have done all that can fail:
    /// found an address for the guest and bound the ports.
    bool is_ready() const;
    int socket() const { return socket_.get(); }
    int exit_fd() const { return child_.exit_fd(); }
    int output_fd() const { return child_.output_fd(); }

    /// Takes what it wrote: all lines are debug messages, the last one is kept.
    void read_output();
    /// Once it has ended: how, and its last words.
    std::optional<std::string> take_end();

  private:
    PasstProcess(ChildProcess child, UniqueFd socket)
        : child_(std::move(child)), socket_(std::move(socket)) {}
    void take_line(std::string_view line);

    ChildProcess child_;
    UniqueFd socket_;
    std::string unfinished_line_;
    std::string last_line_;
};

}  // namespace skiff::virtio::net
