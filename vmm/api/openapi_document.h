// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace skiff::api {

/// The API's contract, docs/api/openapi.yaml.
extern const std::string_view kOpenApiDocument;

}  // namespace skiff::api
