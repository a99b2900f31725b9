// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "tests/support/socket_client.h"
#include "tests/support/temporary_folder.h"
#include "vmm/api/http/http_server.h"

namespace skiff::api {

/// A server on a socket of its own, and its clients, all driven by the test's thread.
struct ServedSocket {
    void serve(const HttpServer::Options& options, HttpHandler handler) {
        auto made = HttpServer::listen(loop, path, "--api-sock x", options, std::move(handler));
        REQUIRE(made.ok());
        server = std::move(made).value();
    }
    test::SocketClient client() {
        test::SocketClient made(path);
        loop.run_until_idle();
        return made;
    }
    std::string exchange(test::SocketClient& client, const std::string& text) {
        client.send(text);
        loop.run_until_idle();
        return client.received();
    }

    static EventLoop make_loop() {
        auto made = EventLoop::create();
        REQUIRE(made.ok());
        return std::move(made).value();
    }

    test::TemporaryFolder folder;
    std::string path = folder.path() + "/api.sock";
    EventLoop loop = make_loop();
    std::unique_ptr<HttpServer> server;
};

}  // namespace skiff::api
