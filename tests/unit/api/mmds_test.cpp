// SPDX-License-Identifier: Apache-2.0
// The metadata service: data, sessions, and what a guest is answered.
#include "vmm/api/mmds/mmds.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/support/tcp_guest.h"

namespace skiff::api {
namespace {

using std::chrono::seconds;

JsonValue json(std::string_view text) {
    auto value = parse_json(text);
    REQUIRE(value.ok());
    return std::move(value).value();
}

constexpr const char* kData =
    R"({"latest": {"meta-data": {"ami-id": "ami-1", "macs": {"02:00": {"number": 3}}, "a/b": "s"},
        "user-data": "#!/bin/sh\nexit", "list": ["x", {"y": "z"}], "none": null, "n": -12.5}})";

Mmds::Clock::time_point now() {
    return Mmds::Clock::now();
}

HttpRequest get(std::string path, std::vector<HttpHeader> headers = {}) {
    return {.method = "GET", .path = std::move(path), .body = {}, .headers = std::move(headers)};
}

HttpRequest ask_token(std::vector<HttpHeader> headers, std::string path = "/latest/api/token") {
    return {.method = "PUT", .path = std::move(path), .body = {}, .headers = std::move(headers)};
}

struct WithData {
    WithData() { REQUIRE(mmds.put(json(kData)).ok()); }
    Mmds mmds;

    std::string answer(const HttpRequest& request) {
        const HttpAnswer got = mmds.answer(request, now());
        return std::to_string(got.status) + " " + got.content_type + " " + got.body;
    }
};

