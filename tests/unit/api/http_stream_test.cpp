// SPDX-License-Identifier: Apache-2.0
// Connections whose answer is a stream; and the stream of events.
#include "vmm/api/http/http_stream.h"

#include <catch2/catch.hpp>
#include <memory>
#include <utility>

#include "served_socket.h"
#include "vmm/api/streams/event_feed.h"

namespace skiff::api {
namespace {

using namespace std::chrono_literals;
using Client = test::SocketClient;

/// What a stream is told to do, and what it was given.
struct Script {
    std::string next;      // of its output
    bool repeats = false;  // gives that without an end
    bool is_over = false;
    bool wants_input = true;
    std::size_t uses = std::string::npos;
    std::string input;
    std::size_t given = 0;
    std::function<void()> changed;
    bool is_alive = false;
};

class ScriptedStream final : public HttpStream {
  public:
    explicit ScriptedStream(Script& script) : script_(script) { script_.is_alive = true; }
    ~ScriptedStream() override { script_.is_alive = false; }
    void attach(std::function<void()> changed) override { script_.changed = std::move(changed); }
    void output(std::string& to) override {
        to += script_.next;
        script_.given += script_.next.size();
        if (!script_.repeats) {
            script_.next.clear();
        }
    }
    bool is_over() const override { return script_.is_over && script_.next.empty(); }
    std::size_t input(std::string_view bytes) override {
        const std::string_view used = bytes.substr(0, script_.uses);
        script_.input += used;
        return used.size();
    }
    bool wants_input() const override { return script_.wants_input; }

