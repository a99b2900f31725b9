# SPDX-License-Identifier: Apache-2.0
"""Command lines that run the block benchmark's payload with one disk, on each VMM.

Each has one vCPU, 256 MiB, a serial port on standard output and a modern virtio-mmio block device that
is announced on the payload's command line.
"""

import json
import os
import shutil
from pathlib import Path

GUEST_MIB = 256
# Threads that run the guest; what they spend outside of it is counted, the guest's own time is not.
VCPU_THREAD = r"vcpu \d+|CPU \d+/KVM|fc_vcpu \d+"


class Skiff:
    name = "skiff"

    def __init__(self, path, payload, options=""):
        self.path, self.payload, self.options = path, payload, options
        if options:
            self.name = f"skiff {options}"

    def can(self, _case):
        return True

    def command(self, case, disk, parameters, _folder):
        more = [self.options] if self.options else []
        drive = ",".join([str(disk), *(["direct"] if case.is_direct else []), *more])
        return [str(self.path), "run", str(self.payload), "-m", f"{GUEST_MIB}M", "-c", "1", "-q",
                "--no-rng", "-d", drive, "-a", parameters]


class Qemu:
    """QEMU microvm with an iothread, which polls by default."""

    def __init__(self, payload, aio):
        self.payload, self.aio = payload, aio
        self.name = f"QEMU {aio}"
        self.path = shutil.which("qemu-system-x86_64")

    def can(self, _case):
        return True

    def command(self, case, disk, parameters, _folder):
        cache = "none" if case.is_direct else "writeback"
        return [self.path, "-M", "microvm,accel=kvm,acpi=off,pit=on,pic=on,rtc=on,"
                "auto-kernel-cmdline=on", "-cpu", "host", "-m", f"{GUEST_MIB}M", "-smp", "1",
                "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
                "-no-reboot", "-name", "bench,debug-threads=on",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                "-global", "virtio-mmio.force-legacy=false", "-object", "iothread,id=io",
                "-drive", f"file={disk},if=none,id=d,format=raw,cache={cache},aio={self.aio}",
                "-device", "virtio-blk-device,drive=d,iothread=io",
                "-kernel", str(self.payload), "-append", parameters]


class Firecracker:
    """Of a release that boots PVH images; its engines are "Sync" and "Async". It has no O_DIRECT."""

    def __init__(self, path, payload, engine):
        self.path, self.payload, self.engine = path, payload, engine
        self.name = f"Firecracker {engine}"

    def can(self, case):
        return not case.is_direct

    def command(self, case, disk, parameters, folder):
        config = Path(folder) / f"firecracker-{self.engine}.json"
        config.write_text(json.dumps({
            "boot-source": {"kernel_image_path": str(self.payload), "boot_args": parameters},
            "drives": [{"drive_id": "d", "path_on_host": str(disk), "is_root_device": False,
                        "is_read_only": False, "cache_type": "Writeback",
                        "io_engine": self.engine}],
            "machine-config": {"vcpu_count": 1, "mem_size_mib": GUEST_MIB},
        }))
        return [self.path, "--no-api", "--config-file", str(config)]


def all_vmms(build, skiff_options=()):
    """Those that there are, skiff first."""
    payload = build / "payloads/virtio_block_bench.elf"
    vmms = [Skiff(build / "skiff", payload)]
    vmms += [Skiff(build / "skiff", payload, options) for options in skiff_options]
    if shutil.which("qemu-system-x86_64"):
        vmms += [Qemu(payload, "io_uring"), Qemu(payload, "threads")]
    if os.environ.get("FIRECRACKER"):
        vmms += [Firecracker(os.environ["FIRECRACKER"], payload, engine)
                 for engine in ("Async", "Sync")]
    return vmms
