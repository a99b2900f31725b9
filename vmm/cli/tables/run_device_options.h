// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "vmm/cli/tables/command_spec.h"

/// The part of the table of `skiff run` (run_table.cpp) that is about devices.
namespace skiff::cli {

inline constexpr std::array kRunDeviceOptions = {
    OptionSpec{
        .long_name = "balloon",
        .value_use = ValueUse::kRequired,
        .value_name = "SETTINGS",
        .completion = Completion::kChoices,
        .choices = "size= deflate-on-oom free-page-reporting deflate-on-oom,free-page-reporting",
        .group = "Devices",
        .help = "Add a memory balloon. size=SIZE is taken from the guest at the start; with "
                "deflate-on-oom the guest may take it back rather than run out of memory; "
                "free-page-reporting gives memory that the guest has freed to the host; "
                "stats=SECONDS asks for the guest's memory statistics. Ctrl-] b SIZE changes the "
                "size while the machine runs.",
    },
    OptionSpec{
        .long_name = "vsock",
        .value_use = ValueUse::kRequired,
        .value_name = "cid=N,path=SOCKET",
        .completion = Completion::kChoices,
        .choices = "cid=",
        .group = "Devices",
        .help =
            "Add stream sockets between guest and host (AF_VSOCK in the guest, whose context id "
            "is N, 3 or more). A host program reaches port P of the guest by connecting to the "
            "Unix socket SOCKET and writing CONNECT P and a newline; the guest reaches port P "
            "of the host, context id 2, where a program listens on the Unix socket SOCKET_P.",
    },
    OptionSpec{
        .long_name = "metadata",
        .value_use = ValueUse::kRequired,
        .value_name = "FILE",
        .completion = Completion::kFile,
        .group = "Devices",
        .help = "Serve this JSON object to the guest at http://169.254.169.254 on all of its "
                "network devices, as cloud images expect it (docs/api/mmds.md). With --config "
                "and mmds-config in it, as that says.",
    },
    OptionSpec{
        .long_name = "no-rng",
        .group = "Devices",
        .help = "No entropy device. Without this option the guest has one (virtio-rng).",
    },
    OptionSpec{
        .long_name = "io-threads",
        .value_use = ValueUse::kRequired,
        .value_name = "COUNT",
        .default_value = "1",
        .group = "Devices",
        .help = "Threads that run the devices, 1 to 64: queues are spread over them. The first is "
                "skiff's main thread.",
    },
    OptionSpec{
        .long_name = "io-poll",
        .value_use = ValueUse::kRequired,
        .value_name = "TIME",
        .completion = Completion::kChoices,
        .choices = "auto off",
        .default_value = "auto",
        .group = "Devices",
        .help = "How long an I/O thread that has worked looks for more work before it sleeps: a "
                "number of microseconds, off, or auto for as long as it pays. An idle machine "
                "costs nothing in any case.",
    },
    OptionSpec{
        .long_name = "debug-exit",
        .value_use = ValueUse::kOptional,
        .value_name = "PORT",
        .group = "Devices",
        .help = "Add a debug-exit device at an I/O port (0xf4 if none is named): a guest that "
                "writes V to it ends skiff with status (V << 1) | 1.",
    },
    OptionSpec{
        .long_name = "testdev",
        .group = "Devices",
        .help = "Add the test device of QEMU's pc-testdev and a fw_cfg device with the numbers of "
                "CPUs and bytes of memory: for kvm-unit-tests and the like.",
    },
    OptionSpec{
        .long_name = "fw-cfg",
        .value_use = ValueUse::kRequired,
        .value_name = "name=NAME,file=PATH",
        .completion = Completion::kChoices,
        .choices = "name=",
        .repeatable = true,
        .group = "Devices",
        .help = "Add a fw_cfg device with a file of this name; string=TEXT in place of file= gives "
                "the content itself. May be repeated.",
    },
    OptionSpec{
        .long_name = "disk",
        .short_name = 'd',
        .value_use = ValueUse::kRequired,
        .value_name = "PATH[,SETTING]...",
        .completion = Completion::kFile,
        .repeatable = true,
        .group = "Devices",
        .help = "Add a disk: a raw image or a block device, /dev/vda first. Settings: ro; direct "
                "(around the host's page cache); id=SERIAL; queues=N; engine=uring|sync; "
                "cache=writeback|writethrough; discard=on|off; bw=SIZE/s and iops=N (limits). Two "
                "commas stand for one in a path. May be repeated.",
    },
    OptionSpec{
        .long_name = "net",
        .short_name = 'n',
        .value_use = ValueUse::kRequired,
        .value_name = "tap=IF|fd=N|user|none[,SETTING]...",
        .completion = Completion::kChoices,
        .choices = "tap= fd= user none",
        .repeatable = true,
        .group = "Devices",
        .help =
            "Add a network device, eth0 first, on a TAP interface by name or inherited as a "
            "descriptor, or (user) on the host's own network without root, by passt. Settings: "
            "mac=ADDRESS; mtu=N; queues=N (queue pairs; the TAP needs multi_queue); bw-in=SIZE/s "
            "and bw-out=SIZE/s (limits to the guest and from it). After user: "
            "hostfwd=tcp|udp:[ADDRESS:]HOSTPORT:GUESTPORT and dns=ADDRESS, both as often as "
            "wanted; interface=NAME (of the host). May be repeated; none, the default, says that "
            "there is none.",
    },
    OptionSpec{
        .long_name = "port",
        .value_use = ValueUse::kRequired,
        .value_name = "NAME=PATH",
        .completion = Completion::kFile,
        .repeatable = true,
        .group = "Devices",
        .help = "Add a port, /dev/virtio-ports/NAME in the guest. Where PATH is a FIFO, or a "
                "socket, or ends in .sock, the port is connected to it (skiff listens on the "
                "socket); else the guest's output goes to a new file PATH. NAME=file=PATH and "
                "NAME=unix=PATH say which. May be repeated, up to 16 times.",
    },
};

}  // namespace skiff::cli
