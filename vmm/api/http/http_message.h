// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

struct HttpHeader {
    std::string name;
    std::string value;
};

/// A whole HTTP request, as far as routes look at it. All of it is the client's.
struct HttpRequest {
    std::string method;  ///< "PUT", in upper case as it came.
    std::string path;    ///< Without the query.
    std::string body;
    std::vector<HttpHeader> headers = {};

    /// The value of the first header of this name, in any case; null where there is none.
    const std::string* header(std::string_view name) const;
};

class HttpStream;

/// What is answered.
struct HttpAnswer {
    unsigned status = 204;
    std::string body;  ///< Empty with 204.
    std::string content_type = "application/json";
    std::string allow;                     ///< The header of 405; empty: none.
    std::vector<HttpHeader> headers = {};  ///< Further ones.
    /// What follows the headers in the place of a body; from then on the connection is the
    /// stream's.
    std::shared_ptr<HttpStream> stream = {};
};

/// The answer as it goes over the wire; `keep_alive`: the connection stays for further requests.
std::string http_text(const HttpAnswer& answer, bool keep_alive);

/// Answers a request. Called on the server's thread.
using HttpHandler = std::function<HttpAnswer(const HttpRequest& request)>;

}  // namespace skiff::api
