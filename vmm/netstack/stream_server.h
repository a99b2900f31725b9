// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace skiff::netstack {

/// What serves one connection, byte by byte.
class StreamHandler {
  public:
    virtual ~StreamHandler() = default;

    struct Step {
        /// Of the bytes that it was given; the others come again, with more behind them.
        std::size_t used = 0;
        /// To be sent. Nothing further is given to the handler before all of it has arrived.
        std::string answer;
        /// The connection ends after that.
        bool is_last = false;
    };
    /// Goes on with `bytes`, the client's, which are not empty. A handler that uses none of them
    /// waits for more; a client that has sent as much as a connection buffers is cut off then.
    virtual Step put(std::string_view bytes) = 0;
};

/// Makes a handler for each connection.
class StreamServer {
  public:
    virtual ~StreamServer() = default;
    virtual std::unique_ptr<StreamHandler> accept() = 0;
};

}  // namespace skiff::netstack
