// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "tests/support/tcp_guest.h"
#include "vmm/netstack/tcp_responder.h"

namespace skiff::test {

/// Answers each line: "N" with N times 'x', "bye" with an end, and anything else with itself.
class LineServer final : public netstack::StreamServer {
  public:
    std::unique_ptr<netstack::StreamHandler> accept() override {
        ++accepted;
        return std::make_unique<Handler>();
    }

    unsigned accepted = 0;

  private:
    struct Handler final : netstack::StreamHandler {
        Step put(std::string_view bytes) override {
            const std::size_t end = bytes.find('\n');
            if (end == std::string_view::npos) {
                return {};
            }
            const std::string line(bytes.substr(0, end));
            const bool is_number =
                !line.empty() && line.find_first_not_of("0123456789") == std::string::npos;
            return {.used = end + 1,
                    .answer = is_number ? std::string(std::stoul(line), 'x') : line,
                    .is_last = line == "bye"};
        }
    };
};

/// A responder with that server, whose sequence numbers begin shortly before they go round.
struct Responder {
    std::shared_ptr<LineServer> server = std::make_shared<LineServer>();
    netstack::TcpResponder service{
        {.address = {169, 254, 169, 254}, .port = 80, .server = server, .initial_sequence = [] {
             return 0xffff'f000U;
         }}};
};

}  // namespace skiff::test
