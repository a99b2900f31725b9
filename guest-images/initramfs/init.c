// SPDX-License-Identifier: Apache-2.0
//
// PID 1 of the guest images: mounts the pseudo file systems, prints "GUEST-READY uptime=…", runs
// guest_cmd="…" from the kernel command line (the kernel puts it into our environment) or a shell
// on the console, and ends the machine with the status of what it ran.
//
// In C without a libc because each exec, and each page of a larger binary, is expensive where a
// hypervisor emulates the guest's kernel mode. See docs/guest-images.md.

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <linux/wait.h>

#include "system_call.h"

// skiff's power control page; under another VMM nothing is there, and the write has no effect.
#define POWER_CONTROL_PAGE 0xfe000000L
#define EXIT_STATUS_REGISTER 3

enum ending { ENDING_POWER_OFF, ENDING_RESET };

static int starts_with(const char* text, const char* prefix) {
    while (*prefix != 0) {
        if (*text++ != *prefix++) {
            return 0;
        }
    }
    return 1;
}

static void say(const char* text) {
    CALL3(write, 1, text, length(text));
}

static void mount_at(const char* type, const char* where, long flags) {
    // Already mounted (the kernel mounts devtmpfs on a disk's /dev) or not configured: go on.
    call(__NR_mount, (long)type, (long)where, (long)type, flags, 0, 0);
}

static void print_ready_line(void) {
    char line[64] = "GUEST-READY uptime=";
    long used = length(line);
    long fd = CALL3(open, "/proc/uptime", O_RDONLY | O_CLOEXEC, 0);
    long got = fd < 0 ? 0 : CALL3(read, fd, line + used, (long)sizeof line - used - 2);
    for (long i = 0; i < got && line[used] != ' '; i++) {
        used++;
    }
    line[used] = '\n';
    CALL3(write, 1, line, used + 1);
}

// The console opened through /dev/console cannot be a controlling terminal; the device behind it
// can.
static long open_console_terminal(void) {
    char path[64] = "/dev/";
    long used = 5;
    long fd = CALL3(open, "/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        return fd;
    }
    char names[48];
    long got = CALL3(read, fd, names, sizeof names);
    CALL1(close, fd);
    // Several consoles: /dev/console is the last one of the list.
    long begin = 0;
    for (long i = 0; i + 1 < got; i++) {
        if (names[i] == ' ') {
            begin = i + 1;
        }
    }
    for (long i = begin; i < got && names[i] != '\n'; i++) {
        path[used++] = names[i];
    }
    path[used] = 0;
    return CALL3(open, path, O_RDWR, 0);
}

// PID 1 leads the console's session itself: when a leader ends, the terminal is hung up and loses
// the output that it has not sent yet.
static void become_session_leader(void) {
    CALL0(setsid);
    long terminal = open_console_terminal();
    if (terminal < 0) {
        return;  // no job control then; the inherited /dev/console still works
    }
    CALL3(ioctl, terminal, TIOCSCTTY, 1);
    for (long fd = 0; fd < 3; fd++) {
        CALL2(dup2, terminal, fd);
    }
    if (terminal > 2) {
        CALL1(close, terminal);
    }
}

static void run_shell(const char* guest_cmd, char** environment) {
    char* interactive[] = {"-sh", 0};  // a login shell: it reads /etc/profile
    char* command[] = {"sh", "-c", (char*)guest_cmd, 0};
    CALL3(execve, "/bin/busybox", guest_cmd != 0 ? command : interactive, environment);
    say("init: cannot run /bin/busybox\n");
    CALL1(exit_group, 127);
}

static void copy_environment(char** from, char** to, int size) {
    int n = 0;
    to[n++] = "PATH=/bin:/sbin:/usr/bin:/usr/sbin";
    to[n++] = "HOME=/root";
    for (; *from != 0 && n < size - 1; from++) {
        if (!starts_with(*from, "PATH=") && !starts_with(*from, "HOME=")) {
            to[n++] = *from;
        }
    }
    to[n] = 0;
}

static int exit_status_of(int wait_status) {
    int signal = wait_status & 0x7f;
    return signal != 0 ? 128 + signal : (wait_status >> 8) & 0xff;
}

