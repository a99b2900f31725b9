// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace skiff::api {

/// A whole HTTP request, as far as routes look at it. All of it is the client's.
struct HttpRequest {
    std::string method;  ///< "PUT", in upper case as it came.
    std::string path;    ///< Without the query.
    std::string body;
};

/// What is answered.
struct HttpAnswer {
    unsigned status = 204;
    std::string body;  ///< Empty with 204.
    std::string content_type = "application/json";
    std::string allow;  ///< The header of 405; empty: none.
};

/// Answers a request. Called on the server's thread.
using HttpHandler = std::function<HttpAnswer(const HttpRequest& request)>;

}  // namespace skiff::api
