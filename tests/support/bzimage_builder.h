// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "boot/compression.h"
#include "boot/setup_header.h"
#include "tests/support/elf_builder.h"

namespace skiff::test {

/// Packs like the kernel's build does, without the size word that follows.
Bytes pack(boot::Compression compression, const Bytes& content);

/// Makes bzImages: two sectors of set-up code, then `kernel_prefix` and the payload. All header
/// fields are open to nonsense through header(); build() fills in syssize and the payload's place.
class BzImageBuilder {
  public:
    BzImageBuilder();

    boot::SetupHeader& header() { return header_; }
    BzImageBuilder& payload(Bytes packed);
    /// Compressed content with its size word.
    BzImageBuilder& packed_payload(boot::Compression compression, const Bytes& content);
    BzImageBuilder& version_text(std::string text);

    Bytes build() const;

    /// Where the protected-mode code begins in build()'s result.
    static constexpr std::size_t kProtectedModeOffset = 3 * 512;
    /// Bytes in front of the payload, which stand for the decompressor: pattern().
    static constexpr std::size_t kPrefixBytes = 1024;

  private:
    boot::SetupHeader header_{};
    Bytes payload_;
    std::string version_text_ = "6.1.0-test (someone@somewhere) #1 SMP";
};

}  // namespace skiff::test
