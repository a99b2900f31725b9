// SPDX-License-Identifier: Apache-2.0
//
// vsock connect PORT COMMAND [ARGUMENT]...   runs COMMAND with a connection to the host's port
// vsock listen PORT COMMAND [ARGUMENT]...    runs COMMAND for each connection from the host
//
// COMMAND is a busybox applet; its standard input and output are the connection. What is wrong is
// one line and status 1. In C without a libc, as init.c.

#include <linux/fcntl.h>

#include "system_call.h"

#define AF_VSOCK 40
#define SOCK_STREAM 1
#define CID_ANY 0xffffffffu
#define CID_HOST 2u

// struct sockaddr_vm of linux/vm_sockets.h, which needs a libc's headers.
struct address {
    unsigned short family;
    unsigned short reserved;
    unsigned int port;
    unsigned int cid;
    unsigned char zero[4];
};

static void fail(const char* why, long result) {
    char number[] = ": error 000\n";
    for (int at = 10; at > 7; at--, result /= 10) {
        number[at] = (char)('0' - result % 10);
    }
    CALL3(write, 2, "vsock: cannot ", 14);
    CALL3(write, 2, why, length(why));
    CALL3(write, 2, number, sizeof number - 1);
    CALL1(exit_group, 1);
}

static long check(const char* why, long result) {
    if (result < 0) {
        fail(why, result);
    }
    return result;
}

static unsigned int to_port(const char* text) {
    unsigned int port = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        port = port * 10 + (unsigned int)(*text - '0');
    }
    return port;
}

static void run(long connection, char** command, char** environment) {
    CALL2(dup2, connection, 0);
    CALL2(dup2, connection, 1);
    CALL1(close, connection);
    check("run busybox", CALL3(execve, "/bin/busybox", command, environment));
}

static void serve(long listener, char** command, char** environment) {
    for (;;) {
        long connection = check("accept", CALL3(accept, listener, 0, 0));
        long child = check("fork", CALL0(fork));
        if (child == 0) {
            CALL1(close, listener);
            run(connection, command, environment);
        }
        CALL1(close, connection);
        while (CALL4(wait4, -1, 0, 1 /* WNOHANG */, 0) > 0) {
        }
    }
}

__attribute__((noreturn, used)) static void vsock_main(long* stack) {
    long count = stack[0];
    char** words = (char**)(stack + 1);
    char** environment = words + count + 1;
    if (count < 4 || (words[1][0] != 'c' && words[1][0] != 'l')) {
        static const char kUsage[] = "usage: vsock connect|listen PORT COMMAND [ARGUMENT]...\n";
        CALL3(write, 2, kUsage, sizeof kUsage - 1);
        CALL1(exit_group, 2);
    }
    struct address address = {.family = AF_VSOCK, .port = to_port(words[2])};
    long fd = check("make a socket", CALL3(socket, AF_VSOCK, SOCK_STREAM, 0));
    if (words[1][0] == 'c') {
        address.cid = CID_HOST;
        check("connect", CALL3(connect, fd, &address, sizeof address));
        run(fd, words + 3, environment);
    } else {
        address.cid = CID_ANY;
        check("bind", CALL3(bind, fd, &address, sizeof address));
        check("listen", CALL2(listen, fd, 128));
        serve(fd, words + 3, environment);
    }
    __builtin_unreachable();
}

START(vsock_main)
