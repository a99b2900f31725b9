// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/streams/console_feed.h"

#include "vmm/api/http/websocket_handshake.h"
#include "vmm/api/resources/write_resources.h"
#include "vmm/api/streams/console_stream.h"

namespace skiff::api {

ConsoleFeed::ConsoleFeed(EventLoop& loop) : streams_(loop, [this] { tap_->set_listener({}); }) {}

ConsoleFeed::~ConsoleFeed() {
    if (tap_ != nullptr) {
        tap_->set_listener({});
    }
}

HttpAnswer ConsoleFeed::open(const HttpRequest& request,
                             const std::shared_ptr<machine::ConsoleTap>& tap) {
    if (tap == nullptr) {
        HttpAnswer fault;
        fault.status = 400;
        fault.body = fault_json("there is no console before the microVM starts", request.path, "");
        return fault;
    }
    const auto stream = std::make_shared<ConsoleStream>(tap);
    HttpAnswer answer = websocket_answer(request, stream);
    if (answer.stream != nullptr) {
        tap_ = tap;
        tap_->set_listener(streams_.teller());
        streams_.add(stream);
    }
    return answer;
}

}  // namespace skiff::api
