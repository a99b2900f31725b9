// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds a way to the registers of skiff's power control: /dev/port, /dev/mem or port I/O of our
// own. 0 where this kernel has none of them.
int find_machine_control(void);

// Sets one of the registers (orders.h).
void write_machine_control(int number, int value);
