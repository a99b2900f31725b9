# SPDX-License-Identifier: Apache-2.0
"""`skiff doctor`: the form of its answer, on any host, with or without KVM."""

import json
import os

from command import CommandTestCase, main, skiff


class DoctorTest(CommandTestCase):
    def test_json_has_the_promised_fields(self):
        finished = skiff("doctor", "--json")
        report = json.loads(finished.stdout)
        self.assertIn(report["backend"], ("vmx", "svm", "pvm", "other", "none"))
        self.assertIsInstance(report["host_quirks"], list)
        self.assertEqual(set(report["versions"]), {"skiff", "kernel", "glibc", "fmt", "cli11"})
        self.assertEqual(report["versions"]["kernel"], os.uname().release)
        names = [check["name"] for check in report["checks"]]
        self.assertEqual(len(names), len(set(names)))
        for name in ("kvm-device", "tun", "hugepages", "transparent-hugepages", "io_uring", "seccomp",
                     "user-namespaces"):
            self.assertIn(name, names)
        for check in report["checks"]:
            self.assertEqual(set(check), {"name", "status", "detail", "remedy"})
            self.assertIn(check["status"], ("ok", "warn", "fail"))
            self.assertTrue(check["detail"], check)
            if check["status"] == "fail":
                self.assertTrue(check["remedy"], check)

    def test_the_exit_status_is_the_answer(self):
        finished = skiff("doctor", "--json")
        report = json.loads(finished.stdout)
        can_run = all(check["status"] != "fail" for check in report["checks"])
        self.assertEqual(report["ok"], can_run)
        self.assertEqual(finished.returncode, 0 if can_run else 1)

    def test_words_and_json_name_the_same_checks(self):
        text = skiff("doctor").stdout
        for check in json.loads(skiff("doctor", "--json").stdout)["checks"]:
            self.assertRegex(text, rf"(?m)^{check['status']} +{check['name']} ")

    def test_a_host_that_can_be_opened_has_a_backend(self):
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            self.assertEqual(json.loads(skiff("doctor", "--json").stdout)["backend"], "none")
            return
        self.assertNotEqual(json.loads(skiff("doctor", "--json").stdout)["backend"], "none")


if __name__ == "__main__":
    main()
