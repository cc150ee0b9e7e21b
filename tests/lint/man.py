#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""man.py ROOT HONE: the manual page renders without warnings, and names the options that are."""
import os
import re
import shutil
import subprocess
import sys

COMMANDS = ["record", "check", "compare"]


def offered(hone):
    """The long options in the help of hone and its commands."""
    options = set()
    for arguments in [["--help"]] + [[command, "--help"] for command in COMMANDS]:
        result = subprocess.run([hone] + arguments, capture_output=True, text=True, check=True)
        options |= set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", result.stdout))
    return options


def main():
    page, hone = os.path.join(sys.argv[1], "docs", "hone.1"), sys.argv[2]
    with open(page, encoding="utf-8") as file:
        named = set(re.findall(r"\bFl -([a-z][a-z-]*)", file.read()))
    bad = 0
    for option in sorted(named ^ offered(hone)):
        print(f"--{option}: in the {'manual' if option in named else 'help'} only")
        bad = 1
    if not shutil.which("mandoc"):
        print("no mandoc here")
        return bad or 77
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], check=False)
    return bad or lint.returncode


if __name__ == "__main__":
    sys.exit(main())
