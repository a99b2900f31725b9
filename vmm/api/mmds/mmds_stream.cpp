// SPDX-License-Identifier: Apache-2.0
// The metadata service as something in a guest's network: HTTP over the guest's own TCP.
#include <utility>

#include "vmm/api/http/http_parser.h"
#include "vmm/api/mmds/mmds.h"
#include "vmm/netstack/tcp_responder.h"

namespace skiff::api {
namespace {

constexpr HttpParser::Limits kLimits{.header_bytes = 8 * 1024, .body_bytes = 1024};
constexpr std::uint16_t kHttpPort = 80;

/// One connection: requests one after the other, each answered before the next is looked at.
class MmdsStream final : public netstack::StreamHandler {
  public:
    explicit MmdsStream(std::shared_ptr<Mmds> mmds) : mmds_(std::move(mmds)), parser_(kLimits) {}

    Step put(std::string_view bytes) override {
        Step step;
        switch (parser_.put(bytes, step.used)) {
            case HttpParser::State::kNeedsMore:
                if (parser_.wants_continue()) {
                    step.answer = "HTTP/1.1 100 Continue\r\n\r\n";
                }
                break;
            case HttpParser::State::kFailed: {
                HttpAnswer fault;
                fault.status = parser_.fault().status;
                fault.content_type = "text/plain";
                fault.body = parser_.fault().message;
                step.answer = http_text(fault, false);
                step.is_last = true;
                break;
            }
            case HttpParser::State::kComplete:
                answer(step);
                break;
        }
        return step;
    }

  private:
    void answer(Step& step) {
        bool keep_alive = parser_.keep_alive();
        const HttpRequest request = parser_.take();
        const HttpAnswer answer = mmds_->answer(request, Mmds::Clock::now());
        keep_alive = keep_alive && answer.status != 405;  // HEAD's answers have no content
        step.answer = http_text(answer, keep_alive);
        step.is_last = !keep_alive;
    }

    std::shared_ptr<Mmds> mmds_;
    HttpParser parser_;
};

class MmdsServer final : public netstack::StreamServer {
  public:
    explicit MmdsServer(std::shared_ptr<Mmds> mmds) : mmds_(std::move(mmds)) {}

    std::unique_ptr<netstack::StreamHandler> accept() override {
        return std::make_unique<MmdsStream>(mmds_);
    }

  private:
    std::shared_ptr<Mmds> mmds_;
};

}  // namespace

std::unique_ptr<virtio::net::FrameService> serve_mmds(std::shared_ptr<Mmds> mmds,
                                                      const virtio::net::Ipv4Address& address) {
    return std::make_unique<netstack::TcpResponder>(
        netstack::TcpResponder::Options{.address = address,
                                        .port = kHttpPort,
                                        .server = std::make_shared<MmdsServer>(std::move(mmds))});
}

}  // namespace skiff::api
