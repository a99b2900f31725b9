// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/reference/answerer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

static void fail(const char* what) {
    perror(what);
    exit(1);
}

// The bench's client writes a whole request at once, and waits for its answer before the next.
static int next_connection(int listener) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) {
        fail("accept");
    }
    return connection;
}

void answer_until_start(const char* socket_path, int* connection) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr*)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0) {
        fail(socket_path);
    }
    *connection = next_connection(listener);
    char request[4096];
    for (;;) {
        ssize_t size = read(*connection, request, sizeof request - 1);
        if (size <= 0) {
            close(*connection);
            *connection = next_connection(listener);
            continue;
        }
        request[size] = 0;
        if (strstr(request, "InstanceStart") != NULL) {
            return;
        }
        if (write(*connection, kAnswer, sizeof kAnswer - 1) != sizeof kAnswer - 1) {
            fail("answer");
        }
    }
}
