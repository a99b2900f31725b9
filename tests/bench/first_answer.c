// SPDX-License-Identifier: Apache-2.0
//
// usage: first_answer DEADLINE_MS SOCKET IMAGE COMMAND…
//
// Starts COMMAND, which serves Firecracker's API on SOCKET, has it start IMAGE, and prints two
// times in nanoseconds and the guest's first byte:
//   from just before posix_spawn to the first answer, a 200 to GET /, of a client that connects as
//   soon as it can; from just before InstanceStart is sent to the first byte of the guest's output,
//   through a pipe.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static pid_t child;
static int64_t deadline_ns;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void fail(const char* what) {
    fprintf(stderr, "first_answer: %s\n", what);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    exit(1);
}

static int connect_when_there(const char* path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (connect(client, (struct sockaddr*)&address, sizeof address) != 0) {
        if ((errno != ENOENT && errno != ECONNREFUSED) || now_ns() > deadline_ns) {
            fail("nobody serves the socket");
        }
        sched_yield();
    }
    return client;
}

static void send_request(int client, const char* method, const char* path, const char* body) {
    char text[2048];
    int size = snprintf(text, sizeof text,
                        "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        method, path, strlen(body), body);
    if (size >= (int)sizeof text || write(client, text, (size_t)size) != size) {
        fail("a request was not taken");
    }
}

// The status; bodies are short, and come with their headers.
static int status_of_answer(int client) {
    char text[4096];
    struct pollfd readable = {.fd = client, .events = POLLIN};
    int left_ms = (int)((deadline_ns - now_ns()) / 1000000);
    ssize_t size = poll(&readable, 1, left_ms) == 1 ? read(client, text, sizeof text - 1) : 0;
    if (size < 12) {
        fail("no answer");
    }
    text[size] = 0;
    return atoi(text + strlen("HTTP/1.1 "));
}

static void ask(int client, const char* method, const char* path, const char* body) {
    send_request(client, method, path, body);
    int status = status_of_answer(client);
    if (status != 200 && status != 204) {
        fail(path);
    }
}

int main(int count, char** arguments) {
    if (count < 5) {
        fprintf(stderr, "usage: first_answer DEADLINE_MS SOCKET IMAGE COMMAND…\n");
        return 2;
    }
    int deadline_ms = atoi(arguments[1]);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        perror("first_answer: pipe");
        return 2;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    char boot[1024];
    snprintf(boot, sizeof boot, "{\"kernel_image_path\": \"%s\", \"boot_args\": \"mode=halt\"}",
             arguments[3]);
    unlink(arguments[2]);

    int64_t begin = now_ns();
    deadline_ns = begin + (int64_t)deadline_ms * 1000000;
    if (posix_spawn(&child, arguments[4], &actions, NULL, arguments + 4, environ) != 0) {
        child = 0;
        fail(arguments[4]);
    }
    int client = connect_when_there(arguments[2]);
    ask(client, "GET", "/", "");
    int64_t answered = now_ns() - begin;

    close(ends[1]);
    ask(client, "PUT", "/machine-config", "{\"vcpu_count\": 1, \"mem_size_mib\": 128}");
    ask(client, "PUT", "/boot-source", boot);
    begin = now_ns();
    send_request(client, "PUT", "/actions", "{\"action_type\": \"InstanceStart\"}");
    char byte = 0;
    struct pollfd readable = {.fd = ends[0], .events = POLLIN};
    ssize_t got = poll(&readable, 1, deadline_ms) == 1 ? read(ends[0], &byte, 1) : 0;
    int64_t started = now_ns() - begin;
    if (got != 1) {
        fail("the guest wrote nothing");
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    unlink(arguments[2]);
    printf("%lld %lld %d\n", (long long)answered, (long long)started, byte);
    return 0;
}
