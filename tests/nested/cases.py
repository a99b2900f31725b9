# SPDX-License-Identifier: Apache-2.0
"""What is tried inside L1. The host reads the names from here, L1 runs the functions."""

import dataclasses
import glob
import json
import os
import signal
import subprocess
import sys
import time
import typing

from guest import Failure, Guest

KVM_TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kvm")


class Skipped(Exception):
    """A case that cannot be tried; the text says why."""


@dataclasses.dataclass
class Case:
    name: str
    limit_s: int
    run: typing.Callable[[], None]


def all_cases():
    """Every case, in the order in which they run."""
    return [
        Case("doctor_names_the_svm_backend", 30, doctor_names_the_svm_backend),
        Case("stock_kernel_boots_by_pvh_and_powers_off", 60, boots_by_pvh_and_powers_off),
        Case("stock_kernel_boots_by_linux64_on_two_cpus_and_reboots", 60,
             boots_by_linux64_on_two_cpus_and_reboots),
        Case("stock_kernel_boots_by_pvh_on_two_cpus_with_5_gib", 60,
             boots_by_pvh_on_two_cpus_with_5_gib),
        Case("stock_kernel_boots_by_linux64_with_5_gib", 60, boots_by_linux64_with_5_gib),
        Case("sigterm_presses_the_power_button", 60, sigterm_presses_the_power_button),
        Case("sigterm_without_acpi_is_ctrl_alt_del", 60, sigterm_without_acpi_is_ctrl_alt_del),
        Case("small_guest_kernel_boots_without_quirks", 60, small_guest_kernel_boots),
        *kvm_tier_cases(),
    ]


def doctor_names_the_svm_backend():
    run = subprocess.run([skiff(), "doctor", "--json"], stdout=subprocess.PIPE, check=False)
    report = json.loads(run.stdout)
    expect_equal("backend", find_value(report, "backend"), "svm")


def boots_by_pvh_and_powers_off():
    with stock_guest("poweroff", "--entry", "pvh", "-c", "1", "-m", "512M") as guest:
        expect_status(guest, 0)
        expect_facts(guest, cpus=1, memory_mib=512)
        expect_kvm_clock(guest)
        expect_right_time(guest)


def boots_by_linux64_on_two_cpus_and_reboots():
    with stock_guest("reboot", "--entry", "linux64", "-c", "2", "-m", "512M") as guest:
        expect_status(guest, 0)
        expect_facts(guest, cpus=2, memory_mib=512)
        expect_kvm_clock(guest)
        expect_right_time(guest)


def boots_by_pvh_on_two_cpus_with_5_gib():
    with stock_guest("ask", "--entry", "pvh", "-c", "2", "-m", "5G") as guest:
        guest.wait_for("GUEST asks\n")
        guest.type("poweroff\n")
        expect_status(guest, 0)
        expect_facts(guest, cpus=2, memory_mib=5120)
        expect_kvm_clock(guest)


def boots_by_linux64_with_5_gib():
    with stock_guest("poweroff", "--entry", "linux64", "-c", "1", "-m", "5G") as guest:
        expect_status(guest, 0)
        expect_facts(guest, cpus=1, memory_mib=5120)


def sigterm_presses_the_power_button():
    with stock_guest("button", "-c", "2", "-m", "512M", "--grace", "60") as guest:
        guest.wait_for("GUEST waits for event")
        guest.signal(signal.SIGTERM)
        expect_status(guest, 0)
        expect_in("the console", guest.console, "GUEST KEY_POWER\n")


def sigterm_without_acpi_is_ctrl_alt_del():
    # This kernel reads no MP table, so without ACPI it has one CPU and the old interrupt
    # controllers: that is the point.
    with stock_guest("wait", "-c", "1", "-m", "512M", "--no-acpi", "--grace", "60") as guest:
        guest.wait_for("GUEST waits\n")
        guest.signal(signal.SIGTERM)
        expect_status(guest, 0)
        expect_in("the console", guest.console, "reboot: Restarting system")