TEST_CASE("Metadata is found by its path, as text and as JSON") {
    WithData with;
    const std::vector<HttpHeader> as_json = {{"Accept", "text/html, application/json"}};
    CHECK(with.answer(get("/latest/meta-data/ami-id")) == "200 text/plain ami-1");
    CHECK(with.answer(get("//latest///meta-data/ami-id/")) == "200 text/plain ami-1");
    CHECK(with.answer(get("/")) == "200 text/plain latest/");
    CHECK(with.answer(get("/latest/meta-data")) == "200 text/plain ami-id\nmacs/\na/b");
    CHECK(with.answer(get("/latest/meta-data/a~1b")) == "200 text/plain s");
    CHECK(with.answer(get("/latest/list/1/y")) == "200 text/plain z");
    CHECK(with.answer(get("/latest/user-data")) == "200 text/plain #!/bin/sh\nexit");
    CHECK(with.answer(get("/latest/user-data", as_json)) ==
          R"(200 application/json "#!/bin/sh\u000aexit")");
    CHECK(with.answer(get("/latest/meta-data/macs", as_json)) ==
          R"(200 application/json {"02:00":{"number":3}})");
    CHECK(with.answer(get("/latest/list", as_json)) == R"(200 application/json ["x",{"y":"z"}])");
    CHECK(with.answer(get("/latest/n", as_json)) == "200 application/json -12.5");
    CHECK(with.answer(get("/latest/none", as_json)) == "200 application/json null");
    CHECK(with.answer(get("/latest/n", {{"Accept", "*/*"}})).starts_with("501 text/plain "));
}

TEST_CASE("What is not there is 404, what has no text 501, another verb 405") {
    WithData with;
    for (const char* const path :
         {"/x", "/latest/x", "/latest/meta-data/ami-id/x", "/latest/list/2", "/latest/list/-1",
          "/latest/list/01", "/latest/list/1x"}) {
        CHECK(with.answer(get(path)) ==
              "404 text/plain Resource not found: " + std::string(path) + ".");
    }
    CHECK(with.answer(get("/latest/list")).starts_with("501 text/plain "));
    for (const char* const method : {"POST", "HEAD", "DELETE", "PATCH"}) {
        const HttpAnswer got = with.mmds.answer({.method = method, .path = "/", .body = {}}, now());
        CHECK(got.status == 405);
        CHECK(got.allow == "GET, PUT");
    }
    Mmds empty;
    CHECK(empty.answer(get("/"), now()).status == 404);
    CHECK(empty.text() == "{}");
}

TEST_CASE("With imds_compat the answer is text whatever is asked for") {
    WithData with;
    with.mmds.set({.needs_token = false, .imds_compat = true});
    CHECK(with.answer(get("/latest/meta-data", {{"Accept", "application/json"}})) ==
          "200 text/plain ami-id\nmacs/\na/b");
}

TEST_CASE("Version 2 answers nobody without a token, and those of a session until it ends") {
    WithData with;
    with.mmds.set({.needs_token = true, .imds_compat = false});
    CHECK(with.answer(get("/latest/user-data")).starts_with("401 "));
    CHECK(with.answer(get("/no/such", {{"X-metadata-token", "x"}})).starts_with("401 "));
    const auto began = now();
    const HttpAnswer made =
        with.mmds.answer(ask_token({{"x-METADATA-token-ttl-seconds", "60"}}), began);
    REQUIRE(made.status == 200);
    CHECK(made.content_type == "text/plain");
    REQUIRE(made.headers.size() == 1);
    CHECK(made.headers[0].name == "X-metadata-token-ttl-seconds");
    CHECK(made.headers[0].value == "60");
    CHECK(made.body.size() == 48);
    for (const char* const name : {"X-metadata-token", "X-aws-ec2-metadata-token"}) {
        const HttpRequest request = get("/latest/meta-data/ami-id", {{name, made.body}});
        CHECK(with.mmds.answer(request, began + seconds(59)).body == "ami-1");
        CHECK(with.mmds.answer(request, began + seconds(60)).status == 401);
    }
    std::string other = made.body;
    other.back() = other.back() == '0' ? '1' : '0';
    CHECK(with.mmds.answer(get("/", {{"X-metadata-token", other}}), began).status == 401);
    CHECK(with.mmds.answer(get("/", {{"X-metadata-token", ""}}), began).status == 401);
}

TEST_CASE("Version 1 gives tokens too, and does not look at them") {
    WithData with;
    CHECK(with.answer(ask_token({{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}))
              .starts_with("200 "));
    CHECK(with.answer(get("/latest/meta-data/ami-id", {{"X-metadata-token", "no such"}})) ==
          "200 text/plain ami-1");
}

TEST_CASE("A token is refused without a lifetime in its range, elsewhere, and to proxies") {
    WithData with;
    const auto status = [&](const HttpRequest& request) {
        return with.mmds.answer(request, now()).status;
    };
    CHECK(status(ask_token({})) == 400);
    for (const char* const lifetime : {"0", "21601", "-1", "60s", "", " 60", "1e2", "4294967297"}) {
        CHECK(status(ask_token({{"X-metadata-token-ttl-seconds", lifetime}})) == 400);
    }
    for (const char* const lifetime : {"1", "21600"}) {
        CHECK(status(ask_token({{"X-metadata-token-ttl-seconds", lifetime}})) == 200);
    }
    const std::vector<HttpHeader> good = {{"X-metadata-token-ttl-seconds", "60"}};
    CHECK(status(ask_token(good, "/latest//api/token")) == 200);
    CHECK(status(ask_token(good, "/latest/api")) == 404);
    CHECK(status(ask_token({good[0], {"x-forwarded-FOR", "10.0.0.1"}})) == 400);
}

TEST_CASE("Tokens differ, and no more are kept than there is room for") {
    SessionTokens tokens;
    std::set<std::string> seen;
    const auto began = now();
    const std::string soonest = tokens.make(seconds(10), began);
    const std::string last = tokens.make(seconds(100), began);
    for (std::size_t i = 2; i < SessionTokens::kMaxTokens; ++i) {
        seen.insert(tokens.make(seconds(100), began));
    }
    CHECK(seen.size() == SessionTokens::kMaxTokens - 2);
    CHECK(tokens.is_valid(soonest, began));
    tokens.make(seconds(100), began);
    CHECK_FALSE(tokens.is_valid(soonest, began));
    CHECK(tokens.is_valid(last, began));
}

TEST_CASE("A patch adds, replaces and removes (RFC 7396, appendix A)") {
    struct Row {
        const char* target;
        const char* patch;
        const char* result;
    };
    const auto row = GENERATE(values<Row>({
        {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        {R"({"a":"b"})", R"({"a":null})", R"({})"},
        {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
        {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
        {R"({"a":"foo"})", R"(null)", R"(null)"},
        {R"({"a":"foo"})", R"("bar")", R"("bar")"},
        {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
        {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
        {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
    }));
    JsonValue target = json(row.target);
    merge(target, json(row.patch));
    CHECK(target.text() == row.result);
}

TEST_CASE("Metadata is one object, within its limit, and there before it is changed") {
    Mmds mmds;
    CHECK_FALSE(mmds.patch(json("{}")).ok());
    for (const char* const text : {"[]", "null", "1", "\"x\""}) {
        CHECK_FALSE(mmds.put(json(text)).ok());
    }
    mmds.set_max_bytes(13);
    REQUIRE(mmds.put(json(R"({ "a" : "12345" })")).ok());
    CHECK_FALSE(mmds.put(json(R"({"a":"123456"})")).ok());
    const auto patched = mmds.patch(json(R"({"b":1})"));
    REQUIRE_FALSE(patched.ok());
    CHECK(patched.error().message() ==
          "the metadata would have 19 bytes, more than the 13 that --mmds-size-limit allows");
    CHECK_FALSE(mmds.patch(json("[]")).ok());
    CHECK(mmds.text() == R"({"a":"12345"})");
    CHECK(mmds.patch(json(R"({"a":null,"b":1})")).ok());
    CHECK(mmds.text() == R"({"b":1})");
}

TEST_CASE("JSON is given back as it came: numbers, order, and what needs escapes") {
    const char* const text =
        R"({"b":18446744073709551615,"a":-9223372036854775808,"c":[true,false,null,0.5,1e+300],)"
        R"("\"\\\u000a":"\u0001é"})";
    CHECK(json(text).text() == text);
}

TEST_CASE("A guest asks over its network, in one connection or in many") {
    const auto mmds = std::make_shared<Mmds>();
    REQUIRE(mmds->put(json(kData)).ok());
    const auto service = serve_mmds(mmds, {169, 254, 1, 2});
    CHECK(service->address() == virtio::net::Ipv4Address{169, 254, 1, 2});
    test::TcpGuest guest(*service);
    REQUIRE(guest.connect());
    const std::string first = guest.ask("GET /latest/meta-data/ami-id HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(first.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(first.ends_with("\r\n\r\nami-1"));
    CHECK_FALSE(guest.ended);
    guest.ask("PUT /latest/api/token HTTP/1.1\r\nX-metadata-token-ttl-");
    const std::string token = guest.ask("seconds: 5\r\n\r\n");
    CHECK(token.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(token.find("\r\nX-metadata-token-ttl-seconds: 5\r\n") != std::string::npos);
    const std::string last = guest.ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(last.ends_with("latest/"));
    CHECK(guest.ended);
}

TEST_CASE("A guest that sends no HTTP, or too much of it, is told so and cut off") {
    const auto service = serve_mmds(std::make_shared<Mmds>(), {169, 254, 169, 254});
    test::TcpGuest nonsense(*service, 1);
    REQUIRE(nonsense.connect());
    CHECK(nonsense.ask("\x16\x03\x01 hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
    CHECK(nonsense.ended);
    test::TcpGuest large(*service, 2);
    REQUIRE(large.connect());
    std::string got = large.ask("GET / HTTP/1.1\r\n");
    for (int i = 0; i < 20 && got.empty(); ++i) {
        got = large.ask("X-" + std::to_string(i) + ": " + std::string(1000, 'y') + "\r\n");
    }
    CHECK(got.starts_with("HTTP/1.1 431 "));
    CHECK(large.ended);
    test::TcpGuest body(*service, 3);
    REQUIRE(body.connect());
    CHECK(body.ask("PUT /latest/api/token HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
              .starts_with("HTTP/1.1 413 "));
}

}  // namespace
}  // namespace skiff::api
