// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/api_server.h"

#include <pthread.h>

#include <utility>

#include "base/log.h"
#include "vmm/api/routes.h"

namespace skiff::api {

Result<std::unique_ptr<ApiServer>> ApiServer::create(const ApiOptions& options,
                                                     Instance& instance) {
    SKIFF_ASSIGN_OR_RETURN(EventLoop loop, EventLoop::create());
    std::unique_ptr<ApiServer> server(new ApiServer(std::move(loop)));
    HttpServer::Options http;
    http.connection.limits.body_bytes = options.max_payload_bytes;
    const auto handler = [&instance](const HttpRequest& request) {
        HttpAnswer given = answer(
            request, [&instance](const Command& command) { return instance.handle(command); });
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

ApiServer::~ApiServer() {
    if (thread_.joinable()) {
        loop_.stop();
        thread_.join();
    }
}

}  // namespace skiff::api
