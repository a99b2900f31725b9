// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace skiff::virtio::block {

/// Locks the whole of an open file for as long as it is open (an OFD lock): exclusively, or shared
/// with others that read. The error names the file and the process that is in the way.
/// Waits for a moment where the lock's holder is gone already.
Result<void> lock_disk(int fd, const std::string& path, bool read_only);

}  // namespace skiff::virtio::block
