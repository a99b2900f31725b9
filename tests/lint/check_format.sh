#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every C and C++ file is as clang-format writes it with the root's .clang-format (./dev format).
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../.."
if ! command -v clang-format >/dev/null; then
    echo 'skipped: clang-format is not installed'
    exit 77
fi
git ls-files -z --cached --others --exclude-standard '*.h' '*.cpp' '*.c' |
    while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
    xargs -0 --no-run-if-empty clang-format --dry-run --Werror
