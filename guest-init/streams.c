// SPDX-License-Identifier: Apache-2.0
#include "guest-init/streams.h"

#include "guest-init/devices.h"
#include "guest-init/kernel.h"
#include "guest-init/machine_control.h"
#include "guest-init/orders.h"

#define NONE (-1L)
#define BUFFER_BYTES 16384
// Credit is given in pieces, since each costs an exit of the virtual machine.
#define FIRST_CREDIT 4096
#define CREDIT_PIECE 1024
// How often move_streams() goes on before others have a turn: while bytes come, no signal does.
#define ROUNDS 64

// One direction of one stream.
struct stream {
    long from, to;            // NONE when it is over.
    int blocked_by_receiver;  // Wait for `to`, not for `from`.
    int cannot_splice;
    int is_escaped;  // What comes is escaped, and by credit.
    int in_escape;   // The last byte was an escape.
    long credit_used;
    int has_ended;  // Nothing more is read; what is buffered is still written.
    long head, count;
    unsigned char buffer[BUFFER_BYTES];
};

static struct stream streams[3];
static int on_serial_port;

static void close_fd(long* fd) {
    if (*fd >= 0) {
        CALL1(close, *fd);
        *fd = NONE;
    }
}

static void finish(struct stream* stream) {
    close_fd(&stream->from);
    close_fd(&stream->to);
}

// A pipe between the command and us: only our end does not wait.
static int make_pipe(int index, struct command_ends* command, long device) {
    int ends[2];
    struct stream* stream = &streams[index];
    if (device < 0 || CALL2(pipe2, ends, O_CLOEXEC) != 0) {
        return 0;
    }
    int ours = index == 0 ? ends[1] : ends[0];
    command->ends[index] = index == 0 ? ends[0] : ends[1];
    CALL3(fcntl, ours, F_SETFL, O_NONBLOCK);
    stream->from = index == 0 ? device : ours;
    stream->to = index == 0 ? ours : device;
    stream->cannot_splice = index == 0 || on_serial_port;
    return 1;
}

int open_streams_on_ports(struct command_ends* command) {
    return make_pipe(0, command, open_port(SKIFF_STDIN_PORT, O_RDWR)) &&
           make_pipe(1, command, open_port(SKIFF_STDOUT_PORT, O_RDWR)) &&
           make_pipe(2, command, open_port(SKIFF_STDERR_PORT, O_RDWR));
}

int open_streams_on_serial_port(struct command_ends* command) {
    long serial = open_raw_serial_port();
    on_serial_port = 1;
    if (serial < 0 || !make_pipe(0, command, serial) ||
        !make_pipe(1, command, CALL3(fcntl, serial, F_DUPFD_CLOEXEC, 3))) {
        return 0;
    }
    command->ends[2] = CALL3(fcntl, command->ends[1], F_DUPFD_CLOEXEC, 3);
    streams[0].is_escaped = 1;
    streams[2].from = streams[2].to = NONE;
    write_machine_control(SKIFF_INPUT_CREDIT_REGISTER, FIRST_CREDIT / SKIFF_INPUT_CREDIT_BYTES);
    return 1;
}

void take_command_ends(const struct command_ends* command) {
    for (long fd = 0; fd < 3; fd++) {
        CALL3(dup3, command->ends[fd], fd, 0);
    }
}

void close_command_ends(const struct command_ends* command) {
    for (int i = 0; i < 3; i++) {
        CALL1(close, command->ends[i]);
    }
}

static void give_credit(struct stream* stream, long used) {
    stream->credit_used += used;
    if (stream->credit_used >= CREDIT_PIECE) {
        long units = stream->credit_used / SKIFF_INPUT_CREDIT_BYTES;
        stream->credit_used -= units * SKIFF_INPUT_CREDIT_BYTES;
        write_machine_control(SKIFF_INPUT_CREDIT_REGISTER, (int)units);
    }
}

// Takes the escapes out, in place; how many bytes are left.
static long unescape(struct stream* stream, long count) {
    long kept = 0;
    for (long i = 0; i < count && !stream->has_ended; i++) {
        unsigned char byte = stream->buffer[i];
        if (!stream->in_escape && byte == SKIFF_INPUT_ESCAPE) {
            stream->in_escape = 1;
            continue;
        }
        stream->has_ended = stream->in_escape && byte == SKIFF_INPUT_END;
        stream->in_escape = 0;
        if (!stream->has_ended) {
            stream->buffer[kept++] = byte;
        }
    }
    return kept;
}

