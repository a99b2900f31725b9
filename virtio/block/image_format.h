// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace skiff::virtio::block {

/// As much of a disk's beginning, and of its end, as refuse_image_format() looks at.
inline constexpr std::size_t kImageHeadBytes = 512;
inline constexpr std::size_t kImageTailBytes = 512;

/// A disk's content is the guest's: it never decides how we use a file, for a guest could then make
/// its disk refer to files of the host. The one thing that we do with it is to refuse what is
/// evidently no raw disk, because a guest would destroy it: the error then, with the command that
/// makes a raw one.
std::optional<std::string> refuse_image_format(const std::string& path,
                                               std::span<const std::uint8_t> head,
                                               std::span<const std::uint8_t> tail);

}  // namespace skiff::virtio::block
