// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace skiff {

/// The init of guests that run one command: a static ELF program for x86-64, built from init.c and
/// the files beside it. What it is told is in orders.h.
std::span<const std::uint8_t> guest_init_program();

}  // namespace skiff
