// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/http_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>

#include "served_socket.h"

namespace skiff::api {
namespace {

using namespace std::chrono_literals;

using Client = test::SocketClient;

struct Fixture : ServedSocket {
    explicit Fixture(const HttpServer::Options& options = {}) {
        serve(options, [this](const HttpRequest& request) {
            ++answered;
            HttpAnswer answer;
            answer.status = 200;
            answer.body = answer_body + request.body;
            return answer;
        });
    }
    int answered = 0;
    std::string answer_body = "echo ";
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string put(const std::string& body) {
    return "PUT / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

int count_of(const std::string& text, const std::string& what) {
    int count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++count;
    }
    return count;
}

TEST_CASE("The server answers one request after the other on a connection, pipelined or not") {
    Fixture server;
    Client client = server.client();
    const std::string first = server.exchange(client, put("one"));
    CHECK(first ==
          "HTTP/1.1 200 OK\r\nServer: skiff\r\nConnection: keep-alive\r\n"
          "Content-Type: application/json\r\nContent-Length: 8\r\n\r\necho one");
    const std::string both = server.exchange(client, put("two") + put("three") + kGet);
    CHECK(count_of(both, "HTTP/1.1 200") == 3);
    CHECK(both.find("echo two") < both.find("echo three"));
    const std::string last = server.exchange(client, "GET / HTTP/1.0\r\n\r\n");
    CHECK(count_of(last, "Connection: close") == 1);
    CHECK(client.is_closed());
}

TEST_CASE("A client that has ended its output still gets its answer") {
    Fixture server;
    Client client = server.client();
    client.send(kGet);
    client.end_output();
    server.loop.run_until_idle();
    CHECK(count_of(client.received(), "echo") == 1);
    CHECK(client.is_closed());
    CHECK(server.server->connections() == 0);
}

TEST_CASE("The socket is this user's alone, a stale one is replaced, a live one is not") {
    auto server = std::make_unique<Fixture>();
    struct stat status {};
    REQUIRE(::stat(server->path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const auto second =
        HttpServer::listen(server->loop, server->path, "--api-sock x", {}, HttpHandler());
    REQUIRE_FALSE(second.ok());
    CHECK_THAT(second.error().message(),
               Catch::Contains("another process listens on that socket (pid " +
                               std::to_string(::getpid()) + ")"));

    const std::string stale = server->folder.path() + "/stale.sock";
    const UniqueFd left(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, stale.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    CHECK(HttpServer::listen(server->loop, stale, "--api-sock x", {}, HttpHandler()).ok());
}

TEST_CASE("Broken requests are answered once, and end their connection only") {
    Fixture server;
    Client good = server.client();
    for (const std::string& bytes :
         {std::string("\x16\x03\x01 hello\r\n\r\n"), std::string(100'000, 'A'),
          std::string("PUT / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n")}) {
        Client bad = server.client();
        bad.send_some(bytes);
        server.loop.run_until_idle();
        const std::string answer = bad.received();
        CHECK(count_of(answer, "HTTP/1.1 4") == 1);
        CHECK(count_of(answer, "{\n  \"fault_message\": ") == 1);
        CHECK(bad.is_closed());
        CHECK(count_of(server.exchange(good, kGet), "200 OK") == 1);
    }
    server.loop.run_until_idle();
    CHECK(server.server->connections() == 1);
}

TEST_CASE("A body of any size is refused without being kept") {
    Fixture server;
    Client client = server.client();
    client.send("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    std::size_t sent = 0;
    std::string answer;
    while (!client.is_closed() && sent < 100 * chunk.size()) {
        sent += client.send_some(chunk);
        server.loop.run_until_idle();
        answer += client.received();
    }
    CHECK(count_of(answer, "HTTP/1.1 413") == 1);
    CHECK(sent < 10 * chunk.size());
    // Whoever goes on sending is let go in the end.
    for (int i = 0; i < 100 && server.server->connections() != 0; ++i) {
        client.send_some(chunk);
        server.loop.run_until_idle();
    }
    CHECK(server.server->connections() == 0);
}

TEST_CASE("Half a request has a time limit, a connection between requests has none") {
    Fixture server({.connection = {.limits = {}, .request_time = 20ms}, .connections = 16});
    Client idle = server.client();
    CHECK(count_of(server.exchange(idle, kGet), "200 OK") == 1);
    Client silent = server.client();
    Client half = server.client();
    half.send("PUT / HTTP/1.1\r\nContent-Le");
    Client body = server.client();
    body.send("PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{");
    server.loop.run_until_idle();
    CHECK(server.server->connections() == 4);
    while (server.server->connections() != 1) {  // ctest's limit ends a hang
        server.loop.run_until_idle();
    }
    CHECK(count_of(server.exchange(idle, kGet), "200 OK") == 1);
}

TEST_CASE("A client that does not read its answers is not read from either") {
    Fixture server({.connection = {.limits = {}, .request_time = 20ms}, .connections = 16});
    server.answer_body = std::string(64 * 1024, 'x');
    Client client = server.client();
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += kGet;
    }
    std::size_t sent = client.send_some(many);
    server.loop.run_until_idle();
    sent += client.send_some(many);
    CHECK(server.answered < 100);
    while (server.server->connections() != 0) {
        server.loop.run_until_idle();
    }
    CHECK(server.answered < 100);
}

TEST_CASE("A new client takes the place of one that is idle, or waits for one that is not") {
    Fixture server({.connection = {}, .connections = 2});
    Client first = server.client();
    Client second = server.client();
    CHECK(count_of(server.exchange(second, kGet), "200 OK") == 1);
    CHECK(count_of(server.exchange(first, kGet), "200 OK") == 1);
    // `second` has been idle the longest.
    Client third = server.client();
    CHECK(count_of(server.exchange(third, kGet), "200 OK") == 1);
    CHECK(second.received().empty());
    CHECK(second.is_closed());
    CHECK(server.server->connections() == 2);

    first.send("GET / HT");
    third.send("GET / HT");
    server.loop.run_until_idle();
    Client fourth = server.client();
    CHECK(server.exchange(fourth, kGet).empty());
    CHECK(count_of(server.exchange(first, "TP/1.1\r\n\r\n"), "200 OK") == 1);
    server.loop.run_until_idle();
    CHECK(count_of(fourth.received(), "200 OK") == 1);
}

TEST_CASE("A client that asks whether to go on is told to") {
    Fixture server;
    Client client = server.client();
    CHECK(server.exchange(client,
                          "PUT / HTTP/1.1\r\nExpect: 100-continue\r\n"
                          "Content-Length: 2\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(count_of(server.exchange(client, "{}"), "echo {}") == 1);
}

}  // namespace
}  // namespace skiff::api
