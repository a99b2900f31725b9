# SPDX-License-Identifier: Apache-2.0
"""Guests that are no Linux: Multiboot and flat images."""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, checksum, main, payload_path, some  # noqa: E402

PAGE = 4096


def image(name):
    return os.path.join(os.environ["SKIFF_PAYLOADS"], name)


class Multiboot(SkiffTestCase):
    def test_an_elf_image_gets_its_words_its_module_and_the_memory_map(self):
        data = bytes(i * 7 % 256 for i in range(PAGE + 5))
        module = self.folder() / "module"
        module.write_bytes(data)
        for name in some(("multiboot.elf", "multiboot.bin")):
            with self.subTest(image=name):
                finished = self.run_skiff("run", image(name), "-a", "one two", "-i", module,
                                          "-m", "64M")
                self.assertEqual(finished.status, 0, finished.text + finished.error_text)
                self.assertIn(f"command line: {image(name)} one two\n", finished.text)
                self.assertIn(" lower 639 upper 64512\n", finished.text)
                self.assertIn("memory 0x000100000 size 0x003f00000 type 1\n", finished.text)
                found = re.search(r"module 0 address (\w+) size (\d+) checksum (\w+)\n",
                                  finished.text)
                self.assertEqual(int(found[1], 16) % PAGE, 0)
                self.assertEqual((int(found[2]), found[3]), (len(data), checksum(data)))

    def test_several_modules_come_in_order_each_with_its_words(self):
        folder = self.folder()
        sizes = {"one": 3, "two,2": PAGE, "three": PAGE + 1}
        for name, size in sizes.items():
            (folder / name).write_bytes(bytes(i * 7 % 251 for i in range(size)))
        one, two, three = (str(folder / name) for name in sizes)
        forms = {"run": ("run", image("multiboot.elf"), "-i", f"{one},some words, and more", "-i",
                         two.replace(",", ",,"), "-i", f"{three},x"),
                 "qemu": ("qemu", "-kernel", image("multiboot.elf"), "-initrd",
                          f"{one} some words,, and more,{two.replace(',', ',,')},{three} x")}
        for form, words in forms.items():
            with self.subTest(form=form):
                finished = self.run_skiff(*words)
                self.assertEqual(finished.status, 0, finished.text + finished.error_text)
                found = re.findall(r"module (\d) address (\w+) size (\d+) checksum (\w+)\n"
                                   r"module \1 string: (.*)\n", finished.text)
                self.assertEqual([(int(size), text) for _, _, size, _, text in found],
                                 [(3, f"{one} some words, and more"), (PAGE, two), (PAGE + 1, f"{three} x")])
                places = [int(address, 16) for _, address, _, _, _ in found]
                self.assertTrue(all(place % PAGE == 0 for place in places), places)
                self.assertTrue(places[0] + PAGE <= places[1] and places[1] + PAGE <= places[2], places)
                self.assertEqual(found[2][3], checksum(bytes(i * 7 % 251 for i in range(PAGE + 1))))

    def test_a_linux_takes_one_initrd_alone(self):
        module = self.folder() / "module"
        module.write_bytes(b"x")
        finished = self.run_skiff("run", payload_path("hello"), "-i", module, "-i", module)
        self.assertEqual(finished.status, 2)
        self.assertIn("only a Multiboot image has several modules", finished.error_text)

    def test_it_ends_with_a_status_through_the_debug_exit(self):
        finished = self.run_skiff("run", image("multiboot.elf"), "-a", "exit=18", "--debug-exit")
        self.assertEqual(finished.status, 37)

    def test_it_cannot_be_entered_as_what_it_is_not(self):
        finished = self.run_skiff("run", image("multiboot.bin"), "--entry", "linux64")
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, "cannot be entered by linux64; it offers multiboot")
        self.assertEqual(len(finished.error_text.splitlines()), 1, finished.error_text)

    def test_inspect_tells_how_it_is_entered(self):
        for name in ("multiboot.elf", "multiboot.bin"):
            finished = self.run_skiff("inspect", image(name))
            self.assertEqual(finished.status, 0)
            self.assertRegex(finished.text, r"entered by:? +multiboot")


