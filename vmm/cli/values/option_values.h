// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "vmm/machine/machine_config.h"

/// From an option's text to its value. Every user error quotes the text and says what is taken;
/// the caller puts the option's name before it.
namespace skiff::cli {

/// A file's path: anything that is not empty.
Result<std::string> parse_path(std::string_view text);

/// A decimal number that fits an unsigned int.
Result<unsigned> parse_count(std::string_view text);

/// As parse_size(), but a number alone counts MiB, as with kvmtool and QEMU.
Result<std::uint64_t> parse_memory_size(std::string_view text);

/// "10", "0.25": seconds, with at most three digits after the point.
Result<std::chrono::milliseconds> parse_seconds(std::string_view text);

/// As parse_seconds(), but more than 0.
Result<std::chrono::milliseconds> parse_timeout(std::string_view text);

/// text | json
Result<log::Format> parse_log_format(std::string_view text);

/// exits | devices | exits,devices, then =FILE
Result<machine::TraceConfig> parse_trace(std::string_view text);

/// panic | oops | warn: messages of the kernel that end the run.
Result<machine::KernelTroubles> parse_fail_on(std::string_view text);

/// auto | off | a number of microseconds, at most a second
Result<PollPolicy> parse_io_poll(std::string_view text);

/// An I/O port, 0 to 0xffff, decimal or 0x….
Result<std::uint16_t> parse_io_port(std::string_view text);

/// 1 to 64 characters that are visible.
Result<std::string> parse_machine_name(std::string_view text);

/// auto | pvh | multiboot | linux64 | linux32
Result<boot::EntryProtocol> parse_entry(std::string_view text);

/// FILE[,ARGUMENTS]; two commas stand for one in the file's path.
Result<boot::ModuleFile> parse_module(std::string_view text);

/// ADDRESS[,real|32|64]
Result<boot::FlatImage> parse_flat(std::string_view text);

/// stdio | none | file=PATH | pty | unix=PATH
Result<machine::SerialConfig> parse_serial(std::string_view text);

/// anon|memfd|hugetlb[=2M|1G] [,thp] [,prefault]
Result<MemoryBacking> parse_memory_backing(std::string_view text);

}  // namespace skiff::cli
