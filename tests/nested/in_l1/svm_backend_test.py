# SPDX-License-Identifier: Apache-2.0
"""On real SVM no help for the guest is needed, and skiff knows it. Runs inside L1."""

from skiff_runner import SkiffTestCase, backend, image_path


class SvmBackendTest(SkiffTestCase):
    def test_doctor_names_the_backend(self):
        self.assertEqual(backend(), "svm")

    def test_small_guest_kernel_boots_without_a_quirk(self):
        guest = self.start("run", image_path("vmlinux"), "-i", image_path("initramfs.cpio"),
                           "-c", "2", "-m", "128M", "-a", 'guest_cmd="cat /proc/cmdline"')
        finished = guest.wait(20)
        self.assertEqual(finished.status, 0)
        self.assertIn("GUEST-READY", finished.text)
        self.assertNotIn("emulated_cpl0", finished.text + finished.error_text)
