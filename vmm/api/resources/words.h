// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "vmm/api/resources/resources.h"
#include "vmm/api/text/object_reader.h"

/// The words that stand for values, for parsing and writing alike.
namespace skiff::api {

inline constexpr std::array kHugePagesWords = {
    Choice<MachineShape::HugePages>{"None", MachineShape::HugePages::kNone},
    Choice<MachineShape::HugePages>{"Transparent", MachineShape::HugePages::kTransparent},
    Choice<MachineShape::HugePages>{"2M", MachineShape::HugePages::k2M},
};
inline constexpr std::array kCpuTemplateWords = {
    Choice<machine::StaticCpuTemplate>{"None", machine::StaticCpuTemplate::kNone},
    Choice<machine::StaticCpuTemplate>{"C3", machine::StaticCpuTemplate::kC3},
    Choice<machine::StaticCpuTemplate>{"T2", machine::StaticCpuTemplate::kT2},
    Choice<machine::StaticCpuTemplate>{"T2S", machine::StaticCpuTemplate::kT2S},
    Choice<machine::StaticCpuTemplate>{"T2CL", machine::StaticCpuTemplate::kT2CL},
    Choice<machine::StaticCpuTemplate>{"T2A", machine::StaticCpuTemplate::kT2A},
};
inline constexpr std::array kCacheTypeWords = {
    Choice<Drive::CacheType>{"Unsafe", Drive::CacheType::kUnsafe},
    Choice<Drive::CacheType>{"Writeback", Drive::CacheType::kWriteback},
};
inline constexpr std::array kIoEngineWords = {
    Choice<Drive::IoEngine>{"Sync", Drive::IoEngine::kSync},
    Choice<Drive::IoEngine>{"Async", Drive::IoEngine::kAsync},
};
inline constexpr std::array kMmdsVersionWords = {
    Choice<MmdsConfig::Version>{"V1", MmdsConfig::Version::kV1},
    Choice<MmdsConfig::Version>{"V2", MmdsConfig::Version::kV2},
};
inline constexpr std::array kActionWords = {
    Choice<Action>{"InstanceStart", Action::kInstanceStart},
    Choice<Action>{"SendCtrlAltDel", Action::kSendCtrlAltDel},
    Choice<Action>{"FlushMetrics", Action::kFlushMetrics},
};
inline constexpr std::array kStateWords = {
    Choice<StateChange>{"Paused", StateChange::kPause},
    Choice<StateChange>{"Resumed", StateChange::kResume},
};
inline constexpr std::array kLevelWords = {
    Choice<Logger::Level>{"Off", Logger::Level::kOff},
    Choice<Logger::Level>{"Trace", Logger::Level::kTrace},
    Choice<Logger::Level>{"Debug", Logger::Level::kDebug},
    Choice<Logger::Level>{"Info", Logger::Level::kInfo},
    Choice<Logger::Level>{"Warning", Logger::Level::kWarning},
    Choice<Logger::Level>{"Error", Logger::Level::kError},
};
inline constexpr std::array kLogFormatWords = {
    Choice<Logger::Format>{"Text", Logger::Format::kText},
    Choice<Logger::Format>{"Json", Logger::Format::kJson},
};

/// The word for a value, which has one.
template <typename Choices, typename T>
std::string_view word_for(const Choices& choices, T value) {
    const auto found = std::find_if(choices.begin(), choices.end(),
                                    [value](const auto& choice) { return choice.value == value; });
    SKIFF_CHECK(found != choices.end());
    return found->word;
}

}  // namespace skiff::api
