// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace skiff::api {

/// An answer that goes on: what a connection carries after the headers of an HttpAnswer, both ways.
/// All of it on the server's thread.
class HttpStream {
  public:
    virtual ~HttpStream() = default;

    /// Once, before anything else: whom to call when output() may give more, is_over() has become
    /// true or wants_input() has. Not from within a call of this class.
    virtual void attach(std::function<void()> changed) = 0;

    /// Appends what is to be sent next, in bounded portions; called when the client has taken all
    /// that was sent before. Nothing: attach()'s function is called when there is more.
    virtual void output(std::string& to) = 0;
    /// Nothing more comes from output(): the connection is closed when all was taken.
    virtual bool is_over() const = 0;

    /// What the client sends. How many of the bytes are used; the rest comes again, with more
    /// behind it.
    virtual std::size_t input(std::string_view bytes) { return bytes.size(); }
    /// Whether more of the client's bytes may be read.
    virtual bool wants_input() const { return true; }
};

}  // namespace skiff::api
