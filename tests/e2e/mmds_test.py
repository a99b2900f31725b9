# SPDX-License-Identifier: Apache-2.0
"""Linux asks the metadata service by its own TCP, as cloud images do, while it moves data over the same
interface: version 2 on a TAP. (Version 1, beside passt: user_net_test.py.)"""

import hashlib
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

from guest_network import Server, enter_namespace, move_data_commands, some_data
from linux_guest import BOOT_SECONDS, find_images, image_path, linux_arguments, main
from net_namespace import ip
from skiff_runner import SKIPPED, Skiff

ADDRESS = "169.254.169.254"
HOST, GUEST = "10.77.0.1", "10.77.0.2"
# A large value takes many segments; the checksums of both sides are compared.
LARGE = "".join(f"line {number:05}\n" for number in range(3000))
DATA = {"latest": {"meta-data": {"ami-id": "ami-1", "network": {"mac": "x"}}, "user-data": LARGE}}
# busybox's wget has no PUT: the token is asked for by hand.
TOKEN = (r"printf 'PUT /latest/api/token HTTP/1.0\r\nX-metadata-token-ttl-seconds: 600\r\n\r\n'"
         f" | nc {ADDRESS} 80 | tail -n 1")
GET = f"wget -q -O - --header X-metadata-token:$token http://{ADDRESS}"


def guest_command():
    return (f"ip addr add {GUEST}/24 dev eth0; ip link set eth0 up; ip route add {ADDRESS} dev eth0;"
            f" wget -q -O - http://{ADDRESS}/latest; echo no-token=$?;"
            f" token=$({TOKEN}); echo token-length=${{#token}};"
            f" {GET}/latest/meta-data/; echo; {GET}/latest/meta-data/ami-id; echo;"
            f" {GET}/latest --header Accept:application/json >/tmp/json; echo json=$(md5sum </tmp/json);"
            # At the same time, over the same interface.
            f" ( while [ ! -e /tmp/done ]; do {GET}/latest/user-data >/tmp/got; md5sum </tmp/got >>/tmp/sums;"
            f" done ) & {move_data_commands(HOST, 'eth0')} touch /tmp/done; wait;"
            f" echo large=$(sort -u </tmp/sums) times=$(wc -l </tmp/sums);"
            f" ping -c 1 -W 1 {ADDRESS} >/dev/null; echo ping=$?;"
            f" echo neighbour=$(ip neigh show {ADDRESS});"
            " exit 7")


class Linux(unittest.TestCase):
    """One boot; what it said, a test for each fact."""

    @classmethod
    def setUpClass(cls):
        ip("tuntap", "add", "dev", "tap0", "mode", "tap")
        ip("addr", "add", f"{HOST}/24", "dev", "tap0")
        ip("link", "set", "tap0", "up")
        cls.data = some_data(8)
        cls.server = Server(HOST, cls.data)
        scratch = tempfile.TemporaryDirectory(prefix="skiff-test-")
        cls.addClassCleanup(scratch.cleanup)
        config, metadata = Path(scratch.name) / "vm.json", Path(scratch.name) / "metadata.json"
        config.write_text(json.dumps({
            "boot-source": {"kernel_image_path": image_path("vmlinux"),
                            "boot_args": "console=ttyS0 reboot=k panic=-1"},
            "machine-config": {"vcpu_count": 2, "mem_size_mib": 256},
            "network-interfaces": [{"iface_id": "eth0", "host_dev_name": "tap0"}],
            "mmds-config": {"version": "V2", "network_interfaces": ["eth0"]}}))
        metadata.write_text(json.dumps(DATA))
        skiff = Skiff(*linux_arguments("-v", "--config", config, "--metadata", metadata,
                                       command=guest_command()))
        cls.addClassCleanup(skiff.kill)
        cls.finished = skiff.wait(4 * BOOT_SECONDS)
        cls.text = cls.finished.text.replace("\r", "")
        cls.story = cls.text[-4000:] + cls.finished.error_text

    def test_the_guest_ends_by_itself(self):
        self.assertEqual(self.finished.status, 7, self.story)

    def test_without_a_token_there_is_nothing(self):
        self.assertIn("401 Unauthorized", self.text, self.story)
        self.assertIn("no-token=1\n", self.text)

    def test_with_a_token_there_is_text(self):
        self.assertIn("token-length=48\nami-id\nnetwork/\nami-1\n", self.text, self.story)

    def test_with_a_token_there_is_json(self):
        wanted = hashlib.md5(json.dumps(DATA["latest"], separators=(",", ":"))
                             .replace("\\n", "\\u000a").encode()).hexdigest()
        self.assertIn(f"json={wanted} ", self.text, self.story)

    def test_large_values_are_whole_while_other_data_moves(self):
        wanted = hashlib.md5(LARGE.encode()).hexdigest()
        self.assertRegex(self.text, rf"large={wanted} - times=\d+\n", self.story)

    def test_other_data_is_whole_too(self):
        wanted = hashlib.md5(self.data).hexdigest()
        self.assertIn(f"eth0-got={wanted} ", self.text, self.story)
        self.assertEqual(self.server.received, [wanted], self.story)

    def test_the_address_is_found_by_arp_and_has_no_ping(self):
        self.assertIn("06:01:23:45:67:01", re.search(r"neighbour=(.*)", self.text)[1], self.story)
        self.assertIn("ping=1\n", self.text)

    def test_nothing_was_dropped_or_broken(self):
        self.assertRegex(self.finished.error_text, r"net tap0: \d+ frames received \([^)]*\), 0 dropped;"
                         r" \d+ frames sent \([^)]*\), 0 dropped")
        self.assertNotIn("waits for its driver", self.finished.error_text)


if __name__ == "__main__":
    find_images()
    REASON = enter_namespace()
    if REASON:
        print(f"SKIPPED: {REASON}")
        sys.exit(SKIPPED)
    main(needs=("kvm", "images"))
