# SPDX-License-Identifier: Apache-2.0
"""Command lines that run the network benchmark's payload on one TAP, on each VMM.

Each has one vCPU, 256 MiB, a serial port on standard input and output and a modern virtio-mmio network
device with one queue pair that is announced on the payload's command line. No vhost.
"""

import json
import os
import shutil
from pathlib import Path

from net_cases import GUEST_MAC, TAP

GUEST_MIB = 256


class Skiff:
    name = "skiff"

    def __init__(self, path, payload, options=()):
        self.path, self.payload, self.options = path, payload, list(options)
        if self.options:
            self.name = f"skiff {' '.join(self.options)}"

    def command(self, parameters, _folder):
        return [str(self.path), "run", str(self.payload), "-m", f"{GUEST_MIB}M", "-c", "1", "-q",
                "--no-rng", "-n", f"tap={TAP},mac={GUEST_MAC}", *self.options, "-a", parameters]


class Qemu:
    """QEMU microvm: its network devices run in its main loop."""

    name = "QEMU"

    def __init__(self, payload):
        self.payload = payload
        self.path = shutil.which("qemu-system-x86_64")

    def command(self, parameters, _folder):
        return [self.path, "-M", "microvm,accel=kvm,acpi=off,pit=on,pic=on,rtc=on,"
                "auto-kernel-cmdline=on", "-cpu", "host", "-m", f"{GUEST_MIB}M", "-smp", "1",
                "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
                "-no-reboot", "-name", "bench,debug-threads=on",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                "-global", "virtio-mmio.force-legacy=false",
                "-netdev", f"tap,id=n,ifname={TAP},script=no,downscript=no,vhost=off",
                "-device", f"virtio-net-device,netdev=n,mac={GUEST_MAC}",
                "-kernel", str(self.payload), "-append", parameters]


class Firecracker:
    """Of a release that boots PVH images."""

    name = "Firecracker"

    def __init__(self, path, payload):
        self.path, self.payload = path, payload

    def command(self, parameters, folder):
        config = Path(folder) / "firecracker.json"
        config.write_text(json.dumps({
            "boot-source": {"kernel_image_path": str(self.payload), "boot_args": parameters},
            "drives": [],
            "network-interfaces": [{"iface_id": "eth0", "host_dev_name": TAP,
                                    "guest_mac": GUEST_MAC}],
            "machine-config": {"vcpu_count": 1, "mem_size_mib": GUEST_MIB},
        }))
        return [self.path, "--no-api", "--config-file", str(config)]


def all_vmms(build, skiff_options=()):
    """Those that there are, skiff first."""
    payload = build / "payloads/virtio_net_bench.elf"
    vmms = [Skiff(build / "skiff", payload)]
    vmms += [Skiff(build / "skiff", payload, options.split()) for options in skiff_options]
    if shutil.which("qemu-system-x86_64"):
        vmms.append(Qemu(payload))
    if os.environ.get("FIRECRACKER"):
        vmms.append(Firecracker(os.environ["FIRECRACKER"], payload))
    return vmms
