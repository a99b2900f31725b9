// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace payload {

/// What each payload defines: runs on the boot processor with exceptions handled and interrupts
/// off. Its value is the exit status the machine is powered off with.
std::uint8_t run();

}  // namespace payload
