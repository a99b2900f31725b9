// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <pthread.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "base/json_writer.h"
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

/// "2026-01-31T12:00:00.123456+00:00 [id:thread:level] message".
std::string text_pattern(const Options& options) {
    std::string id;
    for (const char c : options.instance_id) {
        id += c == '%' ? "%%" : std::string(1, c);
    }
    return fmt::format("%Y-%m-%dT%H:%M:%S.%f%z [{}%t{}] %v", id.empty() ? id : id + ":",
                       options.show_level ? ":%l" : "");
}

/// The members that json_members() completes.
constexpr const char* kJsonPattern =
    R"({"timestamp":"%Y-%m-%dT%H:%M:%S.%f%z","level":"%l","thread":%t,%v})";

std::string thread_name() {
    std::array<char, 16> name{};
    return ::pthread_getname_np(::pthread_self(), name.data(), name.size()) == 0 ? name.data() : "";
}

std::string json_members(const std::string& instance_id, std::string_view message) {
    return fmt::format(
        R"({}"thread_name":{},"message":{})",
        instance_id.empty() ? "" : fmt::format(R"("id":{},)", json_quoted(instance_id)),
        json_quoted(thread_name()), json_quoted(message));
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Makes control characters visible; a line break of our own messages becomes `line_break`.
std::string printable(std::string_view message, std::string_view line_break) {
    std::string text;
    text.reserve(message.size() + 1);
    for (const char c : message) {
        if (c == '\n') {
            text += line_break;
        } else if (c == '\t') {
            text += c;
        } else if (is_control(c)) {
            text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            text += c;
        }
    }
    return text;
}

/// Where all messages end up; what configure() says may change under way.
class Sink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    Sink() { set_formatter_(std::make_unique<spdlog::pattern_formatter>(kStderrPattern)); }

    Result<void> configure(const Options& options) {
        std::unique_ptr<LineFile> file = LineFile::standard_error();
        if (!options.file_path.empty()) {
            SKIFF_ASSIGN_OR_RETURN(file, LineFile::open(options.file_path, "the log file"));
        }
        const bool is_json = options.format == Format::kJson;
        const std::lock_guard lock(mutex_);
        set_formatter_(std::make_unique<spdlog::pattern_formatter>(is_json ? kJsonPattern
                                                                   : options.file_path.empty()
                                                                       ? kStderrPattern
                                                                       : text_pattern(options)));
        lost_before_ += file_->lost_lines();
        file_ = std::move(file);
        is_json_ = is_json;
        is_stderr_ = options.file_path.empty();
        instance_id_ = options.instance_id;
        return {};
    }

    std::uint64_t lost_lines() {
        const std::lock_guard lock(mutex_);
        return lost_before_ + file_->lost_lines();
    }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        tell_of_lost_lines();
        if (!write(message)) {
            ++untold_;
        }
    }
    void flush_() override {}

  private:
    /// Before the first line that the reader takes again.
    void tell_of_lost_lines() {
        if (untold_ == 0) {
            return;
        }
        const std::string text =
            fmt::format("{} lines of the log were lost here: they were not read in time", untold_);
        if (write({{}, spdlog::level::warn, text})) {
            untold_ = 0;
        }
    }

    bool write(const spdlog::details::log_msg& message) {
        const std::string text = payload({message.payload.data(), message.payload.size()});
        spdlog::details::log_msg changed = message;
        changed.payload = text;
        spdlog::memory_buf_t line;
        formatter_->format(changed, line);
        if (is_json_ && is_on_raw_terminal()) {  // another kind of line has its own in the payload
            line.resize(line.size() - 1);
            line.append(std::string_view("\r\n"));
        }
        return file_->write({line.data(), line.size()});
    }

    bool is_on_raw_terminal() const {
        return is_stderr_ && raw_terminal.load(std::memory_order_relaxed);
    }

    std::string payload(std::string_view message) const {
        if (is_json_) {
            return json_members(instance_id_, message);
        }
        if (is_on_raw_terminal()) {
            return printable(message, "\r\n") + '\r';
        }
        return printable(message, "\n");
    }

    // All guarded by mutex_.
    std::unique_ptr<LineFile> file_ = LineFile::standard_error();
    std::uint64_t lost_before_ = 0;
    std::uint64_t untold_ = 0;
    bool is_json_ = false;
    bool is_stderr_ = true;
    std::string instance_id_;
};

struct Log {
    std::shared_ptr<Sink> sink = std::make_shared<Sink>();
    spdlog::logger logger{"skiff", sink};

    Log() { logger.set_level(spdlog::level::trace); }
};

Log& the_log() {
    static Log instance;
    return instance;
}

}  // namespace

Result<void> configure(const Options& options) {
    SKIFF_RETURN_IF_ERROR(the_log().sink->configure(options));
    current_level.store(options.level, std::memory_order_relaxed);
    return {};
}

std::uint64_t lost_lines() {
    return the_log().sink->lost_lines();
}

bool enabled(Level level) {
    return level >= current_level.load(std::memory_order_relaxed) && level != Level::kOff;
}

void write(Level level, std::string_view message) {
    if (enabled(level)) {
        the_log().logger.log(to_spdlog(level), "{}", message);
    }
}

void set_raw_terminal(bool raw) {
    raw_terminal.store(raw, std::memory_order_relaxed);
}

}  // namespace skiff::log
