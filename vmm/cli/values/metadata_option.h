// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "vmm/api/vm_description.h"
#include "vmm/cli/run/run_options.h"

namespace skiff::cli {

/// `--metadata FILE`, where it was given: the machine's network devices get a metadata service.
/// After these are known.
Result<void> assign_metadata(const ParsedArguments& arguments, RunOptions& options);

/// The machine's metadata service in the words of the API, whose description has the interfaces
/// already.
void describe_metadata(const RunOptions& options, api::VmDescription& description);

}  // namespace skiff::cli
