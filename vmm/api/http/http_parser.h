// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "vmm/api/http/http_message.h"

namespace skiff::api {

/// Takes one HTTP/1.x request out of a stream of bytes (RFC 9112); all of them are the client's.
/// Memory is bounded by the limits. The parser itself is Boost.Beast's, which only
/// http_parser.cpp knows.
class HttpParser {
  public:
    struct Limits {
        std::size_t header_bytes = 8 * 1024;  ///< The request line and all headers.
        std::size_t body_bytes = 51'200;
    };

    explicit HttpParser(const Limits& limits);
    ~HttpParser();
    HttpParser(const HttpParser&) = delete;
    HttpParser& operator=(const HttpParser&) = delete;

    enum class State {
        kNeedsMore,
        kComplete,  ///< take() has the request.
        kFailed,    ///< fault() says what to answer; the connection is of no further use.
    };
    /// Goes on with `bytes`: those of the stream that were not used yet. `used` is how many of them
    /// were now; the rest has to come again, with more behind it.
    State put(std::string_view bytes, std::size_t& used);

    /// The client waits for a "100 Continue" before it sends the body. True once.
    bool wants_continue();

    /// After kComplete. The parser is ready for the next request then.
    HttpRequest take();
    /// Whether the client wants to go on with this connection. Before take().
    bool keep_alive() const;

    /// After kFailed: 400, 413 for a body and 431 for headers that are too large, and why.
    struct Fault {
        unsigned status = 400;
        std::string message;
    };
    const Fault& fault() const { return fault_; }

  private:
    struct Inside;

    void renew();
    State too_large_headers();

    Limits limits_;
    std::unique_ptr<Inside> inside_;
    Fault fault_;
};

}  // namespace skiff::api
