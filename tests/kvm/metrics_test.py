# SPDX-License-Identifier: Apache-2.0
"""What is counted, in its three forms: metrics as JSON lines, as Prometheus' text, and as statistics."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase  # noqa: E402
from disk_pattern import make_disk  # noqa: E402
from skiff_runner import SKIPPED, main, payload_path  # noqa: E402

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    # Debian's package, where another Python runs this. It is Python alone.
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        print("SKIPPED: no Prometheus parser: install python3-prometheus-client")
        sys.exit(SKIPPED)

MIB = 1 << 20
SAMPLE = re.compile(r'([a-z_]+)(?:\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})?'
                    r' \d+(?:\.\d+)?')


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def total(lines, group, key):
    return sum(line.get(group, {}).get(key, 0) for line in lines)


class Metrics(ApiTestCase):
    def test_lines_come_at_the_start_when_asked_and_at_the_end(self):
        file = self.scratch / "metrics"
        skiff, client = self.serve("--id", "vm-1")
        self.accepted(client.put("/metrics", {"metrics_path": str(file), "emit_id": True,
                                              "properties": {"customer": "7"}}))
        self.assertEqual(client.put("/metrics", {"metrics_path": str(file)}).status, 400)
        self.assertEqual(client.put("/actions", {"action_type": "FlushMetrics"}).status, 400)
        self.assertEqual(file.read_text(), "")
        self.describe(client, "serial_input", "mode=interrupt echo=1 count=3")
        self.begin(client)
        skiff.expect("ready")
        self.assertEqual(len(lines_of(file)), 1)
        self.assertIn("metrics", skiff.threads())
        before = time.time()
        self.accepted(client.put("/actions", {"action_type": "FlushMetrics"}))
        first, second = lines_of(file)
        self.assertEqual(list(first)[:3], ["utc_timestamp_ms", "id", "properties"])
        self.assertEqual((first["id"], first["properties"]), ("vm-1", {"customer": "7"}))
        self.assertLess(abs(second["utc_timestamp_ms"] / 1000 - before), 60)
        puts = first["put_api_requests"]
        self.assertEqual((puts["metrics_count"], puts["metrics_fails"]), (2, 1))
        # Requests are counted once they are answered: the start after its line.
        self.assertEqual((puts["actions_count"], puts["actions_fails"], puts["boot_source_count"]),
                         (1, 1, 1))
        self.assertEqual(second["put_api_requests"]["actions_count"], 1)
        self.assertEqual(second["put_api_requests"]["metrics_count"], 0)
        skiff.signal(signal.SIGTERM)
        skiff.expect("asking the guest", stream="stderr")
        skiff.signal(signal.SIGTERM)
        skiff.wait()
        lines = lines_of(file)
        self.assertEqual(len(lines), 3)
        self.assertGreaterEqual(total(lines, "vcpu", "exit_io_out"), total(lines, "uart", "write_count"))
        self.assertGreater(total(lines, "uart", "write_count"), len("ready"))

    def test_a_disks_metrics_are_what_the_guest_did(self):
        file, disk = self.scratch / "metrics", make_disk(self.scratch / "disk", 8 * MIB, 1)
        skiff, client = self.serve("--metrics-path", file)
        self.describe(client, "virtio_block", "read:0:64:1 read:64:64:1 write:64:8:7")
        self.accepted(client.put("/drives/data", {"drive_id": "data", "path_on_host": str(disk),
                                                  "is_root_device": False}))
        self.begin(client)
        finished = skiff.wait()
        self.assertEqual(finished.status, 0, finished.text)
        lines = lines_of(file)
        for group in ("block", "block_data"):
            self.assertEqual(total(lines, group, "write_count"), 1)
            self.assertEqual(total(lines, group, "write_bytes"), 8 * 512)
            self.assertEqual(total(lines, group, "read_bytes") % 512, 0)
            self.assertGreaterEqual(total(lines, group, "read_bytes"), 128 * 512)
            self.assertEqual(total(lines, group, "execute_fails"), 0)
            self.assertGreater(total(lines, group, "queue_event_count"), 0)
        self.assertGreater(total(lines, "vcpu", "exit_mmio_write"), 0)
        self.assertEqual(total(lines, "vcpu", "failures"), 0)

    def test_a_run_of_the_command_line_and_one_of_a_file_have_them_too(self):
        file = self.scratch / "metrics"
        config = self.scratch / "vm.json"
        config.write_text(json.dumps({"boot-source": {"kernel_image_path": payload_path("hello")},
                                      "machine-config": {"vcpu_count": 1, "mem_size_mib": 64},
                                      "metrics": {"metrics_path": str(file)}}))
        for arguments in (("run", payload_path("hello"), "--metrics-path", file),
                          ("run", "--config", config), ("--no-api", "--config-file", config)):
            with self.subTest(arguments=arguments):
                file.unlink(missing_ok=True)
                self.assertEqual(self.run_skiff(*arguments).status, 0)
                lines = lines_of(file)
                self.assertEqual(len(lines), 2)
                self.assertGreater(total(lines, "vcpu", "exit_io_out"), 0)
        finished = self.run_skiff("run", payload_path("hello"), "--metrics-path", "/no/such/file")
        self.assertEqual(finished.status, 2)
        self.assertIn("skiff: cannot open the metrics file '/no/such/file': No such file",
                      finished.error_text)

    def test_the_launchers_time_counts_into_the_start(self):
        file = self.scratch / "metrics"
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        skiff, client = self.serve("--metrics-path", file, "--start-time-us", now - 5_000_000,
                                   "--start-time-cpu-us", 0, "--parent-cpu-time-us", 1_000_000)
        self.describe(client, "hello")
        self.begin(client)
        self.assertEqual(skiff.wait().status, 0)
        told = lines_of(file)[0]["api_server"]
        self.assertGreater(told["process_startup_time_us"], 5_000_000)
        self.assertGreater(told["process_startup_time_cpu_us"], 1_000_000)

    def test_a_fifo_that_nobody_reads_loses_lines_and_says_so(self):
        fifo = self.scratch / "metrics"
        os.mkfifo(fifo)
        skiff, client = self.serve("--metrics-path", fifo)
        self.describe(client, "hang", "mode=halt")
        self.begin(client)
        skiff.expect("hanging")
        flush = {"action_type": "FlushMetrics"}
        asked = 0
        while (answer := client.put("/actions", flush)).status == 204:
            asked += 1
            self.assertLess(asked, 1000)
        self.assertIn(f"'{fifo}' is not read", answer.fault)
        self.assertEqual(client.get("/v1/stats").json["lost_metrics_lines"], 1)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        while True:
            try:
                os.read(reader, 1 << 16)
            except BlockingIOError:
                break
        self.accepted(client.put("/actions", flush))
        line = json.loads(os.read(reader, 1 << 16))
        self.assertEqual(line["logger"]["missed_metrics_count"], 1)
        self.assertEqual(line["put_api_requests"]["actions_count"], 2)  # with the lost one's

    def test_sighup_reopens_the_file(self):
        file, old = self.scratch / "metrics", self.scratch / "metrics.1"
        skiff, client = self.serve("--metrics-path", file)
        self.describe(client, "hang", "mode=halt")
        self.begin(client)
        skiff.expect("hanging")
        file.rename(old)
        skiff.signal(signal.SIGHUP)
        self.wait_until(file.exists, "the file is there again")
        self.accepted(client.put("/actions", {"action_type": "FlushMetrics"}))
        self.assertEqual((len(lines_of(old)), len(lines_of(file))), (1, 1))

    def test_without_metrics_nothing_is_set_up_and_a_flush_is_nothing(self):
        skiff, client = self.serve()
        self.describe(client, "hang", "mode=halt")
        self.begin(client)
        skiff.expect("hanging")
        self.assertNotIn("metrics", skiff.threads())
        self.accepted(client.put("/actions", {"action_type": "FlushMetrics"}))


class Prometheus(ApiTestCase):
    def families(self, client):
        answer = client.get("/metrics/prometheus")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assert_strict(answer.text)
        return {family.name: family for family in text_string_to_metric_families(answer.text)}

    def assert_strict(self, text):
        """What the parser would let pass: names that come twice or without HELP and TYPE before them, and
        counters that are not called _total."""
        self.assertTrue(text.endswith("\n"))
        seen, name = set(), None
        lines = iter(text.splitlines())
        for line in lines:
            if line.startswith("# HELP "):
                name = line.split()[2]
                self.assertNotIn(name, seen)
                seen.add(name)
                kind = next(lines)
                self.assertRegex(kind, rf"^# TYPE {name} (counter|gauge)$")
                self.assertEqual(kind.endswith(" counter"), name.endswith("_total"), name)
            else:
                sample = SAMPLE.fullmatch(line)
                self.assertIsNotNone(sample, line)
                self.assertEqual(sample[1], name)

    @staticmethod
    def value(families, name, **labels):
        found = [sample.value for sample in families[name].samples
                 if labels.items() <= sample.labels.items()]
        return sum(found) if found else None

    def test_the_text_is_prometheus_own_and_true(self):
        disk = make_disk(self.scratch / "disk", 8 * MIB, 1)
        skiff, client = self.serve("--id", "vm-1", stdin="pipe")
        families = self.families(client)
        self.assertEqual(self.value(families, "skiff_state", state="Not started"), 1)
        self.assertNotIn("skiff_vcpu_exits", families)
        self.describe(client, "virtio_block", "read:0:64:1 write:64:8:7 resized", vcpu_count=2)
        self.accepted(client.put("/balloon", {"amount_mib": 4, "deflate_on_oom": True}))
        self.accepted(client.put("/vsock", {"guest_cid": 3, "uds_path": str(self.scratch / "v")}))
        self.accepted(client.put("/drives/data", {"drive_id": "data", "path_on_host": str(disk),
                                                  "is_root_device": False}))
        self.begin(client)
        skiff.expect("waiting at capacity")
        families = self.families(client)
        self.assertEqual(self.value(families, "skiff_info", id="vm-1"), 1)
        self.assertEqual(self.value(families, "skiff_state", state="Running"), 1)
        self.assertEqual(self.value(families, "skiff_block_written_bytes", drive="data"), 8 * 512)
        self.assertGreater(self.value(families, "skiff_virtio_queue_chains", device="block",
                                      id="data"), 1)
        self.assertGreater(self.value(families, "skiff_vcpu_exits", vcpu="0", reason="port_write"), 100)
        self.assertEqual(self.value(families, "skiff_guest_memory_bytes"), 64 * MIB)
        self.assertEqual(self.value(families, "skiff_balloon_target_bytes"), 4 * MIB)
        self.assertEqual(self.value(families, "skiff_vsock_resets"), 0)
        self.assertGreater(self.value(families, "skiff_uptime_seconds"), 0)
        # The requests before this one.
        self.assertEqual(self.value(families, "skiff_api_requests", method="GET", result="ok"), 1)


class Statistics(ApiTestCase):
    def test_counters_grow_with_what_the_guest_does_and_memory_is_the_hosts_view(self):
        skiff, client = self.serve(stdin="pipe")
        before = client.get("/v1/stats").json
        self.assertEqual((before["state"], "vcpus" in before), ("Not started", False))
        self.describe(client, "serial_input", "mode=interrupt echo=1")
        self.begin(client)
        skiff.expect("ready")
        first = client.get("/v1/stats").json
        skiff.send("x" * 100)
        skiff.expect("x{100}")
        second = client.get("/v1/stats").json
        self.assertEqual(second["serial"]["bytes_read"] - first["serial"]["bytes_read"], 100)
        self.assertEqual(second["serial"]["bytes_sent"] - first["serial"]["bytes_sent"], 100)

        def writes(told):
            return told["vcpus"][0]["exits"]["port_write"]
        self.assertGreaterEqual(writes(second) - writes(first), 100)
        self.assertGreater(second["uptime_us"], first["uptime_us"])
        self.assertEqual(second["memory"]["guest_bytes"], 64 * MIB)
        rollup = Path(f"/proc/{skiff.pid}/smaps_rollup").read_text()
        resident = int(re.search(r"Rss: +(\d+) kB", rollup)[1]) * 1024
        told = second["memory"]["guest_resident_bytes"] + second["memory"]["vmm_resident_bytes"]
        self.assertLess(abs(told - resident), MIB)
        self.assertGreater(second["memory"]["guest_resident_bytes"], 0)
        self.assertEqual(second["api_requests"]["GET"], {"count": 2, "fails": 0})

    def test_a_paused_guest_is_told_of_too(self):
        skiff, client = self.serve()
        self.describe(client, "hang", "mode=spin")
        self.begin(client)
        skiff.expect("hanging")
        self.accepted(client.patch("/vm", {"state": "Paused"}))
        first = client.get("/v1/stats").json
        self.assertEqual(first["state"], "Paused")
        self.assertEqual(client.get("/v1/stats").json["vcpus"], first["vcpus"])


if __name__ == "__main__":
    main()
