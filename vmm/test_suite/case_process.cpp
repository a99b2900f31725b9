// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/case_process.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace skiff::test_suite {
namespace {

/// skiff run keeps the time limit itself; what has not ended so long after it hangs.
constexpr std::chrono::seconds kHardLimit{15};
constexpr std::size_t kReadBytes = 64 * 1024;
/// A process that has ended leaves at most a pipe's content (1 MiB), unless it has children that go
/// on writing.
constexpr int kDrainReads = 16;

/// Without the name of the program.
std::string last_line(std::string text) {
    constexpr std::string_view kProgram = "skiff: ";
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    const std::size_t start = text.rfind('\n') + 1;  // 0 where there is none
    return text.substr(start + (text.substr(start).starts_with(kProgram) ? kProgram.size() : 0));
}

bool wants_verbose(const std::vector<std::string>& arguments) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    return std::any_of(arguments.begin(), end, [](const std::string& argument) {
        return argument == "-v" || argument == "--verbose";
    });
}

/// What each case has: the debug exit that test images look for, an end at once when it is told to,
/// and the report that the verdict is made from. The case's own arguments come after and win.
std::vector<std::string> run_words(const TestCase& test, std::chrono::milliseconds timeout,
                                   int report_fd) {
    std::vector<std::string> words = {
        "skiff",
        "run",
        fmt::format("--exit-file=/proc/self/fd/{}", report_fd),
        "--grace=0",
        "--debug-exit",
        fmt::format("--timeout={}.{:03}", timeout.count() / 1000, timeout.count() % 1000)};
    if (!wants_verbose(test.arguments)) {
        words.emplace_back("--quiet");
    }
    words.insert(words.end(), test.arguments.begin(), test.arguments.end());
    return words;
}

}  // namespace

CaseProcess::CaseProcess(EventLoop& loop, const TestCase& test,
                         std::function<void(const Outcome&)> done)
    : loop_(loop),
      test_(test),
      done_(std::move(done)),
      started_(std::chrono::steady_clock::now()),
      output_(test.output),
      hard_limit_(loop, [this] {
          killed_ = true;
          kill();
      }) {}

CaseProcess::~CaseProcess() {
    unwatch(console_);
    unwatch(messages_);
    if (exit_watch_ != 0) {
        loop_.remove(exit_watch_);
    }
}

Result<std::unique_ptr<CaseProcess>> CaseProcess::start(EventLoop& loop, const TestCase& test,
                                                        const Options& options,
                                                        std::function<void(const Outcome&)> done) {
    std::unique_ptr<CaseProcess> process(new CaseProcess(loop, test, std::move(done)));
    if (options.output_base.has_value()) {
        SKIFF_RETURN_IF_ERROR(process->open_files(*options.output_base));
    }
    SKIFF_RETURN_IF_ERROR(process->start_child(options));
    SKIFF_RETURN_IF_ERROR(process->watch());
    if (!process->hard_limit_.start(options.timeout + kHardLimit)) {
        return Error::host("the host has no timer left");
    }
    return process;
}

Result<void> CaseProcess::open_files(const std::string& base) {
    SKIFF_ASSIGN_OR_RETURN(console_.file, ReportFile::create(base + ".console"));
    SKIFF_ASSIGN_OR_RETURN(messages_.file, ReportFile::create(base + ".log"));
    return {};
}

Result<void> CaseProcess::start_child(const Options& options) {
    report_.reset(::memfd_create("exit-report", MFD_CLOEXEC));
    if (!report_.valid()) {
        return Error::host(errno, "cannot make a file in memory");
    }
    Result<ChildProcess> child =
        ChildProcess::start({.path = options.skiff_path,
                             .arguments = run_words(test_, options.timeout, report_.get()),
                             .inherited = {report_.get()},
                             .environment = test_.environment,
                             .folder = test_.folder,
                             .errors = ChildProcess::Errors::kApart});
    if (!child.ok()) {
        return child.error();
    }
    child_.emplace(std::move(child).value());
    return {};
}

Result<void> CaseProcess::watch() {
    SKIFF_RETURN_IF_ERROR(watch_stream(console_, child_->output_fd()));
    SKIFF_RETURN_IF_ERROR(watch_stream(messages_, child_->errors_fd()));
    SKIFF_ASSIGN_OR_RETURN(
        exit_watch_, loop_.add(child_->exit_fd(), EPOLLIN, [this](std::uint32_t) { on_exit(); }));
    return {};
}

Result<void> CaseProcess::watch_stream(Stream& stream, int fd) {
    stream.fd = fd;
    SKIFF_ASSIGN_OR_RETURN(stream.watch, loop_.add(fd, EPOLLIN, [this, &stream](std::uint32_t) {
        if (!read_part(stream)) {
            unwatch(stream);
        }
    }));
    return {};
}

void CaseProcess::unwatch(Stream& stream) {
    if (stream.watch != 0) {
        loop_.remove(stream.watch);
        stream.watch = 0;
    }
}

/// False at the end of the stream.
bool CaseProcess::read_part(Stream& stream) {
    std::array<char, kReadBytes> buffer;  // NOLINT(*-member-init): filled by read()
    const ssize_t got = ::read(stream.fd, buffer.data(), buffer.size());
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    const std::string_view part(buffer.data(), static_cast<std::size_t>(got));
    stream.tail.append(part);
    if (stream.file.has_value()) {
        stream.file->write(part);
    }
    if (&stream == &console_) {
        output_.append(part);
    }
    return got != 0;
}

void CaseProcess::drain(Stream& stream) {
    for (int i = 0; i < kDrainReads && stream.watch != 0; ++i) {
        if (!read_part(stream)) {
            unwatch(stream);
        }
    }
    unwatch(stream);
}

void CaseProcess::on_exit() {
    const std::optional<ChildProcess::End> end = child_->take_end();
    if (!end.has_value()) {
        return;
    }
    loop_.remove(exit_watch_);
    exit_watch_ = 0;
    hard_limit_.stop();
    drain(console_);
    drain(messages_);
    output_.end();
    done_(make_outcome(*end));
}

std::optional<machine::ExitReport> CaseProcess::read_report() const {
    std::array<char, 4096> text{};
    const ssize_t got = ::pread(report_.get(), text.data(), text.size(), 0);
    return got <= 0 ? std::nullopt
                    : machine::parse_exit_report({text.data(), static_cast<std::size_t>(got)});
}

Outcome CaseProcess::make_outcome(const ChildProcess::End& end) {
    Outcome outcome;
    outcome.console = console_.tail.take();
    outcome.messages = messages_.tail.take();
    const Judgement judgement = judge(test_,
                                      {.process = end,
                                       .report = read_report(),
                                       .last_message = last_line(outcome.messages.text),
                                       .killed = killed_},
                                      output_);
    outcome.verdict = judgement.verdict;
    outcome.reason = judgement.reason;
    for (const Stream* stream : {&console_, &messages_}) {
        if (stream->file.has_value() && !stream->file->result().ok()) {
            outcome.verdict = Verdict::kError;
            outcome.reason = stream->file->result().error().message();
        }
    }
    if (!end.by_signal) {
        outcome.status = end.number;
    }
    outcome.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started_);
    return outcome;
}

}  // namespace skiff::test_suite
