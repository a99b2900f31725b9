# SPDX-License-Identifier: Apache-2.0
"""Debugging a freestanding guest: gdb itself by script, and the remote protocol by hand.

Where this KVM cannot do something, skiff does it by other means or refuses; what is asked for here
works on every host."""

import re
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from gdb_client import Gdb, Rsp, symbols  # noqa: E402
from skiff_runner import SkiffTestCase, main, payload_path  # noqa: E402

STOPPED_BY_BREAKPOINT = rb"T05(swbreak:;|hwbreak:;)?thread:1;"


class GdbTestCase(SkiffTestCase):
    def debug(self, parameters="", *arguments, wait=True):
        """A skiff with the payload that is made to be debugged, and where it listens."""
        path = str(self.folder() / "gdb")
        more = ["--gdb-wait"] if wait else []
        skiff = self.start_payload("debugged", parameters, "--gdb", f"unix:{path}", *more, *arguments)
        skiff.expect("gdb: ", stream="stderr")
        return skiff, path

    def gdb(self, path, *commands):
        return Gdb([f"target remote {path}", *commands], payload_path("debugged"))

    def wait_until_busy(self, skiff):
        """A guest that stands uses no processor time."""
        start = skiff.cpu_seconds()
        self.wait_until(lambda: skiff.cpu_seconds() > start + 0.05, "the guest goes on")

    @property
    def names(self):
        return symbols(payload_path("debugged"))


class GdbItself(GdbTestCase):
    def test_breaks_steps_looks_changes_and_sees_the_end(self):
        skiff, path = self.debug()
        gdb = self.gdb(
            path, "break innermost", "continue", "backtrace", "print value", "stepi", "x/i $pc",
            "finish", "delete", "set var status = 21", "set var pattern[7] = 99",
            "print pattern[7]", "info registers rip cr3 efer", "monitor walk 100000", "continue")
        text = gdb.output()
        self.assertRegex(text, r"Breakpoint 1, innermost \(value=.*12\)")
        self.assertRegex(text, r"#0 +innermost(.|\n)*#1 .* middle (.|\n)*#2 .* outer (.|\n)*#3 .*run")
        self.assertRegex(text, r"=> 0x[0-9a-f]+ <innermost.*\+[1-9]")
        self.assertIn("Value returned is $2 = 12", text)
        self.assertIn("$3 = 99", text)
        self.assertRegex(text, r"efer +0x[0-9a-f]*5[0-9a-f]{2}\b")
        self.assertIn("0x100000 is at guest physical 0x100000", text)
        self.assertIn("exited with code 025", text)
        finished = skiff.wait()
        self.assertEqual(finished.status, 21)
        self.assertEqual(finished.text, "result 14\nresult 36\nresult 68\nends\n")

    def test_watches_a_variable_change(self):
        skiff, path = self.debug()
        text = self.gdb(path, "break outer", "continue", "delete", "watch counter", "continue",
                        "print $pc > (long)innermost", "delete", "continue").output()
        self.assertRegex(text, r"Old value = 0\nNew value = 12\n")
        self.assertEqual(skiff.wait().status, 0)

    def test_a_hardware_breakpoint_stops_the_guest_too(self):
        skiff, path = self.debug()
        text = self.gdb(path, "hbreak middle", "continue", "delete", "next", "kill").output()
        self.assertRegex(text, r"Breakpoint 1, middle \(value=.*11\)")
        self.assertEqual(skiff.wait().status, 0)
        self.assertNotIn("ends", skiff.output.decode())

    def test_interrupts_a_guest_that_runs_and_lets_it_go_again(self):
        skiff, path = self.debug("mode=spin", wait=False)
        skiff.expect("spinning")
        # Two clients, one after the other.
        for _ in range(2):
            text = self.gdb(path, "print counter > 0", "print released", "detach").output()
            self.assertIn("$1 = true", text)
            self.assertIn("$2 = 0", text)
        text = self.gdb(path, "set var released = 1", "detach").output()
        self.assertEqual(skiff.wait().status, 0)

    def test_ctrl_c_stops_it(self):
        skiff, path = self.debug("mode=spin", wait=False)
        skiff.expect("spinning")
        gdb = self.gdb(path, "echo continuing\\n", "continue", "print counter > 0",
                       "set var released = 1", "continue")
        seen = b""
        while b"continuing" not in seen:
            seen += gdb.process.stdout.read1(4096)
        self.wait_until_busy(skiff)
        gdb.interrupt()
        text = seen.decode() + gdb.output()
        self.assertIn("SIGINT", text)
        self.assertIn("exited normally", text)
        self.assertEqual(skiff.wait().status, 0)

    def test_writes_a_core_of_a_guest_that_stands(self):
        skiff, path = self.debug("mode=spin")
        core = self.folder() / "core"
        self.gdb(path, "break innermost", "continue", f"monitor core {core}", "kill").output()
        skiff.wait()
        said = Gdb([f"core-file {core}", "backtrace"], payload_path("debugged")).output()
        self.assertRegex(said, r"#0 +innermost (.|\n)*#1 .* middle ")


