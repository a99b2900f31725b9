// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace skiff::api {

/// The version of Firecracker whose API this is: clients read it as plain x.y.z and decide by it
/// what they may ask for.
inline constexpr const char* kFirecrackerVersion = "1.16.0";

}  // namespace skiff::api
