// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/api_server.h"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "base/log.h"

namespace skiff::api {
namespace {

constexpr std::chrono::milliseconds kFinishTime{200};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::create(const ApiOptions& options,
                                                     Instance& instance) {
    SKIFF_ASSIGN_OR_RETURN(EventLoop loop, EventLoop::create());
    std::unique_ptr<ApiServer> server(new ApiServer(std::move(loop)));
    HttpServer::Options http;
    http.connection.limits.body_bytes = options.max_payload_bytes;
    server->instance_ = &instance;
    server->events_ = std::make_unique<EventFeed>(server->loop_, instance.events());
    const auto handler = [&instance, raw = server.get()](const HttpRequest& request) {
        HttpAnswer given = answer(
            request, [&instance](const Command& command) { return instance.handle(command); },
            [raw](StreamKind kind, const HttpRequest& asked) {
                return raw->open_stream(kind, asked);
            });
        instance.requests().count(request.method, request.path, given.status);
        log::debug("API: {} {}: {}", request.method, request.path, given.status);
        return given;
    };
    SKIFF_ASSIGN_OR_RETURN(server->server_,
                           HttpServer::listen(server->loop_, options.socket_path,
                                              "--api-sock " + options.socket_path, http, handler));
    return server;
}

void ApiServer::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "api");
        loop_.run();
    });
}

HttpAnswer ApiServer::open_stream(StreamKind kind, const HttpRequest& request) {
    return kind == StreamKind::kEvents ? events_->open(request)
                                       : consoles_.open(request, instance_->console());
}

void ApiServer::finish() {
    if (!thread_.joinable()) {
        return;
    }
    loop_.post([this] {
        server_->when_streams_have_ended([this] { loop_.stop(); });
        if (!finish_timer_.start(kFinishTime)) {
            loop_.stop();
        }
    });
    thread_.join();
}

ApiServer::~ApiServer() {
    if (thread_.joinable()) {
        loop_.stop();
        thread_.join();
    }
}

}  // namespace skiff::api
