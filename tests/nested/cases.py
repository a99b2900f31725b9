# SPDX-License-Identifier: Apache-2.0
"""What runs inside L1: the tests of in_l1/ and the whole kvm tier. The host loads them for their
names, L1 to run them."""

import glob
import importlib.util
import os
import sys
import unittest

# Of the kvm tier, what is about the host's kernel more than about skiff on another KVM: QEMU's SVM has
# no debug exceptions for a hypervisor (docs/debugging.md), L1 gives memory by huge pages, and what a
# network device's frames become without offloads is the host's network stack's affair. And what is about
# clients, files and child processes on the host, to whom it is the same which KVM there is.
LEFT_OUT = ("gdb_test.py", "virtio_balloon_test.py", "virtio_net_offloads_test.py", "api_console_test.py",
            "api_contract_test.py", "api_docs_test.py", "api_fleet_test.py", "api_socket_test.py",
            "kernel_config_test.py", "log_test.py", "metrics_test.py", "test_suite_test.py")

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)


def all_cases(wanted=()):
    """Every test whose name holds one of `wanted` (all, without), by name and in running order."""
    # Tests import from support/, and from one another as when each runs by itself.
    sys.path[:0] = [os.path.join(TESTS, "support"), os.path.join(TESTS, "kvm")]
    found = {}
    for prefix, folder in (("", os.path.join(HERE, "in_l1")), ("kvm.", os.path.join(TESTS, "kvm"))):
        for path in sorted(glob.glob(os.path.join(folder, "*_test.py"))):
            if os.path.basename(path) in LEFT_OUT:
                continue
            for test in tests_of(load(prefix, path)):
                name = f"{prefix}{type(test).__name__}.{test._testMethodName}"
                if not wanted or any(part in name for part in wanted):
                    assert name not in found, f"two tests are called {name}"
                    found[name] = test
    return found


def load(prefix, path):
    name = prefix.replace(".", "_") + os.path.basename(path)[:-len(".py")]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return unittest.defaultTestLoader.loadTestsFromModule(module)


def tests_of(suite):
    if isinstance(suite, unittest.TestSuite):
        return [test for part in suite for test in tests_of(part)]
    return [suite]
