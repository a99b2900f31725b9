#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what a compiler does not: who includes whom, fenced headers, and the form of each file.

usage: check_layers.py [ROOT]        the rules are the tables below; docs/architecture.md says why

Prints one line a violation (file:line: what) and exits 1 if there is any.
"""

import re
import sys
from pathlib import Path

from project import project_files

# Layer -> the layers it may include beside itself. The longest folder that matches a file's path is
# its layer, so vmm/kvm and vmm/machine are layers of their own.
LAYERS = {
    "base": [],
    "devices": ["base"],
    "virtio": ["base", "devices/bus"],
    "boot": ["base"],
    # The init of guests that run a command; orders.h is what it shares with the host.
    "guest-init": ["guest-images"],
    "vmm/kvm": ["base"],
    "vmm/gdb": ["base"],
    "vmm/bundle": ["base", "boot", "guest-init"],
    "vmm/netstack": ["base", "virtio"],
    "vmm/machine": ["base", "devices", "virtio", "boot", "guest-init", "vmm/kvm", "vmm/gdb"],
    "vmm/api": ["base", "virtio", "vmm/machine", "vmm/netstack"],
    "vmm/test_suite": ["base", "boot", "vmm/machine"],
    "vmm/cli": ["base", "boot", "vmm/bundle", "vmm/gdb", "vmm/machine", "vmm/api",
                "vmm/test_suite"],
    "vmm": ["base", "vmm/cli", "vmm/api"],
    "tests": ["base", "devices", "virtio", "boot", "vmm/kvm", "vmm/gdb", "vmm/machine", "vmm/api",
              "vmm/test_suite", "vmm/cli", "vmm", "vmm/bundle", "vmm/netstack", "guest-images", "guest-init"],
    # What the build needs of a dependency that Debian does not ship as an archive.
    "cmake": [],
    # Freestanding guest programs include nothing of the host's.
    "guest-images": [],
}

# Header (a regular expression on the whole name) -> the folders that may include it, and why.
FENCED = [
    (r"linux/kvm(_para)?\.h|asm/kvm(_para)?\.h", ["vmm/kvm", "tests/unit/kvm", "tests/bench"],
     "only vmm/kvm talks to KVM"),
    (r"spdlog/.*", ["base"], "log through base/log.h"),
    (r"CLI/.*", ["vmm/cli", "tests"], "only the command line parses arguments"),
    (r"(zlib|lzma|zstd|lz4|lz4frame|bzlib)\.h", ["boot", "tests"], "only boot unpacks kernels"),
    (r"toml\+\+/.*", ["base"], "include base/toml.h"),
    (r"base/toml\.h", ["vmm/test_suite", "vmm/api"], "only suites and configurations are TOML"),
    (r"libfdt\.h|fdt\.h", ["boot", "tests"], "only boot builds a device tree"),
    (r"liburing(/.*)?\.h", ["virtio", "tests"], "only devices submit I/O through a ring"),
    (r"boost/.*", ["vmm/api"], "only the API's server speaks HTTP"),
    (r"nlohmann/.*", ["vmm/api"], "JSON is read by vmm/api/text/json_value.h"),
    (r"catch2/.*", ["tests"], "test code stays in tests"),
]

# The include root of the freestanding guest programs.
PAYLOAD_ROOT = "guest-images/payloads"

SOURCE_SUFFIXES = {".h", ".cpp", ".c"}
MAX_LINES = 400
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SPDX = re.compile(r"^(//|/\*|#|<!--|;) ?SPDX-License-Identifier: (Apache-2\.0|GPL-2\.0)")
SPDX_SUFFIXES = SOURCE_SUFFIXES | {".S", ".ld", ".py", ".sh", ".cmake"}


def layer_of(path):
    """The longest layer folder that holds this path, or None."""
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        candidate = "/".join(parts[:length])
        if candidate in LAYERS:
            return candidate
    return None


def may_include(layer, path):
    """Whether a file of this layer may include the project's header at this path."""
    if layer_of(path) == layer:
        return True
    return any(path.startswith(allowed + "/") and
               (layer_of(path) == allowed or allowed not in LAYERS) for allowed in LAYERS[layer])


def check_project_include(path, layer, target, number, exists):
    if layer == "guest-images" and exists(f"{PAYLOAD_ROOT}/{target}"):
        return
    if exists(target):
        if not may_include(layer, target):
            yield number, f"{layer} may not include {layer_of(target) or 'this'}: \"{target}\""
    elif layer != "guest-images" and not exists(str(Path(path).parent / target)):
        yield number, f"\"{target}\" is no path from the project's root"
    elif layer not in ("guest-images", "tests"):
        yield number, f"include \"{target}\" by its path from the project's root"


def check_fences(path, target, number):
    for pattern, folders, why in FENCED:
        if re.fullmatch(pattern, target) and not any(path.startswith(f + "/") for f in folders):
            yield number, f"<{target}> is fenced: {why}"


def own_header(path):
    return re.sub(r"\.(cpp|c)$", ".h", path)


def check_source(path, lines, exists):
    """(line number, message) for each violation in one C or C++ file."""
    layer = layer_of(path)
    if layer is None:
        yield 1, "is in no layer: add its folder to tests/lint/check_layers.py"
        return
    includes = [(n, *m.groups()) for n, line in enumerate(lines, 1) if (m := INCLUDE.match(line))]
    for number, kind, target in includes:
        if kind == '"':
            yield from check_project_include(path, layer, target, number, exists)
        yield from check_fences(path, target, number)
    if path.endswith(".h") and "#pragma once" not in lines:
        yield 1, "has no #pragma once"
    header = own_header(path)
    if not path.endswith(".h") and layer != "guest-images" and exists(header):
        if not includes or includes[0][2] != header:
            yield 1, f"includes something before its own header \"{header}\""


def check_file(path, text, exists):
    lines = text.splitlines()
    suffix = Path(path).suffix
    if suffix in SPDX_SUFFIXES:
        if not any(SPDX.match(line) for line in lines[:2]):
            yield 1, "has no SPDX-License-Identifier in its first line (second after #!)"
        if len(lines) > MAX_LINES:
            yield len(lines), f"is {len(lines)} lines long, more than {MAX_LINES}: split it"
    if suffix in SOURCE_SUFFIXES:
        yield from check_source(path, lines, exists)


def check_tree(root):
    files = project_files(root)
    present = set(files)
    for path in files:
        if Path(path).suffix in SPDX_SUFFIXES:
            text = (root / path).read_text(encoding="utf-8")
            for number, message in check_file(path, text, present.__contains__):
                yield f"{path}:{number}: {message}"


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).parents[2]).resolve()
    violations = list(check_tree(root))
    for violation in violations:
        print(violation)
    if violations:
        print(f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
