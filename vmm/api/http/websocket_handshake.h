// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "vmm/api/http/http_message.h"
#include "vmm/api/http/http_stream.h"

namespace skiff::api {

/// Answers a request to open a WebSocket (RFC 6455, 4.2): with 101 and the stream; with 426 where
/// it is no such request, or of another version than 13; with 400 where its key is none.
///
/// Origin is not looked at: browsers, whose pages it tells of, do not connect to Unix sockets.
HttpAnswer websocket_answer(const HttpRequest& request, std::shared_ptr<HttpStream> stream);

/// What proves that the server has understood (RFC 6455, 4.2.2, /accept/).
std::string websocket_accept(std::string_view key);

}  // namespace skiff::api
