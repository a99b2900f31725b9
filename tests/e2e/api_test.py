#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Linux guest that a client of the API describes, starts, pauses, changes and ends."""

from linux_guest import BOOT_SECONDS, PROMPT, expect_ready, main  # finds the tests' support, too
from api_client import ApiTestCase
from guest_disks import MIB, make_disk
from skiff_runner import image_path


class LinuxByApi(ApiTestCase):
    def ask(self, skiff, command, answer):
        """Types a command at the guest's prompt; what it answers must match."""
        skiff.send(f"{command}\n")
        return skiff.expect(answer, BOOT_SECONDS)

    def test_its_life(self):
        disk = make_disk(self.scratch / "disk", MIB)
        larger = make_disk(self.scratch / "larger", 2 * MIB)
        skiff, client = self.serve(stdin="pipe")
        self.accepted(client.put("/machine-config", {"vcpu_count": 2, "mem_size_mib": 256}))
        self.accepted(client.put("/boot-source", {
            "kernel_image_path": image_path("vmlinux"), "initrd_path": image_path("initramfs.cpio"),
            "boot_args": "console=ttyS0 reboot=k panic=1 quiet"}))
        self.accepted(client.put("/drives/data", {"drive_id": "data", "path_on_host": str(disk),
                                                  "is_root_device": False}))
        self.accepted(client.put("/balloon", {"amount_mib": 0, "deflate_on_oom": True,
                                              "stats_polling_interval_s": 1}))
        self.begin(client)
        expect_ready(skiff)
        skiff.expect(PROMPT)

        self.ask(skiff, "echo cpus=$(nproc) size=$(cat /sys/block/vda/size)",
                 f"cpus=2 size={MIB // 512}\r?\n")
        self.accepted(client.patch("/drives/data", {"drive_id": "data", "path_on_host": str(larger)}))
        self.ask(skiff, "until [ $(cat /sys/block/vda/size) -gt 2048 ]; do sleep 0.1; done; echo lar''ger",
                 f"larger\r?\n")

        # Two vCPUs stand and go on, with what is typed meanwhile waiting for them.
        for turn in range(3):
            self.accepted(client.patch("/vm", {"state": "Paused"}))
            skiff.send(f"echo tu''rn {turn}\n")
            self.assertEqual(self.state(client), "Paused")
            self.assertNotIn(f"turn {turn}".encode(), skiff.output)
            self.accepted(client.patch("/vm", {"state": "Resumed"}))
            skiff.expect(f"turn {turn}\r?\n", BOOT_SECONDS)

        self.accepted(client.patch("/balloon", {"amount_mib": 32}))
        self.wait_until(lambda: client.get("/balloon/statistics").json["actual_mib"] == 32,
                        "the balloon has its size", BOOT_SECONDS)
        self.wait_until(lambda: "free_memory" in client.get("/balloon/statistics").json,
                        "the guest tells its statistics", BOOT_SECONDS)
        self.ask(skiff, "dmesg | grep -c 'soft lockup\\|detected stalls'; echo tro''ubles", "\r\n0\r\ntroubles\r\n")

        self.accepted(client.put("/actions", {"action_type": "SendCtrlAltDel"}))
        self.assertEqual(skiff.wait(BOOT_SECONDS).status, 0, skiff.story())
        self.assertFalse(self.socket.exists())


if __name__ == "__main__":
    main(needs=("kvm", "images"))