class ByName(GdbTestCase):
    def test_a_machine_is_found_by_its_name_with_its_symbols(self):
        folder = self.folder()
        environment = {"XDG_RUNTIME_DIR": str(folder)}
        skiff = self.start_payload("debugged", "", "--name", "mine", "--gdb", "auto", "--gdb-wait",
                                   environment=environment)
        self.wait_until(lambda: (folder / "skiff/mine.kernel").is_symlink(), "the machine's link")
        self.assertEqual((folder / "skiff").stat().st_mode & 0o777, 0o700)
        gdb = self.start("gdb", "mine", stdin="pipe", environment=environment)
        gdb.send("set confirm off\ninfo symbol $pc\nkill\n")
        gdb.close_stdin()
        self.assertIn(" in section .text", gdb.wait(60).text)
        skiff.wait()
        self.assertEqual(list((folder / "skiff").iterdir()), [])

    def test_a_name_that_nobody_has_is_one_line(self):
        environment = {"XDG_RUNTIME_DIR": str(self.folder())}
        finished = self.run_skiff("gdb", "nobody", environment=environment)
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, r"\Askiff: no machine called 'nobody' [^\n]+\n\Z")

    def test_a_folder_of_others_is_not_trusted(self):
        folder = self.folder()
        (folder / "skiff").mkdir(mode=0o755)
        (folder / "skiff").chmod(0o755)
        finished = self.run_payload("hello", "", "--name", "mine", "--gdb", "auto",
                                    environment={"XDG_RUNTIME_DIR": str(folder)})
        self.assertEqual(finished.status, 2)
        self.assertIn("belongs to you alone", finished.error_text)

    def test_auto_needs_a_name(self):
        self.assertIn("--name", self.run_payload("hello", "", "--gdb", "auto").error_text)


