# SPDX-License-Identifier: Apache-2.0
"""Which files are the project's."""

import subprocess

NOT_OURS = {".git", "build", "__pycache__", ".cache"}


def project_files(root):
    """Paths of tracked and new files, without what .gitignore names; where git cannot say, all but the
    build's."""
    try:
        # A clone may belong to another user than the one who builds, as in containers.
        listing = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "--cached", "--others",
             "--exclude-standard"], capture_output=True, text=True)
        if listing.returncode == 0:
            return sorted(f for f in listing.stdout.splitlines() if (root / f).is_file())
    except OSError:
        pass
    paths = (f.relative_to(root) for f in root.rglob("*") if f.is_file())
    return sorted(str(p) for p in paths if not NOT_OURS.intersection(p.parts))
