// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "boot/kernel_image.h"

namespace skiff::boot {

/// The configuration that a Linux kernel was built with: what Kconfig writes into `.config`.
class KernelConfig {
  public:
    /// How much text is read: some ten times what a distribution's kernel has.
    static constexpr std::size_t kMaxTextBytes = 4 * 1024 * 1024;

    /// Reads the text of a `.config` (Linux, Documentation/kbuild/kconfig.rst). Lines that are none
    /// of it are passed over; nothing where all are. `source` says to people where it is from.
    static std::optional<KernelConfig> parse(std::string text, std::string source);

    /// What an option (without "CONFIG_") is set to, without quotes: "y", "m", "64"; nothing where
    /// it is not set or not known, which is the same to a kernel.
    std::optional<std::string_view> value(std::string_view option) const;

    bool is_built_in(std::string_view option) const { return value(option) == "y"; }
    bool is_module(std::string_view option) const { return value(option) == "m"; }

    /// A number; nothing where the option is not set or is none.
    std::optional<std::uint64_t> number(std::string_view option) const;

    /// "6.1.0" from the comment that Kconfig begins with; empty where there is none.
    const std::string& kernel_version() const { return kernel_version_; }

    /// Where it is from: "the kernel itself", or a path.
    const std::string& source() const { return source_; }

  private:
    struct Option {
        std::string_view name;
        std::string_view value;
    };
    KernelConfig() = default;

    std::unique_ptr<const std::string> text_;  ///< What the options point into.
    std::vector<Option> options_;              ///< By name.
    std::string kernel_version_;
    std::string source_;
};

/// The configuration inside of a kernel (CONFIG_IKCONFIG: gzip data between the marks IKCFG_ST and
/// IKCFG_ED; Linux, kernel/configs.c); nothing where it has none. The file is hostile: what comes
/// out of the gzip data is bounded, and damaged data is a user error.
Result<std::optional<KernelConfig>> embedded_kernel_config(const KernelImage& kernel);

/// The configuration in a file beside a kernel's: `config-VERSION`, as distributions put it there,
/// or `.config` or `config` (for arch/x86/boot/bzImage also at the root of its build tree), unless
/// it says that it is for another version. Nothing where there is no such file.
Result<std::optional<KernelConfig>> kernel_config_beside(const KernelImage& kernel);

/// The first of these two that there is. Costs a pass over the kernel where it has none inside:
/// some milliseconds.
Result<std::optional<KernelConfig>> find_kernel_config(const KernelImage& kernel);

}  // namespace skiff::boot
