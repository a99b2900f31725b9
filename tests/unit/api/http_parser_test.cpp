// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/http_parser.h"

#include <catch2/catch.hpp>
#include <string>

namespace skiff::api {
namespace {

using State = HttpParser::State;

/// Feeds `bytes` in portions, as a connection does, until the request is complete or refused.
State feed(HttpParser& parser, const std::string& bytes, std::size_t portion) {
    std::string waiting;
    State state = State::kNeedsMore;
    for (std::size_t at = 0; at < bytes.size() && state == State::kNeedsMore; at += portion) {
        waiting += bytes.substr(at, portion);
        std::size_t used = 0;
        do {
            state = parser.put(waiting, used);
            waiting.erase(0, used);
        } while (state == State::kNeedsMore && used != 0 && !waiting.empty());
    }
    return state;
}

TEST_CASE("A request is the same in one piece, byte by byte, and in chunks") {
    const std::string whole = GENERATE(
        "PUT /drives/a?x=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        "PUT http://localhost/drives/a/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    for (const std::size_t portion : {1U, 7U, 1000U}) {
        HttpParser parser({});
        REQUIRE(feed(parser, whole, portion) == State::kComplete);
        CHECK(parser.keep_alive());
        const HttpRequest request = parser.take();
        CHECK(request.method == "PUT");
        CHECK(request.path == "/drives/a");
        CHECK(request.body == "hello");
        // And the parser is ready again.
        REQUIRE(feed(parser, "GET / HTTP/1.0\r\n\r\n", portion) == State::kComplete);
        CHECK_FALSE(parser.keep_alive());
        CHECK(parser.take().path == "/");
    }
}

TEST_CASE("What is no HTTP is 400") {
    const std::string bytes =
        GENERATE("\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
                 "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                 "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    HttpParser parser({});
    INFO(bytes);
    REQUIRE(feed(parser, bytes, 1000) == State::kFailed);
    CHECK(parser.fault().status == 400);
    CHECK_FALSE(parser.fault().message.empty());
}

TEST_CASE("Headers and bodies beyond the limits are refused before they have come") {
    HttpParser headers({.header_bytes = 1000, .body_bytes = 10});
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 10'000; ++i) {
        many += "X-" + std::to_string(i) + ": y\r\n";
    }
    REQUIRE(feed(headers, many, 100) == State::kFailed);
    CHECK(headers.fault().status == 431);

    HttpParser length({.header_bytes = 1000, .body_bytes = 10});
    REQUIRE(feed(length, "PUT / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n", 1000) ==
            State::kFailed);
    CHECK(length.fault().status == 413);

    HttpParser chunks({.header_bytes = 1000, .body_bytes = 10});
    REQUIRE(feed(chunks,
                 "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n"
                 "6\r\nabcdef\r\n0\r\n\r\n",
                 1000) == State::kFailed);
    CHECK(chunks.fault().status == 413);
}

TEST_CASE(
    "A trailer or a chunk's first line that does not end is refused at the limit of headers") {
    for (const char* const begin : {"0\r\nT: ", "2;x="}) {
        HttpParser parser({.header_bytes = 512, .body_bytes = 256});
        std::string waiting = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        waiting += begin;
        State state = State::kNeedsMore;
        for (int i = 0; i < 100 && state == State::kNeedsMore; ++i) {
            std::size_t used = 0;
            state = parser.put(waiting, used);
            waiting.erase(0, used);
            waiting += std::string(64, 'y');
            REQUIRE(waiting.size() < 1024);
        }
        REQUIRE(state == State::kFailed);
        CHECK(parser.fault().status == 431);
    }
}

TEST_CASE("Headers are found whatever the case of their names, the first one of a name") {
    HttpParser parser({});
    REQUIRE(feed(parser, "GET / HTTP/1.1\r\nHost: h\r\nX-Token:  a b \r\nx-token: c\r\n\r\n",
                 1000) == State::kComplete);
    const HttpRequest request = parser.take();
    REQUIRE(request.header("X-TOKEN") != nullptr);
    CHECK(*request.header("X-TOKEN") == "a b");
    CHECK(request.header("X-Tok") == nullptr);
}

TEST_CASE("An answer's own headers, and no length where there is no body") {
    HttpAnswer answer;
    CHECK(http_text(answer, true) ==
          "HTTP/1.1 204 No Content\r\nServer: skiff\r\nConnection: keep-alive\r\n\r\n");
    answer.status = 200;
    answer.body = "hello";
    answer.content_type = "text/plain";
    answer.headers = {{"X-Ttl", "60"}};
    CHECK(http_text(answer, false) ==
          "HTTP/1.1 200 OK\r\nServer: skiff\r\nConnection: close\r\nX-Ttl: 60\r\n"
          "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_CASE("A client that waits to be told to go on is noticed once") {
    HttpParser parser({});
    std::size_t used = 0;
    const std::string head = "PUT /x HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
    REQUIRE(parser.put(head, used) == State::kNeedsMore);
    CHECK(used == head.size());
    CHECK(parser.wants_continue());
    CHECK_FALSE(parser.wants_continue());
    REQUIRE(parser.put("{}", used) == State::kComplete);
    CHECK(parser.take().body == "{}");
}

}  // namespace
}  // namespace skiff::api
