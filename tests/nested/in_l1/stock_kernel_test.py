# SPDX-License-Identifier: Apache-2.0
"""The unmodified Debian cloud kernel, its bzImage as shipped, booted by skiff. Runs inside L1.

Its init (guest-images/l1/cloud-init) tells facts as lines "GUEST name value", then does what
guest_then= says.
"""

import os
import re
import signal
import subprocess
import time

from net_namespace import ip
from skiff_runner import SkiffTestCase, image_path
from user_network import DHCP_ADDRESS, DHCP_SCRIPT, GATEWAY, ask_forwarded_port, make_uplink
from vsock_streams import OneService, md5_line

BOOT_S = 20  # To user space; SKIFF_TEST_TIME_FACTOR stretches it.


class StockKernelTest(SkiffTestCase):
    def boot(self, then, *arguments, stdin="null"):
        images = os.environ["SKIFF_NESTED_IMAGES"]
        return self.start(
            "run", os.path.join(images, "cloud-bzImage"),
            "-i", os.path.join(images, "cloud-initramfs.cpio"),
            "-a", f"quiet guest_then={then}", *arguments, stdin=stdin)

    def assert_ends_with_0(self, guest):
        finished = guest.wait(BOOT_S)
        self.assertEqual(finished.status, 0)
        return Facts(finished.text)

    def assert_sees(self, facts, cpus, memory_mib):
        self.assertEqual(facts.number("cpus"), cpus)
        # The kernel keeps some for itself: its image, the page structs (1/64), tables by CPU.
        self.assertLessEqual(facts.number("memory_kib"), memory_mib * 1024)
        self.assertGreater(facts.number("memory_kib"), (memory_mib * 0.9 - 32) * 1024)

    def assert_right_clocks(self, facts):
        """kvm-clock works, and both the guest's clock and its RTC tell L1's time."""
        self.assertEqual(facts["clocksource"], "kvm-clock")
        self.assertAlmostEqual(facts.number("date"), time.time(), delta=30)
        self.assertAlmostEqual(facts.number("rtc"), time.time(), delta=30)

    def test_boots_by_pvh_on_one_cpu_and_poweroff_ends_skiff(self):
        guest = self.boot("poweroff", "--entry", "pvh", "-c", "1", "-m", "512M")
        facts = self.assert_ends_with_0(guest)
        self.assert_sees(facts, cpus=1, memory_mib=512)
        self.assert_right_clocks(facts)

    def test_boots_by_linux64_on_two_cpus_and_reboot_ends_skiff(self):
        guest = self.boot("reboot", "--entry", "linux64", "-c", "2", "-m", "512M")
        facts = self.assert_ends_with_0(guest)
        self.assert_sees(facts, cpus=2, memory_mib=512)
        self.assert_right_clocks(facts)

    def test_boots_by_pvh_on_two_cpus_with_5_gib_and_takes_console_input(self):
        guest = self.boot("ask", "--entry", "pvh", "-c", "2", "-m", "5G", stdin="pipe")
        guest.expect(r"GUEST asks\r?\n", BOOT_S)
        guest.send("poweroff\n")
        facts = self.assert_ends_with_0(guest)
        self.assert_sees(facts, cpus=2, memory_mib=5120)
        self.assert_right_clocks(facts)

    def test_boots_by_linux64_on_one_cpu_with_5_gib(self):
        guest = self.boot("poweroff", "--entry", "linux64", "-c", "1", "-m", "5G")
        facts = self.assert_ends_with_0(guest)
        self.assert_sees(facts, cpus=1, memory_mib=5120)

    def root_disk(self):
        disk = self.folder() / "root.ext4"
        subprocess.run(["cp", "--sparse=always", image_path("root.ext4"), disk], check=True)
        return disk

    def test_goes_on_from_its_root_disk_with_a_network_and_what_it_wrote_is_in_the_file(self):
        disk = self.root_disk()
        command = ("echo GUEST root $(grep /dev/vda /proc/mounts); echo written by the guest >/written;"
                   " sync; echo GUEST rng $(cat /sys/class/misc/hw_random/rng_current);"
                   " ip addr add 10.90.0.2/24 dev eth0; ip link set eth0 up;"
                   " echo GUEST ping $(ping -c 3 -W 5 10.90.0.1 | grep received);"
                   " echo GUEST net $(cat /sys/class/net/eth0/carrier /sys/class/net/eth0/address);"
                   " vsock connect 6000 md5sum; echo GUEST vsock $?")
        sockets = self.folder() / "v.sock"
        data = bytes(range(256)) * 512
        service = OneService(sockets, 6000, data)
        for words in ("tuntap add dev nested0 mode tap multi_queue", "addr add 10.90.0.1/24 dev nested0",
                      "link set nested0 up"):
            subprocess.run(["ip", *words.split()], check=True)
        self.addCleanup(subprocess.run, ["ip", "link", "del", "nested0"], check=True)
        guest = self.boot(f'root guest_cmd="{command}"', "-c", "2", "-m", "512M", "-d", disk,
                          "-n", "tap=nested0,queues=2,mac=02:00:00:00:90:02",
                          "--vsock", f"cid=3,path={sockets}")
        facts = self.assert_ends_with_0(guest)
        self.assertRegex(facts["root"], r"^/dev/vda / ext4 rw\b")
        # Found by ACPI, as this kernel takes no devices from its command line.
        self.assertEqual(facts["platform"].split()[:2], ["LNRO0005:00", "LNRO0005:01"])
        self.assertRegex(facts["rng"], "virtio_rng")
        self.assertRegex(facts["ping"], "3 packets received")
        self.assertEqual(facts["net"], "1 02:00:00:00:90:02")
        self.assertEqual(facts["vsock"], "0")
        self.assertEqual(service.answer(), md5_line(data))
        written = subprocess.run(["debugfs", "-R", "cat /written", disk], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, check=True, timeout=20).stdout
        self.assertEqual(written, b"written by the guest\n")

    def menu(self, guest, command, answer):
        """A command of the menu of Ctrl-]."""
        guest.send(b"\x1d")
        guest.expect("skiff> ")
        guest.send(command + "\r")
        return guest.expect(answer)

    def balloon_holds(self, guest, size):
        return self.menu(guest, "i", r"balloon: ([^,]+) in it, ")[1].decode() == size

    def test_its_console_is_hvc0_and_it_has_a_balloon_and_the_hosts_network_by_passt(self):
        log = self.folder() / "log"
        command = ("echo GUEST tty $(tty);" + DHCP_SCRIPT + " ip link set eth0 up;"
                   " echo GUEST lease $(udhcpc -i eth0 -n -q -s /tmp/u | grep ^dhcp=);"
                   " echo hello | nc -l -p 80 >/tmp/got; echo GUEST forwarded $(cat /tmp/got);"
                   " for port in /dev/vport*p1; do echo to the log >$port; done; echo GUEST waits; read line; exit 5")
        make_uplink()
        self.addCleanup(ip, "link", "del", "uplink")
        guest = self.boot(f'root guest_cmd="{command}"', "-v", "-c", "2", "-m", "512M", "-d", self.root_disk(),
                          "--console", "virtio", "--port", f"log={log}", "--balloon", "size=0",
                          "-n", "user,hostfwd=tcp:127.0.0.1:8080:80", stdin="terminal")
        guest.expect(r"GUEST lease dhcp=\S+\r?\n", BOOT_S)
        self.assertEqual(ask_forwarded_port(8080, b"from-outside\n"), b"hello\n")
        guest.expect(r"GUEST waits\r?\n", BOOT_S)
        for size in ("64 MiB", "0 B"):
            self.menu(guest, f"b {size.split()[0]}", "the guest is asked for it")
            self.wait_until(lambda size=size: self.balloon_holds(guest, size), f"a balloon of {size}")
        guest.send("\n")
        finished = guest.wait(BOOT_S)
        self.assertEqual(finished.status, 5)
        facts = Facts(finished.text)
        self.assertEqual(facts["tty"], "/dev/hvc0")
        self.assertRegex(facts["lease"], rf"^dhcp={DHCP_ADDRESS},{GATEWAY}\b")
        self.assertEqual(facts["forwarded"], "from-outside")
        self.assertEqual(log.read_bytes(), b"to the log\n")
        self.assertRegex(finished.error_text, "balloon: given back: 64 MiB inflated, .*; 16384 pages deflated")

    def test_runs_a_command_without_any_image(self):
        # Its virtio console is a module, so the streams are the serial port.
        data = bytes(range(256)) * 16
        guest = self.start(
            "run", "-k", os.path.join(os.environ["SKIFF_NESTED_IMAGES"], "cloud-bzImage"), "-m", "512M",
            "-v", "--", "sh", "-c", "cat; echo kernel=$(uname -s) >&2; exit 37", stdin="pipe")
        guest.send(data)
        guest.close_stdin()
        finished = guest.wait(BOOT_S)
        self.assertEqual(finished.status, 37, finished.error_text)
        self.assertEqual(finished.output, data + b"kernel=Linux\n")
        self.assertIn("no virtio console", finished.error_text)

    def test_sigterm_presses_the_power_button(self):
        guest = self.boot("button", "-c", "2", "-m", "512M", "--grace", "60")
        guest.expect(r"GUEST waits for event", BOOT_S)
        guest.signal(signal.SIGTERM)
        guest.expect(r"GUEST KEY_POWER\r?\n", BOOT_S)
        self.assert_ends_with_0(guest)

    def test_sigterm_is_ctrl_alt_del_without_acpi(self):
        # This kernel reads no MP table, so without ACPI it has one CPU and the old interrupt
        # controllers; its keyboard driver and i8042 do the rest.
        guest = self.boot("wait", "-c", "1", "-m", "512M", "--no-acpi", "--grace", "60")
        guest.expect(r"GUEST waits\r?\n", BOOT_S)
        guest.signal(signal.SIGTERM)
        guest.expect(r"reboot: Restarting system", BOOT_S)
        self.assert_ends_with_0(guest)


class Facts:
    """What the guest told."""

    def __init__(self, console):
        self._facts = dict(re.findall(r"^GUEST (\w+) (.*)$", console, re.MULTILINE))
        self._console = console

    def __getitem__(self, name):
        if name not in self._facts:
            raise AssertionError(f"the guest did not tell its {name}:\n{self._console}")
        return self._facts[name]

    def number(self, name):
        return int(self[name])
