// SPDX-License-Identifier: Apache-2.0
#include "guest-init/command_orders.h"

#include "guest-init/kernel.h"
#include "guest-init/orders.h"

#define NO_FILE (-1L)

// The file's bytes, to be kept; its size in `size`.
static char* map_file(const char* path, long* size) {
    struct stat status;
    long fd = CALL3(open, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 || CALL2(fstat, fd, &status) != 0) {
        return NULL_POINTER;
    }
    *size = (long)status.st_size;
    // Read, not mapped: the file may go when the root does.
    long memory =
        CALL6(mmap, 0, *size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, NO_FILE, 0);
    if (memory < 0) {
        return NULL_POINTER;
    }
    long done = 0;
    while (done < *size) {
        long got = CALL3(read, fd, memory + done, *size - done);
        if (got <= 0) {
            return NULL_POINTER;
        }
        done += got;
    }
    CALL1(close, fd);
    return (char*)memory;
}

static long count_orders(const char* text, long size, char kind) {
    long count = 0;
    for (const char* order = text; order < text + size; order += length(order) + 1) {
        count += *order == kind;
    }
    return count;
}

static int number(const char** text) {
    int value = 0;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        value = value * 10 + (**text - '0');
    }
    return value;
}

static void obey(char* order, struct orders* orders, long* arguments, long* variables) {
    char* value = order + 1;
    const char* numbers = value;
    switch (*order) {
        case SKIFF_ORDER_PROGRAM:
            orders->program = value;
            break;
        case SKIFF_ORDER_ARGUMENT:
            orders->arguments[(*arguments)++] = value;
            break;
        case SKIFF_ORDER_ENVIRONMENT:
            orders->environment[(*variables)++] = value;
            break;
        case SKIFF_ORDER_WORKING_FOLDER:
            orders->working_folder = value;
            break;
        case SKIFF_ORDER_ROOT_DISK:
            orders->root_disk = value;
            break;
        case SKIFF_ORDER_LOG_LEVEL:
            orders->log_level = number(&numbers);
            break;
        case SKIFF_ORDER_TERMINAL:
            orders->wants_terminal = 1;
            orders->rows = number(&numbers);
            numbers += *numbers == ' ';
            orders->columns = number(&numbers);
            break;
        default:
            break;
    }
}

int read_orders(struct orders* orders) {
    long size = 0;
    char* text = map_file(SKIFF_ORDERS_PATH, &size);
    if (text == NULL_POINTER) {
        return 0;
    }
    long arguments = count_orders(text, size, SKIFF_ORDER_ARGUMENT);
    long variables = count_orders(text, size, SKIFF_ORDER_ENVIRONMENT);
    long memory = CALL6(mmap, 0, (arguments + variables + 2) * (long)sizeof(char*),
                        PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, NO_FILE, 0);
    if (memory < 0) {
        return 0;
    }
    // Zero, so that both end with a null pointer.
    orders->arguments = (char**)memory;
    orders->environment = orders->arguments + arguments + 1;
    orders->log_level = -1;
    arguments = variables = 0;
    for (char* order = text; order < text + size; order += length(order) + 1) {
        obey(order, orders, &arguments, &variables);
    }
    return orders->program != NULL_POINTER && orders->working_folder != NULL_POINTER;
}
