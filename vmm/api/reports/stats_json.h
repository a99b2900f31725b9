// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vmm/api/reports/statistics.h"

namespace skiff::api {

/// What GET /v1/stats answers: counters as they are now, since the process began.
std::string stats_json(const Statistics& statistics);

}  // namespace skiff::api