  private:
    Script& script_;
};

/// A base, so that it outlives the server, whose streams use it.
struct HasScript {
    Script script;
};

struct Fixture : HasScript, ServedSocket {
    explicit Fixture(const HttpServer::Options& options = {}) {
        serve(options, [this](const HttpRequest& request) {
            HttpAnswer answer;
            answer.status = 200;
            if (request.path == "/stream") {
                answer.content_type = "text/plain";
                answer.stream = std::make_shared<ScriptedStream>(script);
            }
            return answer;
        });
    }
    std::string tell(Client& client) {
        script.changed();
        loop.run_until_idle();
        return client.received();
    }
};

const std::string kGet = "GET / HTTP/1.1\r\n\r\n";
const std::string kOpen = "GET /stream HTTP/1.1\r\n\r\n";

TEST_CASE("A stream goes on until it is over, and its answer has no length") {
    Fixture fixture;
    fixture.script.next = "one";
    Client client = fixture.client();
    CHECK(fixture.exchange(client, kOpen) ==
          "HTTP/1.1 200 OK\r\nServer: skiff\r\nConnection: close\r\nContent-Type: text/plain\r\n"
          "Cache-Control: no-store\r\n\r\none");
    fixture.script.next = "two";
    CHECK(fixture.tell(client) == "two");
    CHECK_FALSE(client.is_closed());
    fixture.script.next = "three";
    fixture.script.is_over = true;
    CHECK(fixture.tell(client) == "three");
    CHECK(client.is_closed());
    CHECK_FALSE(fixture.script.is_alive);
}

TEST_CASE("A stream gets what its client sends, also in the request's own packet") {
    Fixture fixture;
    fixture.script.uses = 0;
    Client client = fixture.client();
    fixture.exchange(client, kOpen + "abc");
    CHECK(fixture.script.input.empty());
    fixture.script.uses = 3;
    fixture.exchange(client, "d");
    CHECK(fixture.script.input == "abcd");
    // What is not wanted stays with the client.
    fixture.script.wants_input = false;
    fixture.tell(client);
    fixture.exchange(client, "efg");
    CHECK(fixture.script.input == "abcd");
    fixture.script.wants_input = true;
    fixture.script.uses = std::string::npos;
    fixture.tell(client);
    CHECK(fixture.script.input == "abcdefg");
}

TEST_CASE("A client that does not read holds up only its own stream") {
    Fixture fixture({.connection = {.limits = {}, .request_time = 20ms}});
    fixture.script.next = std::string(10'000, 'x');
    fixture.script.repeats = true;
    Client slow = fixture.client();
    slow.send(kOpen);
    for (int i = 0; i < 20; ++i) {
        fixture.loop.run_until_idle();
    }
    const std::size_t given = fixture.script.given;
    CHECK(given < 4 * 1024 * 1024);
    Client other = fixture.client();
    CHECK_THAT(fixture.exchange(other, kGet), Catch::Contains("200 OK"));
    CHECK(fixture.script.given == given);
    CHECK(fixture.script.is_alive);
    CHECK(slow.received().size() > 10'000);
}

TEST_CASE("A client that goes ends its stream") {
    Fixture fixture;
    {
        Client client = fixture.client();
        fixture.exchange(client, kOpen);
        CHECK(fixture.script.is_alive);
    }
    fixture.loop.run_until_idle();
    CHECK_FALSE(fixture.script.is_alive);
    CHECK(fixture.server->connections() == 0);
}

TEST_CASE("Streams are bounded, never idle, and leave room for requests") {
    Fixture fixture({.connection = {}, .connections = 3, .streams = 2});
    Client first = fixture.client();
    Client second = fixture.client();
    Client third = fixture.client();
    fixture.exchange(first, kOpen);
    fixture.exchange(second, kOpen);
    CHECK_THAT(fixture.exchange(third, kOpen),
               Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("2 streams are open already"));
    // A new client takes the place of the third, not of a stream.
    Client fourth = fixture.client();
    CHECK_THAT(fixture.exchange(fourth, kGet), Catch::Contains("200 OK"));
    third.received();
    CHECK(third.is_closed());
    first.received();
    CHECK_FALSE(first.is_closed());
}

TEST_CASE("Whoever waits for the end of all streams is told of it") {
    Fixture fixture;
    bool ended = false;
    Client client = fixture.client();
    fixture.exchange(client, kOpen);
    fixture.server->when_streams_have_ended([&ended] { ended = true; });
    fixture.loop.run_until_idle();
    CHECK_FALSE(ended);
    fixture.script.is_over = true;
    fixture.tell(client);
    CHECK(ended);
    ended = false;
    fixture.server->when_streams_have_ended([&ended] { ended = true; });
    fixture.loop.run_until_idle();
    CHECK(ended);
}

TEST_CASE("The stream of events begins where its client left off, and follows the log") {
    EventLoop loop = Fixture::make_loop();
    EventLog log;
    EventFeed feed(loop, log);
    log.state("Starting");
    log.state("Running");
    const auto open = [&feed](const std::string& last) {
        HttpRequest request;
        request.headers = {{.name = "last-event-id", .value = last}};
        return feed.open(request).stream;
    };
    const auto output = [](HttpStream& stream) {
        std::string text;
        stream.output(text);
        return text;
    };
    CHECK_THAT(output(*open("nonsense")), Catch::StartsWith("id: 1\n"));
    CHECK_THAT(output(*open("1x")), Catch::StartsWith("id: 1\n"));
    const auto stream = open("1");
    int told = 0;
    stream->attach([&told] { ++told; });
    CHECK_THAT(output(*stream), Catch::StartsWith("id: 2\n"));
    CHECK(output(*stream).empty());
    log.state("Paused");
    log.state("Running");
    loop.run_until_idle();
    CHECK(told == 1);  // of both
    CHECK_THAT(output(*stream), Catch::StartsWith("id: 3\n") && Catch::Contains("id: 4\n"));
    CHECK_FALSE(stream->is_over());
    log.ended({});
    loop.run_until_idle();
    CHECK(told == 2);
    CHECK_THAT(output(*stream), Catch::Contains("event: ended"));
    CHECK(stream->is_over());
}

}  // namespace
}  // namespace skiff::api
