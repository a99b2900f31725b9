# SPDX-License-Identifier: Apache-2.0
"""A program as others have: it launches and drives microVMs with requests and requests-unixsocket, by the
paths and bodies that Firecracker documents. A line for each step; it ends with 1 at the first that goes wrong."""

import argparse
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import requests_unixsocket

PATIENCE = 40  # seconds, for whatever must come
AN_HOUR = {"size": 1, "refill_time": 3_600_000}
UNLIMITED = {"size": 0, "refill_time": 0}


def step(text):
    print("step:", text, flush=True)


def expect(holds, what):
    if not holds:
        sys.exit(f"failed: {what}")


class MicroVm:
    """One process and a session on its socket."""

    def __init__(self, options, name, payload, arguments=""):
        self.name = name
        self.socket = Path(options.folder) / f"{name}.sock"
        self.console = Path(options.folder) / f"{name}.console"
        with open(self.console, "wb") as console:
            self.process = subprocess.Popen(
                [options.firecracker, "--api-sock", self.socket, "--id", name],
                stdin=subprocess.PIPE, stdout=console, stderr=subprocess.DEVNULL)
        self.session = requests_unixsocket.Session()
        self.until(self.socket.exists, "the socket")
        self.put("/machine-config", {"vcpu_count": 1, "mem_size_mib": 128, "smt": False})
        self.put("/boot-source", {"kernel_image_path": f"{options.payloads}/{payload}.elf",
                                  "boot_args": arguments})

    def ask(self, verb, path, body=None):
        answer = self.session.request(verb, f"http+unix://{quote(str(self.socket), safe='')}{path}",
                                      json=body, timeout=PATIENCE)
        expect(answer.status_code in (200, 204), f"{verb} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.status_code == 200 else None

    def get(self, path):
        return self.ask("GET", path)

    def put(self, path, body):
        self.ask("PUT", path, body)

    def patch(self, path, body):
        self.ask("PATCH", path, body)

    def start(self):
        self.put("/actions", {"action_type": "InstanceStart"})
        step(f"started {self.name}")

    def state(self):
        return self.get("/")["state"]

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            expect(time.monotonic() < deadline, f"{what} in time: {self.said()}")
            time.sleep(0.005)

    def said(self):
        return self.console.read_text(errors="replace")

    def expect_said(self, text):
        self.until(lambda: text in self.said(), f"the guest's {text}")

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait(self):
        expect(self.process.wait(PATIENCE) == 0, f"{self.name} ends with {self.process.returncode}")
        expect(not self.socket.exists(), "the socket is gone")


def version(options):
    told = subprocess.run([options.firecracker, "--version"], capture_output=True, text=True, check=True).stdout
    expect(re.match(r"Firecracker v\d+\.\d+\.\d+\n", told), f"the version: {told}")
    step("version told")


def life_cycle(options):
    guest = MicroVm(options, "life", "power_button")
    expect(guest.state() == "Not started", "the state before the start")
    guest.start()
    guest.expect_said("waiting for the power button")
    for _ in range(3):
        guest.patch("/vm", {"state": "Paused"})
        expect(guest.state() == "Paused", "the guest is paused")
        guest.patch("/vm", {"state": "Resumed"})
        expect(guest.state() == "Running", "the guest runs on")
    step("paused and resumed")
    guest.process.send_signal(signal.SIGTERM)
    guest.wait()
    step("stopped by a signal")


def shutdown(options):
    guest = MicroVm(options, "keys", "keyboard")
    guest.start()
    guest.expect_said("waiting for keys")
    guest.put("/actions", {"action_type": "SendCtrlAltDel"})
    guest.wait()
    guest.expect_said("key 0x53")
    step("shut down by Ctrl-Alt-Del")


def balloon(options):
    guest = MicroVm(options, "balloon", "virtio_balloon", "area=4096")
    guest.put("/balloon", {"amount_mib": 4, "deflate_on_oom": True, "stats_polling_interval_s": 1})
    guest.start()
    guest.expect_said("balloon features")
    guest.say("follow")
    guest.expect_said("follow to 1024")
    guest.say("follow")
    guest.expect_said("follow from 1024")
    guest.patch("/balloon", {"amount_mib": 8})
    guest.expect_said("follow to 2048")
    expect(guest.get("/balloon")["amount_mib"] == 8, "the balloon's size")
    guest.say("statistics 104857600 209715200")
    guest.until(lambda: guest.get("/balloon/statistics").get("free_memory") == 104857600,
                "the balloon's statistics")
    expect(guest.get("/balloon/statistics")["actual_mib"] == 8, "the balloon's own figure")
    guest.say("end")
    guest.wait()
    step("balloon sized")


def limits(options):
    guest = MicroVm(options, "disk", "virtio_block", "read:0:8:1 read:8:8:1 read:16:8:1")
    guest.put("/drives/data", {"drive_id": "data", "path_on_host": options.disk, "is_root_device": False,
                               "is_read_only": True, "rate_limiter": {"ops": AN_HOUR}})
    guest.start()
    guest.expect_said("read:0:8:1: ")
    expect("read:8:8:1: " not in guest.said(), "the limit holds")
    guest.patch("/drives/data", {"drive_id": "data", "rate_limiter": {"ops": UNLIMITED}})
    guest.wait()
    guest.expect_said("read:16:8:1: ")
    step("rate limit lifted")


def network(options):
    if not options.tap:
        return
    guest = MicroVm(options, "net", "virtio_net", "send:20:1514")
    guest.put("/network-interfaces/eth0", {"iface_id": "eth0", "host_dev_name": options.tap,
                                           "guest_mac": "02:00:00:00:00:02",
                                           "tx_rate_limiter": {"ops": AN_HOUR}})
    guest.start()
    expect(guest.state() == "Running", "the guest runs")
    guest.patch("/network-interfaces/eth0", {"iface_id": "eth0", "tx_rate_limiter": {"ops": UNLIMITED}})
    guest.wait()
    guest.expect_said("send:20:1514: ")
    step("frames sent")


def main():
    parser = argparse.ArgumentParser()
    for name in ("firecracker", "payloads", "folder", "disk"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--tap")
    options = parser.parse_args()
    for part in (version, life_cycle, shutdown, balloon, limits, network):
        part(options)
    step("done")


if __name__ == "__main__":
    main()