// False where nothing can be read now.
static int fill(struct stream* stream) {
    long got = CALL3(read, stream->from, stream->buffer, BUFFER_BYTES);
    if (got == -EAGAIN || got == -EINTR) {
        return 0;
    }
    if (got <= 0) {
        stream->has_ended = 1;
        return 1;
    }
    stream->head = 0;
    stream->count = got;
    if (stream->is_escaped) {
        give_credit(stream, got);
        stream->count = unescape(stream, got);
    }
    return 1;
}

// False where nothing can be written now.
static int empty(struct stream* stream) {
    long put = CALL3(write, stream->to, stream->buffer + stream->head, stream->count);
    if (put == -EAGAIN || put == -EINTR) {
        return 0;
    }
    if (put < 0) {  // the reader has gone
        finish(stream);
        return 1;
    }
    stream->head += put;
    stream->count -= put;
    return 1;
}

// Once through the buffer. False where one side has to be waited for.
static int copy(struct stream* stream) {
    if (stream->count == 0 && !stream->has_ended && !fill(stream)) {
        stream->blocked_by_receiver = 0;
        return 0;
    }
    if (stream->count != 0 && !empty(stream)) {
        stream->blocked_by_receiver = 1;
        return 0;
    }
    if (stream->has_ended && stream->count == 0) {
        finish(stream);
    }
    return 1;
}

// Pages of the pipe become those of the port's request: no byte is copied. `is_readable`: bytes are
// known to be there, so that it is the receiver who blocks.
static int splice_on(struct stream* stream, int is_readable) {
    enum { kMove = 1, kNonBlocking = 2, kMost = 1 << 16 };
    long moved = CALL6(splice, stream->from, 0, stream->to, 0, kMost, kMove | kNonBlocking);
    if (moved == -EAGAIN || moved == -EINTR) {
        stream->blocked_by_receiver = is_readable;
        return 0;
    }
    if (moved == -EINVAL) {
        stream->cannot_splice = 1;
        return 1;
    }
    if (moved < 0) {
        finish(stream);
    }
    return moved > 0;  // 0 is an empty pipe, be there writers or not
}

static int is_open(const struct stream* stream) {
    return stream->from >= 0;
}

// What poll() said of a stream's two sides.
static void serve(struct stream* stream, const struct pollfd* from, const struct pollfd* to) {
    if ((to->revents & (POLLHUP | POLLERR)) != 0) {
        finish(stream);  // nobody takes it: a write of the command's is a broken pipe then
        return;
    }
    if (from->revents == 0 && to->revents == 0) {
        return;
    }
    if (!stream->cannot_splice && (from->revents & (POLLIN | POLLHUP)) == POLLHUP) {
        finish(stream);  // the last writer has gone, and nothing is left
        return;
    }
    // Others want a turn too, so not for ever.
    for (int turns = 0; turns < 16 && is_open(stream); turns++) {
        const int goes_on = stream->cannot_splice
                                ? copy(stream)
                                : splice_on(stream, turns == 0 && from->revents != 0);
        if (!goes_on) {
            return;
        }
    }
}

void move_streams(const unsigned long* unblocked) {
    for (int round = 0; round < ROUNDS; round++) {
        struct pollfd sides[6];
        for (int i = 0; i < 3; i++) {
            const struct stream* stream = &streams[i];
            const int waits = stream->blocked_by_receiver;
            sides[2 * i] = (struct pollfd){.fd = waits ? -1 : (int)stream->from, .events = POLLIN};
            sides[2 * i + 1] =
                (struct pollfd){.fd = (int)stream->to, .events = waits ? POLLOUT : 0};
        }
        long ready = CALL5(ppoll, sides, 6, 0, unblocked, sizeof *unblocked);
        if (ready < 0) {
            return;
        }
        for (int i = 0; i < 3; i++) {
            if (is_open(&streams[i])) {
                streams[i].blocked_by_receiver = 0;
                serve(&streams[i], &sides[2 * i], &sides[2 * i + 1]);
            }
        }
        if (unblocked == NULL_POINTER && !has_output()) {
            return;
        }
    }
}

void end_input(void) {
    finish(&streams[0]);
}

int has_output(void) {
    return is_open(&streams[1]) || is_open(&streams[2]);
}

void drain_output(void) {
    if (on_serial_port) {
        long serial = CALL3(open, "/dev/ttyS0", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
        CALL3(ioctl, serial, TCSBRK, 1);
    }
}
