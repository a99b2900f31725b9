// SPDX-License-Identifier: Apache-2.0
#include "boot/kernel_wishes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace skiff::boot {
namespace {

constexpr std::array kAllWishes = {
    wish::kDisk,        wish::kNet,           wish::kBalloon,
    wish::kVsock,       wish::kVirtioConsole, wish::kVirtioMmio,
    wish::kFoundByAcpi, wish::kSerialConsole, wish::kInitrd,
};

std::optional<KernelLack> lack_of(const KernelConfig& config, const KernelWish& wish) {
    if (wish.at_least != 0) {
        // A kernel without SMP has no NR_CPUS worth reading: that is another wish.
        const auto number = config.number(wish.option);
        if (!number.has_value() || *number >= wish.at_least) {
            return std::nullopt;
        }
        return KernelLack{wish, false, *number};
    }
    if (config.is_built_in(wish.option) || config.is_built_in(wish.alternative)) {
        return std::nullopt;
    }
    return KernelLack{wish, config.is_module(wish.option), 0};
}

std::string describe(const KernelLack& lack) {
    const KernelWish& wish = lack.wish;
    if (wish.at_least != 0) {
        return fmt::format("CONFIG_{} of {} or more (it is {}), which {} needs", wish.option,
                           wish.at_least, lack.number, wish.needed_by);
    }
    std::string text = fmt::format("CONFIG_{}={}", wish.option, lack.as_module ? 'm' : 'y');
    if (!wish.alternative.empty()) {
        text += fmt::format(" or CONFIG_{}=y", wish.alternative);
    }
    return text + fmt::format(", which {} needs", wish.needed_by);
}

}  // namespace

KernelWish initrd_wish(Compression compression) {
    constexpr std::string_view kWho = "the initrd's compression";
    switch (compression) {
        case Compression::kGzip:
            return {"RD_GZIP", kWho};
        case Compression::kXz:
            return {"RD_XZ", kWho};
        case Compression::kLzma:
            return {"RD_LZMA", kWho};
        case Compression::kZstd:
            return {"RD_ZSTD", kWho};
        case Compression::kLz4Legacy:
            return {"RD_LZ4", kWho};
        case Compression::kBzip2:
            break;
    }
    return {"RD_BZIP2", kWho};
}

KernelWish cpu_count_wish(unsigned count) {
    return {.option = "NR_CPUS", .needed_by = "-c", .alternative = {}, .at_least = count};
}

std::span<const KernelWish> all_kernel_wishes() {
    return kAllWishes;
}

std::vector<KernelLack> kernel_lacks(const KernelConfig& config,
                                     std::span<const KernelWish> wishes) {
    std::vector<KernelLack> lacks;
    for (const KernelWish& wish : wishes) {
        const bool is_told = std::any_of(lacks.begin(), lacks.end(), [&](const KernelLack& lack) {
            return lack.wish.option == wish.option;
        });
        if (auto lack = lack_of(config, wish); lack.has_value() && !is_told) {
            lacks.push_back(*lack);
        }
    }
    return lacks;
}

std::string describe(std::span<const KernelLack> lacks) {
    std::string text;
    for (const KernelLack& lack : lacks) {
        text += (text.empty() ? "" : "; ") + describe(lack);
    }
    return text;
}

}  // namespace skiff::boot
