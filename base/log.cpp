// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "base/line_file.h"

namespace skiff::log {
namespace {

std::atomic<Level> current_level{Level::kWarning};
std::atomic<bool> raw_terminal{false};

constexpr const char* kStderrPattern = "skiff: %v";

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

/// "2026-01-31T12:00:00.123456+0000 [id:thread:level] message".
std::string file_pattern(const Options& options) {
    std::string id;
    for (const char c : options.instance_id) {
        id += c == '%' ? "%%" : std::string(1, c);
    }
    return fmt::format("%Y-%m-%dT%H:%M:%S.%f%z [{}%t{}] %v", id.empty() ? id : id + ":",
                       options.show_level ? ":%l" : "");
}

class LineFileSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit LineFileSink(LineFile file) : file_(std::move(file)) {}
    std::uint64_t lost_lines() const { return file_.lost_lines(); }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        static_cast<void>(file_.write({line.data(), line.size()}));
    }
    void flush_() override {}

  private:
    LineFile file_;
};

/// The log's file; null where it goes to stderr.
std::shared_ptr<LineFileSink>& file_sink() {
    static std::shared_ptr<LineFileSink> instance;
    return instance;
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
    SKIFF_ASSIGN_OR_RETURN(LineFile file, LineFile::open(options.file_path, "the log file"));
    file_sink() = std::make_shared<LineFileSink>(std::move(file));
    auto file_logger = std::make_shared<spdlog::logger>("skiff", file_sink());
    file_logger->set_pattern(file_pattern(options));
    file_logger->set_level(spdlog::level::trace);
    logger() = std::move(file_logger);
    return {};
}

std::uint64_t lost_lines() {
    return file_sink() == nullptr ? 0 : file_sink()->lost_lines();
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
