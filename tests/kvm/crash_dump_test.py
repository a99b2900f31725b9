# SPDX-License-Identifier: Apache-2.0
"""--dump-on-crash: an ELF core of a guest that died, which gdb opens."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main, payload_path, time_factor  # noqa: E402

MIB = 1 << 20


class CrashDump(SkiffTestCase):
    def gdb_on(self, core, *commands):
        """What gdb says of the core, with the payload's symbols."""
        more = [word for command in commands for word in ("-ex", command)]
        finished = subprocess.run(["gdb", "-nx", "-batch", *more, payload_path("debugged"), core],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=60 * time_factor(), check=False)
        return finished.stdout.decode("utf-8", "backslashreplace")

    def test_gdb_shows_threads_registers_symbols_and_variables(self):
        core = self.folder() / "core"
        # More than 3 GiB are two regions; all of it is read, which an interpreted machine takes long for.
        memory = "5 GiB" if time_factor() < 2 else "256 MiB"
        finished = self.run_payload("debugged", "mode=spin cpus=2", "-c", "2", "-m", memory.replace(" ", "")[:-2],
                                    "--timeout", "2", "--dump-on-crash", core, seconds=60)
        self.assertEqual(finished.status, 124)
        self.assertIn(f"wrote a core of the guest to {core}: {memory} of memory", finished.error_text)
        said = self.gdb_on(core, "info threads", "print counter > 0 && others > 0", "backtrace",
                           "print $rsp > 0x100000", "thread 2", "backtrace")
        self.assertRegex(said, r"\* 1 +LWP 1 ")
        self.assertRegex(said, r"  2 +LWP 2 ")
        self.assertEqual(said.count(" = true\n"), 2, said)
        self.assertRegex(said, r"#\d .*payload::run \(\)")
        self.assertRegex(said, r"#\d .*count \(")

    def test_the_core_has_holes_and_is_for_its_owner_alone(self):
        core = self.folder() / "core"
        self.run_payload("triple_fault", "", "-m", "512M", "--dump-on-crash", core)
        status = os.stat(core)
        self.assertGreater(status.st_size, 512 * MIB)
        self.assertLess(status.st_blocks * 512, 4 * MIB)
        self.assertEqual(status.st_mode & 0o777, 0o600)

    def test_an_orderly_end_leaves_no_core_and_an_old_file_as_it_was(self):
        core = self.folder() / "core"
        self.assertEqual(self.run_payload("hello", "", "--dump-on-crash", core).status, 0)
        self.assertFalse(core.exists())
        core.write_text("old", encoding="ascii")
        self.run_payload("hello", "", "--dump-on-crash", core)
        self.assertEqual(core.read_text(encoding="ascii"), "old")
        self.run_payload("triple_fault", "", "--dump-on-crash", core)
        self.assertEqual(core.read_bytes()[:4], b"\x7fELF")

    def test_a_path_that_cannot_be_written_is_said_before_the_guest_runs(self):
        finished = self.run_payload("hello", "", "--dump-on-crash", "/nowhere/core")
        self.assertEqual((finished.status, finished.output), (1, b""))
        self.assertIn("--dump-on-crash: cannot write the core '/nowhere/core'", finished.error_text)

    def test_vmcoreinfo_is_found_in_memory(self):
        module = self.folder() / "module"
        text = b"OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82000000\n"
        # Modules begin a page.
        module.write_bytes(text + bytes(8192))
        core = self.folder() / "core"
        finished = self.run_payload("hang", "", "-i", module, "--timeout", "1", "--dump-on-crash", core)
        self.assertIn("with VMCOREINFO", finished.error_text)
        notes = subprocess.run(["readelf", "-n", core], stdout=subprocess.PIPE, check=True).stdout
        self.assertIn(b"VMCOREINFO", notes)


if __name__ == "__main__":
    main()
