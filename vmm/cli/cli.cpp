// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/cli.h"

namespace skiff::cli {

int run(int /*argc*/, char** /*argv*/) {
    return 2;
}

}  // namespace skiff::cli
