// SPDX-License-Identifier: Apache-2.0
#include "runtime/memory_access.h"

extern "C" {

extern std::uint64_t page_directory_pointers[512];

// The compiler calls these four even in freestanding code. Plain loops: `rep movsb` runs a byte at
// a time where supervisor mode is emulated.
void* memcpy(void* to, const void* from, std::size_t count) {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = in[i];
    }
    return to;
}

void* memmove(void* to, const void* from, std::size_t count) {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    if (out < in) {
        return memcpy(to, from, count);
    }
    for (std::size_t i = count; i > 0; --i) {
        out[i - 1] = in[i - 1];
    }
    return to;
}

void* memset(void* to, int value, std::size_t count) {
    auto* out = static_cast<unsigned char*>(to);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<unsigned char>(value);
    }
    return to;
}

int memcmp(const void* left, const void* right, std::size_t count) {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    for (std::size_t i = 0; i < count; ++i) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

}  // extern "C"

namespace payload {
namespace {

// Present, writable, user, accessed; a large page is dirty and a page as well.
constexpr std::uint64_t kDirectory = 0x27;
constexpr std::uint64_t kLargePage = 0xe7;
constexpr std::uint64_t kLargePageSize = 2ull << 20;

constexpr std::size_t kSpareDirectories = 8;
alignas(4096) std::uint64_t spare_directories[kSpareDirectories][512];
std::size_t spare_directories_used = 0;

}  // namespace

bool map_gibibyte(std::uint64_t address) {
    const std::uint64_t gibibyte = address >> 30;
    if (gibibyte >= 512) {
        return false;
    }
    if (page_directory_pointers[gibibyte] != 0) {
        return true;
    }
    if (spare_directories_used == kSpareDirectories) {
        return false;
    }
    std::uint64_t* directory = spare_directories[spare_directories_used++];
    for (std::uint64_t i = 0; i < 512; ++i) {
        directory[i] = (gibibyte << 30) + i * kLargePageSize + kLargePage;
    }
    page_directory_pointers[gibibyte] = reinterpret_cast<std::uint64_t>(directory) + kDirectory;
    return true;
}

}  // namespace payload
