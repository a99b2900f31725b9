// SPDX-License-Identifier: Apache-2.0
#pragma once

// The orders (orders.h) in the form that the init uses.
struct orders {
    const char* program;
    char** arguments;    // Ends with a null pointer, as execve() wants it.
    char** environment;  // So does this.
    const char* working_folder;
    const char* root_disk;  // Null: the initramfs is the root.
    int wants_terminal;
    int rows, columns;
    int log_level;  // -1: stays as it is.
};

// Reads the file. 0 where that is not possible, which cannot happen in an archive of skiff's.
int read_orders(struct orders* orders);
