// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/mmds/mmds.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace skiff::api {
namespace {

constexpr std::string_view kTokenPath = "/latest/api/token";
using Names = std::array<std::string_view, 2>;
constexpr Names kTokenHeaders = {"X-metadata-token", "X-aws-ec2-metadata-token"};
constexpr Names kLifetimeHeaders = {"X-metadata-token-ttl-seconds",
                                    "X-aws-ec2-metadata-token-ttl-seconds"};

HttpAnswer text_answer(unsigned status, std::string text) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = std::move(text);
    answer.content_type = "text/plain";
    return answer;
}

/// The first of these headers that is there: its name, and its value or null.
std::pair<std::string_view, const std::string*> find_header(const HttpRequest& request,
                                                            const Names& names) {
    for (const std::string_view name : names) {
        if (const std::string* const value = request.header(name)) {
            return {name, value};
        }
    }
    return {{}, nullptr};
}

bool wants_json(const HttpRequest& request) {
    const std::string* const accept = request.header("Accept");
    return accept != nullptr && accept->find("application/json") != std::string::npos;
}

HttpAnswer not_found(const HttpRequest& request) {
    return text_answer(404, fmt::format("Resource not found: {}.", request.path));
}

/// As one slash what are several.
std::string with_single_slashes(std::string_view path) {
    std::string single;
    for (const char c : path) {
        if (c != '/' || !single.ends_with('/')) {
            single += c;
        }
    }
    return single;
}

}  // namespace

void Mmds::set_max_bytes(std::size_t max_bytes) {
    const std::lock_guard lock(mutex_);
    store_.set_max_bytes(max_bytes);
}

void Mmds::set(const Settings& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
}

Result<void> Mmds::put(JsonValue data) {
    const std::lock_guard lock(mutex_);
    return store_.put(std::move(data));
}

Result<void> Mmds::patch(const JsonValue& patch) {
    const std::lock_guard lock(mutex_);
    return store_.patch(patch);
}

std::string Mmds::text() const {
    const std::lock_guard lock(mutex_);
    return store_.all().text();
}

HttpAnswer Mmds::answer(const HttpRequest& request, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (request.method == "GET") {
        return get(request, now);
    }
    if (request.method == "PUT") {
        return make_token(request, now);
    }
    HttpAnswer answer = text_answer(405, "Not allowed HTTP method.");
    answer.allow = "GET, PUT";
    return answer;
}

HttpAnswer Mmds::get(const HttpRequest& request, Clock::time_point now) const {
    if (settings_.needs_token) {
        const std::string* const token = find_header(request, kTokenHeaders).second;
        if (token == nullptr) {
            return text_answer(401,
                               "No MMDS token provided. Use `X-metadata-token` or "
                               "`X-aws-ec2-metadata-token` header to specify the session token.");
        }
        if (!tokens_.is_valid(*token, now)) {
            return text_answer(401, "MMDS token not valid.");
        }
    }
    const JsonValue* const value = store_.find(request.path);
    if (value == nullptr) {
        return not_found(request);
    }
    if (wants_json(request) && !settings_.imds_compat) {
        HttpAnswer answer;
        answer.status = 200;
        answer.body = value->text();
        return answer;
    }
    const Result<std::string> text = imds_text(*value);
    return text.ok() ? text_answer(200, *text) : text_answer(501, text.error().message());
}

/// A PUT can be nothing else. One that a proxy passed on comes from somewhere else than it seems.
HttpAnswer Mmds::make_token(const HttpRequest& request, Clock::time_point now) {
    if (request.header("X-Forwarded-For") != nullptr) {
        return text_answer(400,
                           "Invalid header. Reason: Unsupported header name. Key: "
                           "x-forwarded-for");
    }
    if (with_single_slashes(request.path) != kTokenPath) {
        return not_found(request);
    }
    const auto [name, value] = find_header(request, kLifetimeHeaders);
    if (value == nullptr) {
        return text_answer(400,
                           "Token time to live value not found. Use "
                           "`X-metadata-token-ttl-seconds` or "
                           "`X-aws-ec2-metadata-token-ttl-seconds` header to specify the token's "
                           "lifetime.");
    }
    std::uint32_t seconds = 0;
    const char* const end = value->data() + value->size();
    const auto [rest, failure] = std::from_chars(value->data(), end, seconds);
    const std::chrono::seconds lifetime(seconds);
    if (failure != std::errc() || rest != end || lifetime < SessionTokens::kMinLifetime ||
        lifetime > SessionTokens::kMaxLifetime) {
        return text_answer(
            400,
            fmt::format("Invalid time to live value provided for token. Please provide a "
                        "value between {} and {}.",
                        SessionTokens::kMinLifetime.count(), SessionTokens::kMaxLifetime.count()));
    }
    HttpAnswer answer = text_answer(200, tokens_.make(lifetime, now));
    answer.headers.push_back({std::string(name), fmt::format("{}", seconds)});
    return answer;
}

}  // namespace skiff::api
