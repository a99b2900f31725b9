// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_actions.h"

#include <fmt/format.h>

#include "base/units.h"
#include "vmm/machine/device_report.h"

namespace skiff::machine {

std::string ConsoleActions::describe() {
    const auto age = std::chrono::steady_clock::now() - begin_;
    std::string text =
        fmt::format("machine: running for {} s, {} vCPUs, {} of memory\n",
                    std::chrono::duration_cast<std::chrono::seconds>(age).count(),
                    parts_.config.cpu_count, format_size(parts_.config.memory_bytes));
    const auto add = [&text](const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            text += line + "\n";
        }
    };
    if (const auto balloon = control_.balloon()) {
        add(describe_balloon(*balloon));
    }
    add(describe_devices(control_.statistics()));
    return text;
}

}  // namespace skiff::machine
