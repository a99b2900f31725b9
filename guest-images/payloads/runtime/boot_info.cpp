// SPDX-License-Identifier: Apache-2.0
#include "runtime/boot_info.h"

#include "runtime/memory_access.h"

extern "C" {
extern std::uint64_t pvh_start_info;
extern std::uint64_t linux_boot_params;
extern std::uint64_t multiboot_magic;
extern std::uint64_t multiboot_info;
}

namespace payload {
namespace {

// struct boot_params, setup_header.cmd_line_ptr and ext_cmd_line_ptr (Documentation/x86/boot.rst,
// zero-page.rst).
constexpr std::uint64_t kBootParamsCommandLine = 0x228;
constexpr std::uint64_t kBootParamsCommandLineHigh = 0x0c8;

// EAX at the entry (Multiboot Specification, section 3.2).
constexpr std::uint64_t kMultibootMagic = 0x2badb002;

constexpr std::size_t kCommandLineLimit = 4096;
char command_line_copy[kCommandLineLimit];
std::size_t command_line_size = 0;

std::uint64_t command_line_address() {
    if (const StartInfo* info = start_info(); info != nullptr) {
        return info->command_line_address;
    }
    if (const MultibootInfo* info = multiboot(); info != nullptr) {
        return info->cmdline;
    }
    if (linux_boot_params == 0) {
        return 0;
    }
    const std::uint64_t high = load<std::uint32_t>(linux_boot_params + kBootParamsCommandLineHigh);
    return high << 32 | load<std::uint32_t>(linux_boot_params + kBootParamsCommandLine);
}

}  // namespace

const StartInfo* start_info() {
    const auto* info = reinterpret_cast<const StartInfo*>(pvh_start_info);
    return info != nullptr && info->magic == kStartInfoMagic ? info : nullptr;
}

const MultibootInfo* multiboot() {
    return multiboot_magic == kMultibootMagic
               ? reinterpret_cast<const MultibootInfo*>(multiboot_info)
               : nullptr;
}

std::uint64_t boot_params_address() {
    return linux_boot_params;
}

void read_boot_info() {
    const auto* from = reinterpret_cast<const char*>(command_line_address());
    if (from == nullptr) {
        return;
    }
    while (command_line_size < kCommandLineLimit && from[command_line_size] != '\0') {
        command_line_copy[command_line_size] = from[command_line_size];
        ++command_line_size;
    }
}

Text command_line() {
    return {command_line_copy, command_line_size};
}

Text option(const char* name, const char* otherwise) {
    const Text key = text(name);
    std::size_t i = 0;
    while (i < command_line_size) {
        std::size_t end = i;
        while (end < command_line_size && command_line_copy[end] != ' ') {
            ++end;
        }
        const char* word = command_line_copy + i;
        const std::size_t size = end - i;
        if (size > key.size && Text{word, key.size} == key && word[key.size] == '=') {
            return {word + key.size + 1, size - key.size - 1};
        }
        i = end + 1;
    }
    return text(otherwise);
}

std::uint64_t option(const char* name, std::uint64_t otherwise) {
    const Text value = option(name, "");
    if (value.size == 0) {
        return otherwise;
    }
    const bool hexadecimal = value.size > 2 && value.data[0] == '0' && value.data[1] == 'x';
    const std::uint64_t base = hexadecimal ? 16 : 10;
    std::uint64_t number = 0;
    for (std::size_t i = hexadecimal ? 2 : 0; i < value.size; ++i) {
        const char digit = value.data[i];
        number *= base;
        number += static_cast<std::uint64_t>(digit >= 'a' ? digit - 'a' + 10 : digit - '0');
    }
    return number;
}

}  // namespace payload
