// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace skiff::virtio::block {

/// Locks the whole of an open file for as long as it is open (an OFD lock): exclusively, or shared
/// with others that read. The error names the file and the process that is in the way.
Result<void> lock_disk(int fd, const std::string& path, bool read_only);

/// Who holds a lock on the file behind `fd`: "process 123 (skiff)", or a phrase that says that it
/// cannot be seen.
std::string lock_holder(int fd);

}  // namespace skiff::virtio::block
