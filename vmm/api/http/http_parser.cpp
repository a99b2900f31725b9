// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/http_parser.h"

#include <fmt/format.h>

// Beast 1.74 asserts that no bytes of a last chunk come twice; it copes with them when they do,
// which is in clients' hands: the end of the headers and "0;x" may come together.
#define BOOST_DISABLE_ASSERTS
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>

#include "base/check.h"

namespace skiff::api {
namespace {

namespace http = boost::beast::http;

/// The path of a request target: without the query, and without what is before it in the form that
/// clients of proxies use (RFC 9112, 3.2.2).
std::string path_of(std::string_view target) {
    constexpr std::string_view kScheme = "http://";
    if (target.starts_with(kScheme)) {
        target.remove_prefix(kScheme.size());
        const std::size_t slash = target.find('/');
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    std::string_view path = target.substr(0, target.find('?'));
    // As Firecracker does; but not of "/" itself.
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    return std::string(path);
}

}  // namespace

struct HttpParser::Inside {
    http::request_parser<http::string_body> parser;
    bool continue_was_told = false;
};

HttpParser::HttpParser(const Limits& limits) : limits_(limits) {
    renew();
}

HttpParser::~HttpParser() = default;

void HttpParser::renew() {
    inside_ = std::make_unique<Inside>();
    inside_->parser.eager(true);
    inside_->parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    inside_->parser.body_limit(limits_.body_bytes);
}

HttpParser::State HttpParser::put(std::string_view bytes, std::size_t& used) {
    used = 0;
    boost::system::error_code error;
    try {
        used = inside_->parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    } catch (const std::exception& failure) {
        fault_ = {.status = 400, .message = failure.what()};
        return State::kFailed;
    }
    if (error == http::error::body_limit) {
        fault_ = {.status = 413,
                  .message = fmt::format("the body is larger than {} bytes, which "
                                         "--http-api-max-payload-size allows",
                                         limits_.body_bytes)};
        return State::kFailed;
    }
    if (error == http::error::header_limit) {
        return too_large_headers();
    }
    if (error && error != http::error::need_more) {
        fault_ = {.status = 400, .message = "no HTTP request: " + error.message()};
        return State::kFailed;
    }
    // The library counts the lines before a body, and not those around and after its chunks.
    if (error == http::error::need_more && used == 0 && bytes.size() > limits_.header_bytes) {
        return too_large_headers();
    }
    return inside_->parser.is_done() ? State::kComplete : State::kNeedsMore;
}

HttpParser::State HttpParser::too_large_headers() {
    fault_ = {.status = 431,
              .message = fmt::format("the headers are larger than {} bytes", limits_.header_bytes)};
    return State::kFailed;
}

bool HttpParser::wants_continue() {
    const auto& parser = inside_->parser;
    if (inside_->continue_was_told || !parser.is_header_done() || parser.is_done() ||
        !boost::beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        return false;
    }
    inside_->continue_was_told = true;
    return true;
}

bool HttpParser::keep_alive() const {
    return inside_->parser.keep_alive();
}

HttpRequest HttpParser::take() {
    SKIFF_CHECK(inside_->parser.is_done());
    const auto& message = inside_->parser.get();
    const auto method = message.method_string();
    const auto target = message.target();
    HttpRequest request{.method = std::string(method.data(), method.size()),
                        .path = path_of({target.data(), target.size()}),
                        .body = message.body()};
    for (const auto& field : message) {
        const auto name = field.name_string();
        const auto value = field.value();
        request.headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
    }
    renew();
    return request;
}

}  // namespace skiff::api
