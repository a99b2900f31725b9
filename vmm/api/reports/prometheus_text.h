// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vmm/api/reports/statistics.h"

namespace skiff::api {

inline constexpr const char* kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/// The statistics in Prometheus' text exposition format, version 0.0.4.
std::string prometheus_text(const Statistics& statistics);

}  // namespace skiff::api
