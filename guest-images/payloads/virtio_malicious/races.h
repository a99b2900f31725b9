// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace payload::malicious {

/// There is a second processor: race_cases() has cases from now on. To be called once.
void allow_races();

}  // namespace payload::malicious
