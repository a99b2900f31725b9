// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Starting the application processors.
namespace payload {

/// Enabled processors listed in the MP table (Intel MultiProcessor Specification 1.4, 4.1); 0 where
/// there is no table, or its checksum is wrong.
std::uint32_t processors_in_mp_table();

using ProcessorFunction = void (*)(std::uint32_t start_order);

/// Starts all application processors; each runs `function` with its start order (0 for the first)
/// and then halts. Overwrites the page at kTrampolineAddress.
void start_application_processors(ProcessorFunction function);
constexpr std::uint32_t kTrampolineAddress = 0x8000;

/// Processors, the boot processor not counted, that have returned from their function.
std::uint32_t application_processors_done();

/// Waits until `count` have; false if that does not come within about 60 thousand million cycles of
/// the time-stamp counter.
bool wait_for_application_processors(std::uint32_t count);

}  // namespace payload