class Protocol(GdbTestCase):
    def test_the_first_instruction_waits(self):
        skiff, path = self.debug()
        with Rsp(path) as client:
            self.assertRegex(client.ask("?"), rb"T0[25]thread:1;")
            self.assertEqual(skiff.output, b"")
            self.assertIn("pvh_start", self.names)
            registers = client.ask("g")
            self.assertGreater(len(registers), 2 * 500)
            rip = int.from_bytes(bytes.fromhex(client.ask("p10").decode()), "little")
            self.assertIn(rip, (self.names["pvh_start"], self.names["pvh_entry"]))
            client.send("D")
        self.assertEqual(skiff.wait().status, 0)

    def test_breakpoints_are_not_seen_in_memory_and_go_with_the_client(self):
        skiff, path = self.debug()
        place = self.names["innermost"]
        with Rsp(path) as client:
            before = client.read_memory(place, 16)
            self.assertEqual(client.ask(f"Z0,{place:x},1"), b"OK")
            self.assertEqual(client.ask(f"Z0,{place:x},1"), b"OK")
            self.assertEqual(client.read_memory(place, 16), before)
            self.assertRegex(client.ask("c"), STOPPED_BY_BREAKPOINT)
            self.assertEqual(client.read_memory(place, 16), before)
        # It left without a word.
        finished = skiff.wait()
        self.assertEqual(finished.status, 0)
        self.assertTrue(finished.text.endswith("ends\n"), finished.text)

    def test_memory_is_written_in_hex_and_in_binary(self):
        skiff, path = self.debug()
        pattern = self.names["pattern"]
        data = bytes(range(256)) * 4
        with Rsp(path) as client:
            escaped = re.sub(rb"[#$}*]", lambda m: bytes((0x7D, m[0][0] ^ 0x20)), data)
            self.assertEqual(client.ask(b"X%x,%x:" % (pattern, len(data)) + escaped), b"OK")
            self.assertEqual(client.read_memory(pattern, len(data)), data)
            self.assertEqual(client.ask(f"M{pattern + 3:x},2:abcd"), b"OK")
            self.assertEqual(client.read_memory(pattern, 6), b"\0\1\2\xab\xcd\5")
            self.assertTrue(client.ask(f"M{0xfffffff0:x},1:00").startswith(b"E"))
            self.assertTrue(client.ask("m4000000000,8").startswith(b"E"))
            client.send("k")
        self.assertEqual(skiff.wait().status, 0)

    def test_a_single_step_is_one_instruction(self):
        skiff, path = self.debug()
        with Rsp(path) as client:
            client.ask(f"Z0,{self.names['innermost']:x},1")
            self.assertRegex(client.ask("vCont;c"), STOPPED_BY_BREAKPOINT)
            client.ask(f"z0,{self.names['innermost']:x},1")
            places = [self.rip(client)]
            for _ in range(4):
                self.assertRegex(client.ask("vCont;s:1;c"), rb"T05thread:1;")
                places.append(self.rip(client))
            lengths = [after - before for before, after in zip(places, places[1:])]
            self.assertTrue(all(0 < length <= 15 for length in lengths), places)
            client.send("k")
        skiff.wait()

    @staticmethod
    def rip(client):
        return int.from_bytes(bytes.fromhex(client.ask("p10").decode()), "little")

    def test_registers_are_written(self):
        skiff, path = self.debug()
        with Rsp(path) as client:
            client.ask(f"Z0,{self.names['innermost']:x},1")
            self.assertRegex(client.ask("c"), STOPPED_BY_BREAKPOINT)
            client.ask(f"z0,{self.names['innermost']:x},1")
            self.assertEqual(client.ask("P5=" + (1000).to_bytes(8, "little").hex()), b"OK")  # rdi
            self.assertEqual(client.ask("P28=" + "0123456789abcdef" * 2), b"OK")  # xmm0
            self.assertEqual(client.ask("p28"), b"0123456789abcdef" * 2)
            self.assertTrue(client.ask("Pfff=00").startswith(b"E"))
            everything = client.ask("g")
            self.assertEqual(client.ask(b"G" + everything), b"OK")
            self.assertEqual(client.ask("g"), everything)
            client.send("D")
            client.reply()
        # 1000 in place of 12.
        self.assertIn("result 1002\n", skiff.wait().text)

    def test_all_processors_stop_and_each_can_be_looked_at(self):
        skiff, path = self.debug("mode=spin cpus=2", "-c", "2", wait=False)
        skiff.expect("spinning")
        with Rsp(path) as client:
            self.assertEqual(client.ask("qfThreadInfo"), b"m1,2")
            self.assertEqual(client.ask("qsThreadInfo"), b"l")
            others = self.names["others"]
            self.wait_until_counts(client, others)
            before = client.read_number(others)
            self.assertEqual(client.read_number(others), before)
            self.assertEqual(client.ask("Hg2"), b"OK")
            self.assertRegex(bytes.fromhex(client.ask("qThreadExtraInfo,2").decode()), b"64-bit")
            self.assertTrue(client.ask("Hg3").startswith(b"E"))
            # Only the second goes on.
            counter = client.read_number(self.names["counter"])
            client.send("vCont;c:2")
            self.wait_until_busy(skiff)
            client.interrupt()
            self.assertRegex(client.reply(), rb"T02thread")
            self.assertEqual(client.read_number(self.names["counter"]), counter)
            client.write_number(self.names["released"], 1)
            client.send("D")
        self.assertEqual(skiff.wait().status, 0)

    def wait_until_counts(self, client, address):
        def counts():
            if client.read_number(address) > 0:
                return True
            client.send("c")
            client.interrupt()
            client.reply()
            return False
        self.wait_until(counts, "the second processor counts")

    def test_a_guest_that_crashes_is_held_for_the_debugger(self):
        path = str(self.folder() / "gdb")
        skiff = self.start_payload("triple_fault", "", "--gdb", f"unix:{path}", "--gdb-wait")
        with Rsp(path) as client:
            client.send("c")
            told = client.reply()
            self.assertIn(b"triple fault", bytes.fromhex(told[1:].decode()))
            self.assertRegex(client.reply(), rb"T0bthread:1;")
            self.assertGreater(len(client.ask("g")), 1000)
            client.send("c")
            self.assertEqual(client.reply(), b"W47")
        self.assertEqual(skiff.wait().status, 71)

    def test_nonsense_is_answered_and_harms_nobody(self):
        skiff, path = self.debug("mode=spin", wait=False)
        skiff.expect("spinning")
        with Rsp(path) as client:
            client.socket.sendall(b"\0\xff#00$" + b"x" * 100000 + b"#00")
            client.socket.sendall(b"$m0,10#00")
            for body in ("", "v", "vMustReplyEmpty", "vCont;", "vCont;q:1", "vCont;c:9", "Z9,0,1", "Z0",
                         "Z2,0,ffffffffffffffff", "m", "m,", "mffffffffffffffff,ffffffffffffffff",
                         "M0,ffffffff:00", "X0,1:}", "G00", "Gzz", "P", "p", "H", "Hx1", "T0", "qXfer:",
                         "qXfer:features:read:target.xml:zz,1", "qXfer:features:read:x:0,1", "qRcmd,0",
                         "qThreadExtraInfo,99", "QStartNoAckModeX"):
                self.assertIsNotNone(client.ask(body), body)
            client.monitor("xp " + "f" * 16 + " 400")
            client.monitor("wp 0 " + "0 " * 500)
            self.assertIn("xp", client.monitor("help"))
        self.wait_until(lambda: self.connects(path), "the next client")
        skiff.kill()

    @staticmethod
    def connects(path):
        with Rsp(path) as client:
            return client.ask("?") is not None

    def test_it_listens_on_a_port_of_this_host(self):
        skiff = self.start_payload("debugged", "", "--gdb", "tcp:127.0.0.1:0", "--gdb-wait")
        port = int(skiff.expect(r"target remote 127\.0\.0\.1:(\d+)", stream="stderr")[1])
        with Rsp(port) as client:
            self.assertIsNotNone(client.ask("?"))
            client.send("D")
        self.assertEqual(skiff.wait().status, 0)

    def test_a_machine_that_is_stopped_lets_its_client_go(self):
        skiff, path = self.debug("mode=spin", "--timeout", "1", wait=False)
        with Rsp(path) as client:
            client.ask("?")
            self.assertIsNone(client.reply())
        self.assertEqual(skiff.wait().status, 124)

    def test_the_socket_goes_with_skiff(self):
        skiff, path = self.debug()
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        client.close()
        self.assertEqual(skiff.wait().status, 0)
        self.assertFalse(Path(path).exists())


if __name__ == "__main__":
    main()
