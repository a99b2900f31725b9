// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "vmm/api/command.h"
#include "vmm/api/http/http_message.h"

namespace skiff::api {

/// Does a command; what it answers, as JSON, or nothing.
using CommandHandler = std::function<Result<std::string>(const Command& command)>;

/// What is answered with a stream (http_stream.h) in place of a command's result.
enum class StreamKind {
    kEvents,   ///< GET `/v1/events`
    kConsole,  ///< GET `/v1/console`
};
using StreamHandler = std::function<HttpAnswer(StreamKind kind, const HttpRequest& request)>;

/// Answers a request: finds its route, parses its body, has the command done, and puts the result
/// into HTTP. 200 with a body, 204 without, 400 for what was asked wrongly or cannot be done, 404
/// for a path that there is not, 405 with Allow for a wrong verb.
HttpAnswer answer(const HttpRequest& request, const CommandHandler& handle,
                  const StreamHandler& open_stream = {});

}  // namespace skiff::api
