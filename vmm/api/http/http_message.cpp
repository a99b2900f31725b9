// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/http_message.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

namespace skiff::api {
namespace {

constexpr unsigned kSwitchingProtocols = 101;

std::string_view reason_phrase(unsigned status) {
    switch (status) {
        case kSwitchingProtocols:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 413:
            return "Payload Too Large";
        case 426:
            return "Upgrade Required";
        case 431:
            return "Request Header Fields Too Large";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        default:
            return "Unknown";
    }
}

}  // namespace

const std::string* HttpRequest::header(std::string_view name) const {
    const auto found = std::find_if(headers.begin(), headers.end(), [name](const HttpHeader& h) {
        return h.name.size() == name.size() &&
               ::strncasecmp(h.name.data(), name.data(), name.size()) == 0;
    });
    return found == headers.end() ? nullptr : &found->value;
}

std::string http_text(const HttpAnswer& answer, bool keep_alive) {
    const bool switches = answer.status == kSwitchingProtocols;
    const bool wants_upgrade = answer.status == 426;
    std::string text = fmt::format("HTTP/1.1 {} {}\r\nServer: skiff\r\nConnection: {}{}\r\n",
                                   answer.status, reason_phrase(answer.status),
                                   switches     ? "Upgrade"
                                   : keep_alive ? "keep-alive"
                                                : "close",
                                   wants_upgrade ? ", Upgrade" : "");
    if (!answer.allow.empty()) {
        text += fmt::format("Allow: {}\r\n", answer.allow);
    }
    for (const HttpHeader& header : answer.headers) {
        text += fmt::format("{}: {}\r\n", header.name, header.value);
    }
    // RFC 9110, 8.6: no Content-Length with 204. And a stream's length is where it ends.
    if (answer.stream != nullptr && !switches) {
        text += fmt::format("Content-Type: {}\r\nCache-Control: no-store\r\n", answer.content_type);
    } else if (answer.status != 204 && !switches) {
        text += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", answer.content_type,
                            answer.body.size());
    }
    text += "\r\n";
    text += answer.body;
    return text;
}

}  // namespace skiff::api
