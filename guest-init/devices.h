// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether the driver of the virtio console has its device: then ports and terminal will come.
int has_virtio_console(void);

// Opens a device that will come soon; less than 0 where it does not.
long open_coming_device(const char* path, int flags);

// Opens a named port by its id (orders.h), and waits until the host is at its other end.
long open_port(int id, int flags);

// Opens the serial port. Raw: each byte as it is, both ways.
long open_raw_serial_port(void);
