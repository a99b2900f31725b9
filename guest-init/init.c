// SPDX-License-Identifier: Apache-2.0
//
// PID 1 of a guest that runs one command (docs/run-command.md): does what the orders say, moves the
// command's streams between it and the host, and ends the machine with the command's status.
//
// In C without a libc because each exec, and each page of a larger binary, is expensive where a
// hypervisor emulates the guest's kernel mode.

#include "guest-init/command_orders.h"
#include "guest-init/devices.h"
#include "guest-init/file_systems.h"
#include "guest-init/kernel.h"
#include "guest-init/machine_control.h"
#include "guest-init/orders.h"
#include "guest-init/streams.h"

#define STATUS_IMPOSSIBLE 125
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

enum place { ON_PORTS, ON_SERIAL_PORT, ON_TERMINAL };

static long command_process;
static int command_status = -1;  // until it has ended

// --- signals

#define SA_RESTORER 0x04000000

struct kernel_signal_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

__asm__(
    "return_from_signal:\n"
    "    mov $15, %eax\n"  // rt_sigreturn
    "    syscall\n");
extern void return_from_signal(void);

static void on_child(int signal) {
    (void)signal;  // it only interrupts what waits
}

static void set_signal_handler(int signal, void (*handler)(int)) {
    struct kernel_signal_action action = {
        .handler = handler, .flags = SA_RESTORER, .restorer = return_from_signal, .mask = 0};
    CALL4(rt_sigaction, signal, &action, 0, sizeof action.mask);
}

static const unsigned long no_signals = 0;
static const unsigned long child_signal = 1UL << (SIGCHLD - 1);

// --- the end

static void end_machine(int command_state) {
    CALL0(sync);
    write_machine_control(SKIFF_COMMAND_REGISTER, command_state);
    // The host has ended us by now. A host that does not know the register sees a reset.
    CALL4(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, 0);
    for (;;) {
        CALL0(pause);
    }
}

// For what is wrong before the command has its streams: a line on the console.
static void give_up(const char* what) {
    write_text(2, "skiff: the guest cannot ");
    write_text(2, what);
    write_text(2, "\n");
    end_machine(SKIFF_COMMAND_IMPOSSIBLE);
}

// A kernel that found no console leaves 0, 1 and 2 free for what is opened next.
static void fill_standard_descriptors(void) {
    long fd = 0;
    while (fd >= 0 && fd < 3) {
        fd = CALL3(open, "/", O_RDONLY, 0);
    }
    CALL1(close, fd);
}

// --- the command

static const char* reason_of(long error) {
    switch (-error) {
        case ENOENT:
            return "it, or the interpreter or loader that it names, is not in the guest";
        case EACCES:
            return "permission denied";
        case ENOEXEC:
            return "this kernel cannot execute its format";
        case ENOMEM:
            return "the guest has too little memory";
        case E2BIG:
            return "its arguments are too long";
        default:
            return "the kernel refuses";
    }
}

