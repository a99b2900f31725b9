// SPDX-License-Identifier: Apache-2.0
#pragma once

// toml++ as headers alone, with its errors as values: nothing of it throws.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#include <toml++/toml.h>
