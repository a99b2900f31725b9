// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/orders.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <string_view>
#include <vector>

#include "guest-init/orders.h"
#include "vmm/bundle/root_folder.h"

namespace skiff::bundle {
namespace {

const char* host_value(const char* name, const char* otherwise) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

class Orders {
  public:
    void add(char kind, std::string_view value) {
        has_nul_ = has_nul_ || value.find('\0') != std::string_view::npos;
        text_ += kind;
        text_ += value;
        text_ += '\0';
    }
    Result<std::string> take() {
        if (has_nul_) {
            return Error::user("a command or an environment with a NUL in it cannot be passed on");
        }
        return std::move(text_);
    }

  private:
    std::string text_;
    bool has_nul_ = false;
};

}  // namespace

std::vector<std::string> guest_environment(const CommandRequest& request) {
    std::map<std::string, std::string> variables = {
        {"PATH", kGuestPath},
        {"HOME", "/root"},
        {"TERM", host_value("TERM", "linux")},
        {"LANG", "C.UTF-8"},
    };
    // The loader found libraries by it on the host.
    if (const char* const folders = host_value("LD_LIBRARY_PATH", nullptr)) {
        variables["LD_LIBRARY_PATH"] = folders;
    }
    for (const auto& [name, value] : request.environment) {
        variables[name] = value;
    }
    std::vector<std::string> words;
    words.reserve(variables.size());
    for (const auto& [name, value] : variables) {
        words.push_back(fmt::format("{}={}", name, value));
    }
    return words;
}

Result<std::string> write_orders(const CommandRequest& request, const GuestCommand& command) {
    Orders orders;
    orders.add(SKIFF_ORDER_PROGRAM, command.program);
    for (const std::string& word : request.words) {
        orders.add(SKIFF_ORDER_ARGUMENT, word);
    }
    for (const std::string& variable : guest_environment(request)) {
        orders.add(SKIFF_ORDER_ENVIRONMENT, variable);
    }
    orders.add(SKIFF_ORDER_WORKING_FOLDER, command.working_folder);
    if (request.interactive) {
        orders.add(SKIFF_ORDER_TERMINAL, fmt::format("{} {}", request.rows, request.columns));
    }
    if (!command.root_disk.empty()) {
        orders.add(SKIFF_ORDER_ROOT_DISK, command.root_disk);
    }
    if (request.console_log_level.has_value()) {
        orders.add(SKIFF_ORDER_LOG_LEVEL, fmt::format("{}", *request.console_log_level));
    }
    return orders.take();
}

}  // namespace skiff::bundle