def small_guest_kernel_boots():
    folder = os.environ.get("SKIFF_GUEST_IMAGES", "")
    kernel = os.path.join(folder, "vmlinux")
    initramfs = os.path.join(folder, "initramfs.cpio")
    if not os.path.exists(kernel) or not os.path.exists(initramfs):
        raise Skipped(f"SKIFF_GUEST_IMAGES={folder} holds no vmlinux and initramfs.cpio")
    arguments = [kernel, "-i", initramfs, "-c", "2", "-m", "128M",
                 "-a", 'guest_cmd="cat /proc/cmdline"']
    with Guest(skiff(), arguments, 50) as guest, explaining(guest):
        expect_status(guest, 0)
        expect_in("the console", guest.console, "GUEST-READY")
        if "emulated_cpl0" in guest.console + guest.errors():
            raise Failure("skiff gave the guest emulated_cpl0, which this KVM does not need")


def kvm_tier_cases():
    def case(path):
        return Case("kvm_tier_" + os.path.basename(path)[:-len(".py")], 150,
                    lambda: run_python_test(path))
    return [case(path) for path in sorted(glob.glob(os.path.join(KVM_TESTS, "*_test.py")))]


def run_python_test(path):
    run = subprocess.run([sys.executable, path], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = run.stdout.decode("utf-8", "replace")
    if run.returncode == 77:
        raise Skipped(output.strip())
    if run.returncode != 0:
        raise Failure(f"{os.path.basename(path)} ended with {run.returncode}\n{output}")


def skiff():
    return os.environ["SKIFF"]


class explaining:
    """Adds the guest's story to a Failure that comes out of the block."""

    def __init__(self, guest):
        self._guest = guest

    def __enter__(self):
        return self._guest

    def __exit__(self, _, error, __):
        if isinstance(error, Failure):
            raise Failure(f"{error}\n{self._guest.story()}") from None


class stock_guest:
    """The unmodified cloud kernel, run by skiff; `then` is what its init shall do at its end."""

    def __init__(self, then, *arguments):
        images = os.environ["SKIFF_NESTED_IMAGES"]
        self._guest = Guest(skiff(), [
            os.path.join(images, "cloud-bzImage"),
            "-i", os.path.join(images, "cloud-initramfs.cpio"),
            "-a", f"quiet guest_then={then}", *arguments], 50)
        self._explaining = explaining(self._guest)

    def __enter__(self):
        return self._guest

    def __exit__(self, *error):
        try:
            self._explaining.__exit__(*error)
        finally:
            self._guest.__exit__(*error)


def expect_equal(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what} is {found!r} where {wanted!r} was expected")


def expect_in(what, text, part):
    if part not in text:
        raise Failure(f"{what} does not hold {part!r}")


def expect_status(guest, wanted):
    expect_equal("skiff's status", guest.end(), wanted)


def expect_facts(guest, cpus, memory_mib):
    expect_equal("the number of CPUs", int(guest.fact("cpus")), cpus)
    # The kernel keeps some for itself: its image, the page structs (1/64), tables by CPU.
    found = int(guest.fact("memory_kib")) / 1024
    if not memory_mib * 0.9 - 32 < found <= memory_mib:
        raise Failure(f"the guest sees {found:.0f} MiB of {memory_mib}")


def expect_kvm_clock(guest):
    expect_equal("the clock source", guest.fact("clocksource"), "kvm-clock")


def expect_right_time(guest):
    """The guest's clock and its RTC both tell the time of the host, L1."""
    for name in ("date", "rtc"):
        if not abs(int(guest.fact(name)) - time.time()) < 30:
            raise Failure(f"the guest's {name} is {guest.fact(name)}, L1's is {time.time():.0f}")


def find_value(tree, key):
    """The value of `key`, wherever in a tree of dicts and lists it is."""
    if isinstance(tree, dict) and key in tree:
        return tree[key]
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    for child in children:
        found = find_value(child, key)
        if found is not None:
            return found
    return None
