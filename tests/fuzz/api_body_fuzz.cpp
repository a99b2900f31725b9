// SPDX-License-Identifier: Apache-2.0
// Bodies of API requests: "VERB PATH\nBODY". Whatever they are, the answer is one of the statuses
// that there are, and its body is JSON.
#include <string>

#include "fuzz_target.h"
#include "vmm/api/config_file.h"
#include "vmm/api/routes.h"
#include "vmm/api/text/json_value.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace skiff::api;
    const std::string input(data, data + size);
    const std::size_t blank = input.find(' ');
    const std::size_t line = input.find('\n');
    if (line == std::string::npos || blank > line) {
        return 0;
    }
    const HttpRequest request{.method = input.substr(0, blank),
                              .path = input.substr(blank + 1, line - blank - 1),
                              .body = input.substr(line + 1)};
    const HttpAnswer given =
        answer(request, [](const Command&) -> skiff::Result<std::string> { return std::string(); });
    const bool is_known =
        given.status == 204 || given.status == 400 || given.status == 404 || given.status == 405;
    if (!is_known || (given.status != 204 && !parse_json(given.body).ok())) {
        __builtin_trap();
    }
    static_cast<void>(parse_config(request.body, ConfigForm::kJson));
    static_cast<void>(parse_config(request.body, ConfigForm::kToml));
    return 0;
}
