// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

/// What the commands of Instance answer that have nothing to tell.
namespace skiff::api {

inline std::string no_body() {
    return {};
}

inline Result<std::string> empty_answer(const Result<void>& result) {
    return result.ok() ? Result<std::string>(no_body()) : result.error();
}

}  // namespace skiff::api
