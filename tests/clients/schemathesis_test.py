# SPDX-License-Identifier: Apache-2.0
"""Schemathesis makes up requests by the API's document, right ones and wrong ones, and holds skiff's answers to
it: before the microVM starts, and while it runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))
import toolchains  # noqa: E402
from http_proxy import Proxy, Skiff  # noqa: E402
from skiff_runner import SkiffTestCase, main, payload_path, skiff_path, time_factor  # noqa: E402

DOCUMENT = HERE.parents[1] / "docs/api/openapi.yaml"
# What skiff must refuse is the contract test's: it takes null for a key that is missing, beyond the document.
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
          "response_headers_conformance,unsupported_method")
EXAMPLES = os.environ.get("SKIFF_SCHEMATHESIS_EXAMPLES", "20")


def python():
    return toolchains.python_with("schemathesis", HERE / "schemathesis.txt")


class Schemathesis(SkiffTestCase):
    def prepare_running(self, ask):
        """A guest that ends when it is asked to, with what has something to tell."""
        ask("PUT", "/boot-source", {"kernel_image_path": payload_path("power_button"), "boot_args": "x"})
        ask("PUT", "/machine-config", {"vcpu_count": 1, "mem_size_mib": 64})
        (self.scratch / "disk").write_bytes(bytes(1 << 20))
        ask("PUT", "/drives/x", {"drive_id": "x", "path_on_host": "disk", "is_root_device": False})
        ask("PUT", "/balloon", {"amount_mib": 1, "deflate_on_oom": True, "stats_polling_interval_s": 1,
                                "free_page_hinting": True})
        ask("PUT", "/actions", {"action_type": "InstanceStart"})

    def check(self, prepare):
        self.scratch = self.folder()
        skiff = Skiff(skiff_path(), self.scratch, prepare)
        self.addCleanup(skiff.stop)
        proxy = Proxy(skiff)
        self.addCleanup(proxy.close)
        done = subprocess.run(
            [python(), "-m", "schemathesis.cli", "run", DOCUMENT, "--url", proxy.url, "--checks", CHECKS,
             "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1",
             "--generation-database", "none", "--continue-on-failure", "--request-timeout", "60",
             "--suppress-health-check", "all", "--no-color"],
            cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=600 * time_factor(), check=False)
        self.assertEqual(skiff.bad_ends, [])
        self.assertEqual(done.returncode, 0, done.stdout)
        cases = re.search(r"(\d+) generated", done.stdout)
        self.assertGreater(int(cases[1]) if cases else 0, 500, done.stdout)
        print(f"{cases[1]} requests, {skiff.starts} starts of skiff", flush=True)

    def test_before_the_start(self):
        # Without a kernel there is no start, after which most would be refused.
        self.check(lambda ask: None)

    def test_while_the_guest_runs(self):
        self.check(self.prepare_running)


if __name__ == "__main__":
    toolchains.fetch_or_skip([python])
    main()