// Reaps until `child` ends or a signal (busybox poweroff, halt: SIGUSR2, SIGUSR1; reboot: SIGTERM)
// asks for the end of the machine. The signals are blocked, so none of them is missed.
static int wait_for_end(long child, unsigned long signals, enum ending* ending) {
    for (;;) {
        long signal = CALL4(rt_sigtimedwait, &signals, 0, 0, sizeof signals);
        if (signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGTERM) {
            *ending = signal == SIGTERM ? ENDING_RESET : ENDING_POWER_OFF;
            return 0;
        }
        int status = 0;
        long pid;
        while ((pid = CALL4(wait4, -1, &status, WNOHANG, 0)) > 0) {
            if (pid == child) {
                return exit_status_of(status);
            }
        }
    }
}

static void report_exit_status(int status) {
    if (status == 0) {
        return;
    }
    long fd = CALL3(open, "/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    long page =
        call(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, POWER_CONTROL_PAGE);
    if (page > 0) {
        *(volatile unsigned char*)(page + EXIT_STATUS_REGISTER) = (unsigned char)status;
    }
}

// Every other process ends; one that cannot (it waits for a disk that does not answer) is left.
static void end_processes(void) {
    CALL2(kill, -1, SIGKILL);
    for (int tries = 0; tries < 100; tries++) {
        long pid;
        while ((pid = CALL4(wait4, -1, 0, WNOHANG, 0)) > 0) {
        }
        if (pid < 0) {
            return;  // ECHILD: none is left
        }
        long ten_milliseconds[2] = {0, 10000000};
        CALL2(nanosleep, ten_milliseconds, 0);
    }
}

static void end_machine(enum ending ending) {
    end_processes();
    CALL3(ioctl, 1, TCSBRK, 1);  // tcdrain: a reset would lose what the console has not sent yet
    CALL0(sync);
    call(__NR_mount, 0, (long)"/", 0, MS_REMOUNT | MS_RDONLY, 0, 0);  // leaves a disk clean
    // A kernel without ACPI can only halt when it is asked to power off: reset it instead, which
    // ends the VMM just as well.
    int has_acpi = CALL2(access, "/sys/firmware/acpi/tables/FACP", 0) == 0;
    int command = ending == ENDING_POWER_OFF && has_acpi ? (int)LINUX_REBOOT_CMD_POWER_OFF
                                                         : (int)LINUX_REBOOT_CMD_RESTART;
    CALL4(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, (unsigned int)command, 0);
    for (;;) {
        CALL0(pause);
    }
}

static unsigned long signal_bit(int signal) {
    return 1UL << (signal - 1);
}

__attribute__((noreturn, used)) static void init_main(long* stack) {
    char** environment = (char**)(stack + 1 + stack[0] + 1);
    mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    mount_at("devtmpfs", "/dev", MS_NOSUID);
    mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV);
    CALL2(sethostname, "guest", 5);
    print_ready_line();

    const char* guest_cmd = 0;
    for (char** entry = environment; *entry != 0; entry++) {
        if (starts_with(*entry, "guest_cmd=")) {
            guest_cmd = *entry + length("guest_cmd=");
        }
    }

    unsigned long signals = signal_bit(SIGCHLD) | signal_bit(SIGUSR1) | signal_bit(SIGUSR2) |
                            signal_bit(SIGTERM) | signal_bit(SIGTTOU);
    CALL4(rt_sigprocmask, SIG_BLOCK, &signals, 0, sizeof signals);
    become_session_leader();
    long child = CALL0(fork);
    if (child == 0) {
        char* child_environment[64];
        CALL4(rt_sigprocmask, SIG_UNBLOCK, &signals, 0, sizeof signals);
        copy_environment(environment, child_environment, 64);
        run_shell(guest_cmd, child_environment);
    }
    enum ending ending = ENDING_POWER_OFF;
    report_exit_status(child < 0 ? 125 : wait_for_end(child, signals, &ending));
    end_machine(ending);
    __builtin_unreachable();
}

START(init_main)
