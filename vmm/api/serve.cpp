// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/serve.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/log_rotation.h"
#include "base/unique_fd.h"
#include "vmm/machine/console_tap.h"

namespace skiff::api {
namespace {

using machine::ExitReason;
using machine::Machine;

/// What the main thread does while there is no machine: waits for a client's InstanceStart or
/// shutdown, or for a signal that ends the process. The signals stay blocked from its making on: so
/// they are in the API's thread, and the machine's own StopController finds those that come in
/// between.
class StartWait {
  public:
    static Result<StartWait> create();

    /// Ends wait(). Any thread.
    void client_wants_something() const { ::eventfd_write(wanted_.get(), 1); }
    /// The signal that came, or 0 where a client wants something.
    unsigned wait() const;

  private:
    StartWait(UniqueFd signals, UniqueFd wanted)
        : signals_(std::move(signals)), wanted_(std::move(wanted)) {}

    UniqueFd signals_;
    UniqueFd wanted_;
};

Result<StartWait> StartWait::create() {
    sigset_t mask;
    ::sigemptyset(&mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaddset(&mask, signal);
    }
    SKIFF_CHECK(::pthread_sigmask(SIG_BLOCK, &mask, nullptr) == 0);
    UniqueFd signals(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
    UniqueFd wanted(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!signals.valid() || !wanted.valid()) {
        return Error::host(errno, "cannot create a signalfd and an eventfd");
    }
    return StartWait(std::move(signals), std::move(wanted));
}

unsigned StartWait::wait() const {
    while (true) {
        std::array<pollfd, 2> both = {pollfd{signals_.get(), POLLIN, 0},
                                      pollfd{wanted_.get(), POLLIN, 0}};
        const int ready = ::poll(both.data(), both.size(), -1);
        SKIFF_CHECK(ready > 0 || errno == EINTR);
        signalfd_siginfo signal{};
        if (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
            if (signal.ssi_signo != SIGHUP || !hang_up_means_rotation()) {
                return signal.ssi_signo;
            }
            rotate_logs();
        }
        eventfd_t count = 0;
        if (::eventfd_read(wanted_.get(), &count) == 0) {
            return 0;
        }
    }
}

/// Builds and runs the machine that a client wants. Nothing where it cannot be built, which the
/// client is told: it may try again.
std::optional<ExitReason> run_wanted(Instance& instance, bool boot_timer) {
    std::optional<machine::MachineConfig> config = instance.wanted();
    if (!config.has_value()) {
        return std::nullopt;
    }
    if (boot_timer) {
        config->boot_timer = devices::BootTimer::Start::now();
    }
    config->console_tap = std::make_shared<machine::ConsoleTap>();
    const Result<std::unique_ptr<Machine>> machine = Machine::create(*config);
    if (!machine.ok()) {
        log::error("{}", machine.error().message());
        instance.failed(machine.error());
        return std::nullopt;
    }
    (*machine)->send_events_to(&instance.events());
    ExitReason reason = (*machine)->run(
        [&] { instance.started((*machine)->control(), (*machine)->console_tap()); });
    instance.end(reason);  // from here on no command reaches the machine
    return reason;
}

/// Serves until a guest has run, or something else ends the process.
ExitReason wait_and_run(Instance& instance, const StartWait& start_wait, bool boot_timer) {
    while (true) {
        if (const unsigned signal = start_wait.wait(); signal != 0) {
            return {.kind = ExitReason::Kind::kSignal, .value = signal, .detail = {}, .vcpu = {}};
        }
        if (instance.quit_is_wanted()) {
            return {.kind = ExitReason::Kind::kUserQuit, .value = 0, .detail = {}, .vcpu = {}};
        }
        if (const auto reason = run_wanted(instance, boot_timer)) {
            return *reason;
        }
    }
}

}  // namespace

Result<ExitReason> run_described(Machine& machine, VmDescription description,
                                 const std::optional<ApiOptions>& options) {
    Instance instance(std::move(description));
    SKIFF_RETURN_IF_ERROR(instance.open_metrics());
    std::unique_ptr<ApiServer> server;
    if (options.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(server, ApiServer::create(*options, instance));
        instance.serving(options->launch);
    }
    machine.send_events_to(&instance.events());
    ExitReason reason = machine.run([&] {
        instance.started(machine.control(), machine.console_tap());
        if (server) {
            server->start();
        }
    });
    machine.send_events_to(nullptr);
    instance.end(reason);
    if (server) {
        server->finish();
    }
    return reason;
}

Result<ExitReason> serve(const ServeOptions& options) {
    SKIFF_ASSIGN_OR_RETURN(const StartWait start_wait, StartWait::create());
    Instance instance(options.description);
    SKIFF_RETURN_IF_ERROR(instance.open_metrics());
    instance.on_start([&start_wait] { start_wait.client_wants_something(); });
    SKIFF_ASSIGN_OR_RETURN(const std::unique_ptr<ApiServer> server,
                           ApiServer::create(options.api, instance));
    instance.serving(options.api.launch);
    server->start();
    ExitReason reason = wait_and_run(instance, start_wait, options.boot_timer);
    instance.end(reason);  // where no machine has ended
    server->finish();
    return reason;
}

}  // namespace skiff::api