class Flat(SkiffTestCase):
    def test_it_is_entered_in_each_mode(self):
        for mode, place in (("16", "0x7c00,real"), ("32", "0x100000"), ("64", "0x200000,64")):
            with self.subTest(mode=mode):
                finished = self.run_skiff("run", image(f"flat{mode}.bin"), "--flat", place,
                                          "--debug-exit")
                self.assertEqual(finished.text, f"a flat image in mode {mode}\n")
                self.assertEqual(finished.status, int(mode) * 2 + 1)

    def test_a_wrong_place_is_one_line(self):
        for place, message in (("0x7c00,16", "write its address and its mode"),
                               ("", "write its address"),
                               ("0xa0000,real", "not inside of guest RAM"),
                               ("0x100000,real", "reaches up to 0x100000")):
            with self.subTest(place=place):
                finished = self.run_skiff("run", image("flat16.bin"), "--flat", place)
                self.assertEqual(finished.status, 2)
                self.assertIn(message, finished.error_text)
                self.assertEqual(len(finished.error_text.splitlines()), 1, finished.error_text)


class TestDevices(SkiffTestCase):
    def test_they_are_where_test_images_look_for_them(self):
        words = self.folder() / "words"
        words.write_text("a few words")
        finished = self.run_skiff(
            "run", image("test_devices.elf"), "--testdev", "--fw-cfg",
            f"name=opt/words,file={words}", "-c", "2", "-m", "64M")
        self.assertEqual(finished.status, 0, finished.text + finished.error_text)
        self.assertIn(f"cpus 2 memory {64 << 20}\n", finished.text)
        self.assertIn("file: a few words\n", finished.text)
        self.assertIn("all as expected\n", finished.text)

    def test_a_file_that_cannot_be_is_one_line(self):
        for value, message in (("name=a", "write name=NAME,file=PATH"),
                               ("name=a,file=/nowhere/at/all", "'/nowhere/at/all'"),
                               ("nam=a,string=b", "did you mean 'name'"),
                               (f"name={'n' * 56},string=b", "1 to 55 characters")):
            with self.subTest(value=value):
                finished = self.run_skiff("run", image("hello.elf"), "--fw-cfg", value)
                self.assertEqual(finished.status, 2)
                self.assertIn(message, finished.error_text)
                self.assertEqual(len(finished.error_text.splitlines()), 1, finished.error_text)


class Qemu(SkiffTestCase):
    ARGUMENTS = ("-nodefaults", "-no-reboot", "-display", "none", "-machine", "accel=kvm")

    def test_its_arguments_run_a_test_image(self):
        finished = self.run_skiff("qemu", *self.ARGUMENTS, "-serial", "stdio", "-device",
                                  "isa-debug-exit,iobase=0xf4,iosize=0x4", "-kernel",
                                  image("multiboot.elf"), "-append", "exit=16", "-m", "32")
        self.assertEqual(finished.status, 33)
        self.assertIn(f"command line: {image('multiboot.elf')} exit=16\n", finished.text)
        self.assertEqual(finished.error_text, "")

    def test_a_link_of_qemus_name_takes_them_too(self):
        link = self.folder() / "qemu-system-x86_64"
        link.symlink_to(os.environ["SKIFF"])
        listed = subprocess.run([link, "-device", "?"], stdout=subprocess.PIPE, text=True,
                                timeout=20, check=True).stdout
        self.assertIn('"pc-testdev"', listed)

    def test_what_is_not_there_is_named(self):
        finished = self.run_skiff("qemu", *self.ARGUMENTS, "-kernel", image("hello.elf"), "-S")
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, "^skiff: -S: ")


if __name__ == "__main__":
    main()
