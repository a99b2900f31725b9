// SPDX-License-Identifier: Apache-2.0
#include "base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer takes every clone() for a fork, and its thread for the only one of the new
// process; with memory that is shared that is ours from then on. So its interceptor must not see
// this call.
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);
#define SKIFF_CLONE ::__clone
#else
#define SKIFF_CLONE ::clone
#endif

namespace skiff {
namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
constexpr std::size_t kMaxProgramOutput = 4 * 1024 * 1024;

/// What the child works with, in the memory that it shares with us until it has become the program.
struct Start {
    const char* path;
    char* const* arguments;
    char* const* environment;
    const std::vector<int>* inherited;
    int null;
    int output;
    int errors;
    int folder;  ///< -1: ours.
    pid_t parent;
    int error;  ///< An errno value, written by the child.
};

/// In the child: only calls that are safe between fork and exec, and nothing of ours is changed.
/// Not for ThreadSanitizer, which would take the child for the thread whose memory it has.
__attribute__((no_sanitize("thread"))) int become_program(void* argument) {
    auto& start = *static_cast<Start*>(argument);
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) {
        ::sigaction(signal, &usual, nullptr);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != start.parent) {
        return 127;  // we ended before that took effect
    }
    ::setpgid(0, 0);
    ::dup2(start.null, STDIN_FILENO);
    ::dup2(start.output, STDOUT_FILENO);
    ::dup2(start.errors, STDERR_FILENO);
    if (start.folder >= 0 && ::fchdir(start.folder) != 0) {
        start.error = errno;
        return 127;
    }
    for (const int fd : *start.inherited) {
        ::fcntl(fd, F_SETFD, 0);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(start.path, start.arguments, start.environment);
    start.error = errno;
    return 127;
}

/// The child's pidfd; it shares our memory, and we wait, until it has become the program.
UniqueFd clone_into(Start& start) {
    std::vector<char> stack(kStackBytes);
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    // No handler of ours may run in the child.
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    int process = -1;
    const int made = SKIFF_CLONE(become_program, stack.data() + stack.size(),
                                 CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &start, &process);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (made < 0) {
        start.error = error;
        return {};
    }
    return UniqueFd(process);
}

struct Pipe {
    UniqueFd ours;  ///< Does not block.
    UniqueFd theirs;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return Error::host(errno, "cannot make a pipe");
    }
    Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
    if (::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK) != 0) {
        return Error::host(errno, "cannot set up a pipe");
    }
    return pipe;
}

Result<UniqueFd> open_folder(const std::string& path) {
    if (path.empty()) {
        return UniqueFd();
    }
    UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return folder.valid() ? Result<UniqueFd>(std::move(folder))
                          : Error::host(errno, fmt::format("cannot open the folder '{}'", path));
}

/// What execve() takes: pointers into `words`, which stays as it is.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// Our environment with these in place of what has their names.
std::vector<std::string> environment_with(const std::vector<std::string>& added) {
    std::vector<std::string> result = added;
    for (char* const* entry = environ; *entry != nullptr; ++entry) {
        const std::string_view ours = *entry;
        const std::string_view name = ours.substr(0, ours.find('=') + 1);
        if (std::none_of(added.begin(), added.end(),
                         [&](const std::string& text) { return text.starts_with(name); })) {
            result.emplace_back(ours);
        }
    }
    return result;
}

}  // namespace

std::string find_program(const std::string& name) {
    const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
    if (name.find('/') != std::string::npos) {
        return runs(name) ? name : std::string();
    }
    const char* const path = std::getenv("PATH");
    std::string_view folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!folders.empty()) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        std::string candidate = std::string(folders.substr(0, end)) + "/" + name;
        if (end != 0 && runs(candidate)) {
            return candidate;
        }
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return {};
}

Result<ChildProcess> ChildProcess::start(const Options& options) {
    SKIFF_ASSIGN_OR_RETURN(Pipe output, make_pipe());
    Pipe errors;
    if (options.errors == Errors::kApart) {
        SKIFF_ASSIGN_OR_RETURN(errors, make_pipe());
    }
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.valid()) {
        return Error::host(errno, "cannot open /dev/null");
    }
    SKIFF_ASSIGN_OR_RETURN(const UniqueFd folder, open_folder(options.folder));
    std::vector<std::string> words = options.arguments;
    std::vector<std::string> variables = environment_with(options.environment);
    const std::vector<char*> arguments = pointers_to(words);
    const std::vector<char*> environment = pointers_to(variables);
    const bool apart = options.errors == Errors::kApart;
    Start start{.path = options.path.c_str(),
                .arguments = arguments.data(),
                .environment = environment.data(),
                .inherited = &options.inherited,
                .null = null.get(),
                .output = output.theirs.get(),
                .errors = apart ? errors.theirs.get() : output.theirs.get(),
                .folder = folder.get(),
                .parent = ::getpid(),
                .error = 0};
    ChildProcess child(clone_into(start), std::move(output.ours), std::move(errors.ours));
    if (start.error != 0) {
        return Error::host(start.error, fmt::format("cannot run {}", options.path));
    }
    return child;
}

std::string ChildProcess::End::describe() const {
    return by_signal ? fmt::format("signal {} ({})", number, ::strsignal(number))
                     : fmt::format("status {}", number);
}

std::optional<ChildProcess::End> ChildProcess::take_end() {
    siginfo_t info{};
    if (!process_.valid() ||
        ::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED | WNOHANG) != 0 ||
        info.si_pid == 0) {
        return std::nullopt;
    }
    process_.reset();
    return End{.by_signal = info.si_code != CLD_EXITED, .number = info.si_status};
}

void ChildProcess::signal(int number) const {
    if (process_.valid()) {
        ::syscall(SYS_pidfd_send_signal, process_.get(), number, nullptr, 0);
    }
}

Result<ProgramOutput> run_program(const ChildProcess::Options& options,
                                  std::chrono::milliseconds limit) {
    using std::chrono::steady_clock;
    SKIFF_ASSIGN_OR_RETURN(ChildProcess child, ChildProcess::start(options));
    const auto deadline = steady_clock::now() + limit;
    ProgramOutput output;
    bool says_more = true;
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
        // First all that it says, then its end.
        pollfd wait{};
        wait.fd = says_more ? child.output_fd() : child.exit_fd();
        wait.events = POLLIN;
        if (left.count() <= 0 || output.text.size() > kMaxProgramOutput ||
            (::poll(&wait, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)) {
            return Error::host(
                fmt::format("{} does not end, or says too much: stopped", options.path));
        }
        std::array<char, 4096> part;
        const ssize_t got = says_more ? ::read(child.output_fd(), part.data(), part.size()) : 0;
        if (got > 0) {
            output.text.append(part.data(), static_cast<std::size_t>(got));
            continue;
        }
        says_more = says_more && got < 0 && (errno == EAGAIN || errno == EINTR);
        if (says_more) {
            continue;
        }
        if (auto end = child.take_end()) {
            output.end = *end;
            return output;
        }
    }
}

void ChildProcess::kill() {
    if (!process_.valid()) {
        return;
    }
    signal(SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED) != 0 &&
           errno == EINTR) {
    }
    process_.reset();
}

}  // namespace skiff
