// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::api {

/// `run-options` of a file, and `/v1/run-options`: options of `skiff run`, for what the other
/// sections have no words for. So whatever the command line can say of a machine, a file and a
/// client can say too. Values are text as on the command line; what they mean is its parser's.
struct MachineOptions {
    struct Option {
        std::string name;  ///< Its long name, without dashes.
        /// Empty where it is given without a value.
        std::vector<std::string> values;
    };
    std::vector<Option> options;
};

/// Puts options into a configuration; given by the command line's parser. A user error names the
/// option. Any thread.
using ApplyOptions = Result<void> (*)(const MachineOptions& options,
                                      machine::MachineConfig& config);

}  // namespace skiff::api
