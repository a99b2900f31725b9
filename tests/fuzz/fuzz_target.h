// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/file.h"

/// What libFuzzer and replay_main.cpp call with each input; always answers 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace skiff::fuzz {

/// The input as a file in memory.
inline std::optional<File> file_of(const std::uint8_t* data, std::size_t size) {
    auto file = File::from_bytes("input", std::span(data, size));
    return file.ok() ? std::optional<File>(*std::move(file)) : std::nullopt;
}

/// A path by which this process can open the file again.
inline std::string path_of(const File& file) {
    return "/proc/self/fd/" + std::to_string(file.fd());
}

}  // namespace skiff::fuzz
