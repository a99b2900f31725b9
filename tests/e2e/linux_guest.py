# SPDX-License-Identifier: Apache-2.0
"""What the e2e tests share: boots of the project's guest kernel.

A Linux boot takes 4 to 5 s where KVM emulates the guest's kernel mode, so one boot checks many things.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from skiff_runner import SkiffTestCase, image_path, time_factor  # noqa: E402
from skiff_runner import main as runner_main  # noqa: E402

BOOT_SECONDS = 60  # 4 to 5 s on an idle machine
PROMPT = r"guest:\S* "


def linux_arguments(*arguments, kernel="vmlinux", initrd=True, parameters="", command=None):
    """`run KERNEL -i INITRAMFS -a "quiet PARAMETERS guest_cmd=COMMAND" ARGUMENTS…`"""
    words = ["quiet"] + ([parameters] if parameters else [])
    if command is not None:
        assert '"' not in command, "the kernel's command line has no way to quote a quote"
        words.append(f'guest_cmd="{command}"')
    initrd_arguments = ["-i", image_path("initramfs.cpio")] if initrd else []
    return ["run", image_path(kernel), *initrd_arguments, "-a", " ".join(words), *arguments]


def expect_ready(skiff):
    skiff.expect(r"GUEST-READY uptime=\d+\.\d\d\r?\n", BOOT_SECONDS)


def wait_until_idle(skiff):
    """Until all of its threads sleep whenever one looks, for half a second."""
    end = time.monotonic() + BOOT_SECONDS * time_factor()
    sleeping = 0
    while sleeping < 10:
        if time.monotonic() > end:
            raise AssertionError(f"it does not become idle\n{skiff.story()}")
        time.sleep(0.05)
        sleeping = sleeping + 1 if set(thread_states(skiff)) == {"S"} else 0


def thread_states(skiff):
    """The letters of proc(5): S sleeping, R running or waiting for a CPU, …"""
    return [text.rpartition(")")[2].split()[0] for text in skiff.of_threads("stat")]


class LinuxTestCase(SkiffTestCase):
    def start_linux(self, *arguments, kernel="vmlinux", initrd=True, parameters="", command=None,
                    **options):
        return self.start(*linux_arguments(*arguments, kernel=kernel, initrd=initrd,
                                           parameters=parameters, command=command), **options)


def find_images():
    """Guest images that are built already are found without SKIFF_GUEST_IMAGES too."""
    if "SKIFF_GUEST_IMAGES" in os.environ:
        return
    built = subprocess.run([ROOT / "guest-images" / "build", "--print", "all"], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if built.returncode == 0:
        os.environ["SKIFF_GUEST_IMAGES"] = built.stdout.splitlines()[-1]


def main(needs):
    if "images" in needs:
        find_images()
    runner_main(needs)
