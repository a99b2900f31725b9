// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "vmm/cli/tables/command_spec.h"

/// The end of the description of `skiff run` (run_table.cpp): exit statuses and examples.
namespace skiff::cli {

inline constexpr std::array kRunStatuses = {
    StatusSpec{"0", "The guest powered off or reset in an orderly way, or you left the console."},
    StatusSpec{"n",
               "The command behind -- ended with n; or the guest chose n by the debug exit "
               "((v << 1) | 1) or when powering off."},
    StatusSpec{"1", "The host failed: KVM, files or memory."},
    StatusSpec{"2", "The command line or the configuration is wrong."},
    StatusSpec{"70", "The guest's kernel panicked."},
    StatusSpec{"71", "Triple fault."},
    StatusSpec{"72", "KVM could not go on (internal error, failed entry)."},
    StatusSpec{"73", "The guest's kernel had an oops (--fail-on oops)."},
    StatusSpec{"74", "The guest's kernel warned (--fail-on warn)."},
    StatusSpec{"75", "The guest's kernel locked up or stalled (--fail-on oops)."},
    StatusSpec{"76", "Nothing was printed for --silence-timeout."},
    StatusSpec{"124", "--timeout ran out."},
    StatusSpec{"125", "The guest ended without an end of the command behind --."},
    StatusSpec{"126", "The command behind -- cannot be executed."},
    StatusSpec{"127", "The command behind --, or what it needs, was not found."},
    StatusSpec{"128+n", "Signal n stopped skiff, or the command behind --."},
};

inline constexpr std::array kRunExamples = {
    ExampleSpec{"skiff run -k bzImage -- ./mytest --flag",
                "One command in that kernel, with its streams and its status; no image is needed."},
    ExampleSpec{"skiff run -k bzImage --root ~/debian --interactive",
                "A shell in a tree of its own."},
    ExampleSpec{"skiff run vmlinux -i initramfs.cpio",
                "Boot Linux with its console on this terminal; Ctrl-] q leaves it."},
    ExampleSpec{"skiff run bzImage -i initramfs.cpio -m 1G -c 2 --timeout 60",
                "A bzImage with 2 CPUs and 1 GiB, stopped after a minute."},
    ExampleSpec{"skiff run vmlinux -i initramfs.cpio -a \"quiet panic=-1\"",
                "More kernel parameters."},
    ExampleSpec{"skiff run vmlinux -d root.ext4 -d data.img,direct -a \"root=/dev/vda rw\"",
                "Boot from a disk, with a second one around the page cache."},
    ExampleSpec{"skiff run vmlinux -i initramfs.cpio --console virtio --port a=/tmp/a.sock",
                "A faster console, and a port that a client connects to."},
    ExampleSpec{
        "skiff run vmlinux -i initramfs.cpio --vsock cid=3,path=/tmp/v.sock",
        "Sockets between guest and host: connect to /tmp/v.sock and write \"CONNECT 5000\"."},
    ExampleSpec{"skiff run vmlinux --serial file=console.txt --quiet",
                "Keep the console's output in a file."},
    ExampleSpec{"skiff run vmlinux -i initramfs.cpio --gdb unix:/tmp/g --gdb-wait",
                "Wait for a debugger before the first instruction: skiff gdb /tmp/g vmlinux."},
    ExampleSpec{"skiff run bzImage -i initramfs.cpio --dry-run",
                "Show what would be loaded where."},
};

}  // namespace skiff::cli
