#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""shell.py ROOT: shellcheck has nothing to say about the scripts."""
import shutil
import subprocess
import sys

import tree


def is_shell(root, path):
    try:
        first = tree.read(root, path).split("\n", 1)[0]
    except UnicodeDecodeError:
        return False
    return path.endswith(".sh") or (first.startswith("#!") and first.endswith(("bash", "/sh")))


def main():
    root = sys.argv[1]
    if not shutil.which("shellcheck"):
        print("no shellcheck here")
        return 77
    scripts = [p for p in tree.files(root, r"^(?!.*/corpus/)") if is_shell(root, p)]
    print(f"{len(scripts)} scripts")
    return subprocess.run(["shellcheck", "-x", "-P", root] + scripts, cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
