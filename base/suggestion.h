// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace skiff {

/// The candidate that `word` was most likely meant to be: a third of its letters may be wrong,
/// swapped, missing or too many, or it is a beginning of just one candidate. Empty where none is
/// near enough.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace skiff
