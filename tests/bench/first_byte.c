// SPDX-License-Identifier: Apache-2.0
//
// usage: first_byte DEADLINE_MS COMMAND [ARGUMENT…]
//
// Starts the command with a pipe as its standard output and prints the nanoseconds from just before
// posix_spawn to the arrival of the first byte, then ends the command. A C program, because the
// interpreter's own time to start a process is longer and noisier than what is measured.
// Exit status: 0; 1 the command wrote nothing within the deadline; 2 wrong usage.

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argument_count, char** arguments) {
    if (argument_count < 3) {
        fprintf(stderr, "usage: first_byte DEADLINE_MS COMMAND [ARGUMENT...]\n");
        return 2;
    }
    int deadline_ms = atoi(arguments[1]);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        perror("first_byte: pipe");
        return 2;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);

    pid_t child;
    int64_t begin = now_ns();
    int error = posix_spawn(&child, arguments[2], &actions, NULL, arguments + 2, environ);
    if (error != 0) {
        fprintf(stderr, "first_byte: %s: %s\n", arguments[2], strerror(error));
        return 2;
    }
    close(ends[1]);

    char byte = 0;
    struct pollfd readable = {.fd = ends[0], .events = POLLIN};
    ssize_t got = poll(&readable, 1, deadline_ms) == 1 ? read(ends[0], &byte, 1) : 0;
    int64_t end = now_ns();

    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (got != 1) {
        fprintf(stderr, "first_byte: %s wrote nothing within %d ms\n", arguments[2], deadline_ms);
        return 1;
    }
    printf("%lld %d\n", (long long)(end - begin), byte);
    return 0;
}
