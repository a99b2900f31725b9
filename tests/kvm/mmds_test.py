# SPDX-License-Identifier: Apache-2.0
"""The metadata service, asked by a guest that is driven from outside: it sends every frame back as it came, so
that a test's TCP client sits behind its network device."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase  # noqa: E402
from echoed_tcp import FIN, IPV4, RST, SYN, EchoedTcp, ip_frame  # noqa: E402
from net_namespace import GUEST_MAC, WithNetwork, Wire, ip, make_tap  # noqa: E402
from skiff_runner import main, payload_path, time_factor  # noqa: E402

ADDRESS = "169.254.169.254"
DATA = {"latest": {"meta-data": {"ami-id": "ami-1", "macs": {"a": {"n": 1}}}, "large": "x" * 20_000}}


class Answer:
    def __init__(self, data):
        head, _, self.body = data.decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in
                        (line.partition(":") for line in lines)}


class MmdsTestCase(WithNetwork, ApiTestCase):
    def setUp(self):
        super().setUp()
        make_tap("tap0")
        self.wire = Wire("tap0")
        self.port = 40_000
        self.addCleanup(ip, "tuntap", "del", "dev", "tap0", "mode", "tap")
        self.addCleanup(lambda: [skiff.kill() for skiff in self.started])
        self.addCleanup(self.wire.close)

    def describe_guest(self, client, **config):
        self.describe(client, "virtio_net", "buffer=2048 echo:1000000")
        self.accepted(client.put("/network-interfaces/eth0", {
            "iface_id": "eth0", "host_dev_name": "tap0", "guest_mac": GUEST_MAC}))
        self.accepted(client.put("/mmds/config", {"network_interfaces": ["eth0"], **config}))

    def start_guest(self, **config):
        skiff, client = self.serve(stdin="pipe")
        self.describe_guest(client, **config)
        self.begin(client)
        skiff.expect("ready\n", 30)
        return client

    def connection(self, address=ADDRESS, **options):
        self.port += 1
        return EchoedTcp(self.wire, address, self.port, **options)

    def ask(self, path, *headers, method="GET", address=ADDRESS):
        lines = (f"{method} {path} HTTP/1.1", f"Host: {address}", "Connection: close", *headers, "", "")
        return Answer(self.connection(address).connect().ask("\r\n".join(lines).encode()))

    def text(self, path, *headers):
        answer = self.ask(path, *headers)
        return answer.status, answer.body


class Guest(MmdsTestCase):
    def test_version_1_text_and_json_before_and_after_changes(self):
        client = self.start_guest()
        self.assertEqual(self.text("/latest"), (404, "Resource not found: /latest."))
        self.assertEqual(client.get("/mmds").json, {})
        self.assertEqual(client.patch("/mmds", {"a": 1}).status, 400)
        self.accepted(client.put("/mmds", DATA))
        self.assertEqual(client.get("/mmds").json, DATA)
        self.assertEqual(self.text("/latest/meta-data/"), (200, "ami-id\nmacs/"))
        self.assertEqual(self.text("/latest/large"), (200, "x" * 20_000))
        answer = self.ask("/latest/meta-data", "Accept: application/json")
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(json.loads(answer.body), DATA["latest"]["meta-data"])
        self.accepted(client.patch("/mmds", {"latest": {"meta-data": {"ami-id": "ami-2", "macs": None}}}))
        self.assertEqual(self.text("/latest/meta-data"), (200, "ami-id"))
        self.assertEqual(self.text("/latest/meta-data/ami-id"), (200, "ami-2"))
        answer = self.ask("/latest", method="POST")
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, PUT"))

    def test_version_2_answers_sessions_only(self):
        client = self.start_guest(version="V2", ipv4_address="169.254.1.9", imds_compat=True)
        self.accepted(client.put("/mmds", DATA))

        def ask(*arguments, **options):
            return self.ask(*arguments, address="169.254.1.9", **options)

        self.assertEqual(ask("/latest/meta-data/ami-id").status, 401)
        made = ask("/latest/api/token", "X-metadata-token-ttl-seconds: 60", method="PUT")
        self.assertEqual((made.status, made.headers["x-metadata-token-ttl-seconds"]), (200, "60"))
        answer = ask("/latest/meta-data", f"X-metadata-token: {made.body}", "Accept: application/json")
        self.assertEqual((answer.status, answer.body), (200, "ami-id\nmacs/"))
        self.assertEqual(ask("/latest", "X-metadata-token: " + "0" * 48).status, 401)
        self.assertEqual(ask("/latest/api/token", "X-metadata-token-ttl-seconds: 60",
                             "X-Forwarded-For: 10.0.0.1", method="PUT").status, 400)

    def test_other_ports_are_refused(self):
        self.start_guest()
        other = self.connection(server_port=81)
        other.send(SYN)
        self.assertTrue(other.receive()[0] & RST)

    def test_what_is_not_for_the_service_reaches_the_network(self):
        self.start_guest()
        talk = self.connection().connect()
        for frame in (ip_frame(17, ADDRESS, b"udp" * 20), ip_frame(1, ADDRESS, b"icmp" * 20),
                      ip_frame(6, "169.254.169.253", b"tcp" * 20), ip_frame(6, "10.99.0.5", bytes(1460))):
            self.wire.send(frame)
            self.assertEqual(self.wire.receive(20 * time_factor(), IPV4), frame)
        self.assertTrue(talk.ask(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 404 "))

    def test_a_guest_that_floods_it_is_served_after_that(self):
        client = self.start_guest()
        self.accepted(client.put("/mmds", DATA))
        for port in range(1, 501):
            EchoedTcp(self.wire, ADDRESS, port).send(SYN)
        for garbage in (b"\0" * 1400, b"GET /" + b"a" * 1400, b"\r\n" * 700):
            talk = self.connection().connect()
            talk.send(FIN, garbage)
        self.assertEqual(self.text("/latest/meta-data/ami-id"), (200, "ami-1"))
        self.assertEqual(self.state(client), "Running")


class Description(MmdsTestCase):
    def test_it_is_configured_before_the_start_by_interfaces_that_are_there(self):
        skiff, client = self.serve(stdin="pipe")
        answer = client.put("/mmds/config", {"network_interfaces": ["eth0"]})
        self.assertEqual((answer.status, answer.json["field"]), (400, "network_interfaces"))
        self.assertIn("no interface 'eth0'", answer.fault)
        self.describe_guest(client)
        self.begin(client)
        skiff.expect("ready\n", 30)
        self.assertIn("only before", client.put("/mmds/config", {"network_interfaces": ["eth0"]}).fault)

    def test_metadata_has_a_limit_and_is_an_object(self):
        _, client = self.serve("--mmds-size-limit", "50")
        self.assertIn("50 that --mmds-size-limit allows", client.put("/mmds", {"a": "x" * 50}).fault)
        self.assertIn("one JSON object", client.put("/mmds", [1]).fault)
        self.accepted(client.put("/mmds", {"a": "x" * 40}))

    def test_a_file_and_the_command_line_say_the_same(self):
        metadata = self.scratch / "metadata.json"
        metadata.write_text(json.dumps(DATA))
        config = {"boot-source": {"kernel_image_path": payload_path("virtio_net"),
                                  "boot_args": "buffer=2048 echo:1000000"},
                  "machine-config": {"vcpu_count": 1, "mem_size_mib": 64},
                  "network-interfaces": [{"iface_id": "eth0", "host_dev_name": "tap0",
                                          "guest_mac": GUEST_MAC}],
                  "mmds-config": {"version": "V2", "network_interfaces": ["eth0"],
                                  "ipv4_address": ADDRESS, "imds_compat": False}}
        file = self.scratch / "vm.json"
        file.write_text(json.dumps(config))
        for first, arguments in enumerate((
                ("--config-file", file, "--metadata", metadata, "--api-sock", self.socket),
                ("run", "--config", file, "--metadata", metadata, "--api-sock", self.socket))):
            with self.subTest(arguments=arguments[:2]):
                skiff = self.start(*arguments, stdin="pipe")
                skiff.expect("ready\n", 30)
                client = self.client()
                self.assertEqual(client.get("/vm/config").json["mmds-config"], config["mmds-config"])
                self.assertEqual(client.get("/mmds").json, DATA)
                self.port = 41_000 + 1000 * first
                self.assertEqual(self.ask("/latest").status, 401)
                skiff.kill()
        skiff = self.start_payload("virtio_net", "buffer=2048 echo:1000000", "-n",
                                   f"tap=tap0,mac={GUEST_MAC}", "--metadata", metadata, "--api-sock",
                                   self.socket)
        skiff.expect("ready\n", 30)
        self.assertEqual(self.text("/latest/meta-data/ami-id"), (200, "ami-1"))
        client = self.client()
        self.assertEqual(client.get("/vm/config").json["mmds-config"]["network_interfaces"], ["eth0"])
        self.accepted(client.patch("/mmds", {"latest": {"meta-data": {"ami-id": "ami-3"}}}))
        self.assertEqual(self.text("/latest/meta-data/ami-id"), (200, "ami-3"))

    def test_metadata_that_cannot_be_is_one_line_and_status_2(self):
        wrong = self.scratch / "wrong.json"
        wrong.write_text("{")
        for arguments, said in (
                (("--metadata", self.scratch / "no.json"), "cannot read '"),
                (("--metadata", wrong), "not valid JSON: line 1, column 1")):
            for start in (("--api-sock", self.socket),
                          ("run", payload_path("hello"), "-n", "tap=tap0")):
                finished = self.run_skiff(*start, *arguments)
                self.assertEqual(finished.status, 2, finished.error_text)
                self.assertIn(said, finished.error_text)
                self.assertEqual(finished.error_text.count("\n"), 1)
        finished = self.run_skiff("run", payload_path("hello"), "--metadata", wrong)
        self.assertEqual(finished.status, 2)
        self.assertIn("no network device to ask by: add --net", finished.error_text)


if __name__ == "__main__":
    main(needs=("kvm", "payloads", "tap"))
