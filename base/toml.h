// SPDX-License-Identifier: Apache-2.0
#pragma once

// toml++ as headers alone, with its errors as values: nothing of it throws. Layers that include
// this link deps::tomlplusplus privately.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
// It asserts that a key follows "[", which is the text's to break ("[*]" in 3.3.0); behind the
// assertion it finds that out by itself. The fuzz target api_body watches the rest.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>
