// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace skiff::log {
namespace {

std::atomic<Level> current_level{Level::kWarning};
std::atomic<bool> raw_terminal{false};

constexpr const char* kStderrPattern = "skiff: %v";
constexpr const char* kFilePattern = "%Y-%m-%dT%H:%M:%S.%f%z %t %l %v";

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::kTrace:
            return spdlog::level::trace;
        case Level::kDebug:
            return spdlog::level::debug;
        case Level::kInfo:
            return spdlog::level::info;
        case Level::kWarning:
            return spdlog::level::warn;
        case Level::kError:
            return spdlog::level::err;
        case Level::kOff:
            return spdlog::level::off;
    }
    return spdlog::level::off;
}

std::shared_ptr<spdlog::logger> make_stderr_logger() {
    auto logger = std::make_shared<spdlog::logger>(
        "skiff", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern(kStderrPattern);
    logger->set_level(spdlog::level::trace);
    return logger;
}

std::shared_ptr<spdlog::logger>& logger() {
    static std::shared_ptr<spdlog::logger> instance = make_stderr_logger();
    return instance;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Makes control characters visible; a line break of our own messages becomes a new line that
/// begins at the left also in a raw terminal.
std::string printable(std::string_view message) {
    std::string text;
    text.reserve(message.size() + 1);
    for (const char c : message) {
        if (c == '\n') {
            text += raw_terminal.load(std::memory_order_relaxed) ? "\r\n" : "\n";
        } else if (c == '\t') {
            text += c;
        } else if (is_control(c)) {
            text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            text += c;
        }
    }
    if (raw_terminal.load(std::memory_order_relaxed)) {
        text += '\r';
    }
    return text;
}

}  // namespace

Result<void> configure(const Options& options) {
    current_level.store(options.level, std::memory_order_relaxed);
    if (options.file_path.empty()) {
        return {};
    }
    try {
        auto file_logger = std::make_shared<spdlog::logger>(
            "skiff", std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file_path));
        file_logger->set_pattern(kFilePattern);
        file_logger->set_level(spdlog::level::trace);
        file_logger->flush_on(spdlog::level::trace);
        logger() = std::move(file_logger);
    } catch (const spdlog::spdlog_ex& failure) {
        return Error::user(
            fmt::format("cannot open the log file {}: {}", options.file_path, failure.what()));
    }
    return {};
}

bool enabled(Level level) {
    return level >= current_level.load(std::memory_order_relaxed) && level != Level::kOff;
}

void write(Level level, std::string_view message) {
    if (enabled(level)) {
        logger()->log(to_spdlog(level), "{}", printable(message));
    }
}

void set_raw_terminal(bool raw) {
    raw_terminal.store(raw, std::memory_order_relaxed);
}

}  // namespace skiff::log
