// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command's standard streams: pipes to the command, and behind each what leads to the host.
// Pipes, because a port can be opened once only and has no broken pipe.

// What the command gets as its descriptors 0, 1 and 2.
struct command_ends {
    long ends[3];
};

// On named ports. 0 where they do not come.
int open_streams_on_ports(struct command_ends* command);
// On the serial port: output of both streams mixed, input escaped and by credit (orders.h).
int open_streams_on_serial_port(struct command_ends* command);

// Makes the command's ends the descriptors 0, 1 and 2 of this process.
void take_command_ends(const struct command_ends* command);
// After the command has them.
void close_command_ends(const struct command_ends* command);

// Moves bytes for a while: until a signal comes that `unblocked` lets through; where that is null,
// until there is no output any more. Call it again.
void move_streams(const unsigned long* unblocked);

// After the command's end: no input any more.
void end_input(void);
// Whether output may still come.
int has_output(void);
// Waits until what was written is on its way.
void drain_output(void);