// Becomes the command. What is wrong goes to its standard error.
static void become_command(const struct orders* orders) {
    static const int defaults[] = {SIGPIPE, SIGCHLD};
    for (unsigned i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        set_signal_handler(defaults[i], SIG_DFL);
    }
    CALL4(rt_sigprocmask, SIG_SETMASK, &no_signals, 0, sizeof no_signals);
    if (CALL1(chdir, orders->working_folder) != 0) {
        write_text(2, "skiff: the guest has no folder ");
        write_text(2, orders->working_folder);
        write_text(2, "\n");
        CALL1(exit_group, STATUS_IMPOSSIBLE);
    }
    long error = CALL3(execve, orders->program, orders->arguments, orders->environment);
    write_text(2, "skiff: cannot run ");
    write_text(2, orders->program);
    write_text(2, " in the guest: ");
    write_text(2, reason_of(error));
    write_text(2, "\n");
    CALL1(exit_group, error == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

static int status_of(int wait_status) {
    int signal = wait_status & 0x7f;
    return signal != 0 ? 128 + signal : (wait_status >> 8) & 0xff;
}

// Takes the ends of all processes that have ended: ours, and those whose parents have gone.
static long reap(void) {
    int status = 0;
    long process;
    while ((process = CALL4(wait4, -1, &status, WNOHANG, 0)) > 0) {
        if (process == command_process) {
            command_status = status_of(status);
        }
    }
    return process;
}

// What the command has left running; its output ends with it. One that cannot be killed (it waits
// for a disk that does not answer) is left.
static void end_other_processes(void) {
    CALL2(kill, -1, SIGKILL);
    for (int tries = 0; tries < 100 && reap() != -ECHILD; tries++) {
        sleep_milliseconds(10);
    }
}

static void start_command(const struct orders* orders, const struct command_ends* ends) {
    command_process = CALL0(fork);
    if (command_process == 0) {
        if (ends != NULL_POINTER) {
            CALL0(setsid);
            take_command_ends(ends);
        }
        become_command(orders);
    }
    if (command_process < 0) {
        give_up("make a process");
    }
}

// --- the two ways to run it

static void run_on_streams(const struct orders* orders, enum place place) {
    static struct command_ends ends;
    if (place == ON_PORTS && !open_streams_on_ports(&ends)) {
        give_up("open the ports of the virtio console");
    }
    // Nothing of the kernel's may come behind this that it has printed before.
    write_machine_control(SKIFF_COMMAND_REGISTER,
                          place == ON_PORTS ? SKIFF_COMMAND_ON_PORTS : SKIFF_COMMAND_ON_SERIAL);
    if (place == ON_SERIAL_PORT && !open_streams_on_serial_port(&ends)) {
        give_up("open its serial port");
    }
    start_command(orders, &ends);
    close_command_ends(&ends);
    while (reap(), command_status < 0) {
        move_streams(&no_signals);
    }
    end_input();
    end_other_processes();
    while (has_output()) {
        move_streams(NULL_POINTER);
    }
    drain_output();
}

// PID 1 leads the terminal's session itself: when a leader ends, the terminal is hung up and loses
// the output that it has not sent yet.
static void run_on_terminal(const struct orders* orders, int on_hvc) {
    long terminal = on_hvc ? open_coming_device("/dev/hvc0", O_RDWR)
                           : CALL3(open, "/dev/ttyS0", O_RDWR | O_CLOEXEC, 0);
    if (terminal < 0) {
        give_up("open a terminal");
    }
    write_machine_control(SKIFF_COMMAND_REGISTER,
                          on_hvc ? SKIFF_COMMAND_ON_HVC : SKIFF_COMMAND_ON_SERIAL);
    CALL0(setsid);
    CALL3(ioctl, terminal, TIOCSCTTY, 1);
    if (!on_hvc) {
        unsigned short size[4] = {(unsigned short)orders->rows, (unsigned short)orders->columns};
        CALL3(ioctl, terminal, TIOCSWINSZ, size);
    }
    for (long fd = 0; fd < 3; fd++) {
        CALL3(dup3, terminal, fd, 0);
    }
    start_command(orders, NULL_POINTER);
    while (reap(), command_status < 0) {
        CALL5(ppoll, 0, 0, 0, &no_signals, sizeof no_signals);
    }
    end_other_processes();
    CALL3(ioctl, terminal, TCSBRK, 1);  // tcdrain
}

// On the serial port, kernel messages would be in between the command's output: emergencies only.
static void set_console_log_level(const struct orders* orders, enum place place) {
    enum { kConsoleLevel = 8, kEmergenciesOnly = 1 };
    if (orders->log_level >= 0) {
        CALL3(syslog, kConsoleLevel, 0,
              place == ON_SERIAL_PORT ? kEmergenciesOnly : orders->log_level);
    }
}

__attribute__((noreturn, used)) static void init_main(long* stack) {
    static struct orders orders;
    (void)stack;
    fill_standard_descriptors();
    CALL1(umask, 0);
    if (!read_orders(&orders)) {
        give_up("read " SKIFF_ORDERS_PATH);
    }
    const char* failed =
        orders.root_disk == NULL_POINTER ? NULL_POINTER : change_root(orders.root_disk);
    const int has_ports = mount_pseudo_file_systems() && has_virtio_console();
    if (!find_machine_control()) {
        give_up("reach its power control (CONFIG_DEVPORT or CONFIG_DEVMEM)");
    }
    if (failed != NULL_POINTER) {
        give_up(failed);
    }
    make_folders(orders.working_folder);
    start_loopback();
    CALL2(sethostname, "guest", 5);
    CALL1(umask, 022);
    CALL4(rt_sigprocmask, SIG_BLOCK, &child_signal, 0, sizeof child_signal);
    set_signal_handler(SIGCHLD, on_child);
    set_signal_handler(SIGPIPE, SIG_IGN);
    const enum place place = orders.wants_terminal ? ON_TERMINAL
                             : has_ports           ? ON_PORTS
                                                   : ON_SERIAL_PORT;
    set_console_log_level(&orders, place);
    if (place == ON_TERMINAL) {
        run_on_terminal(&orders, has_ports);
    } else {
        run_on_streams(&orders, place);
    }
    write_machine_control(SKIFF_EXIT_STATUS_REGISTER, command_status);
    end_machine(SKIFF_COMMAND_ENDED);
    __builtin_unreachable();
}

START(init_main)
