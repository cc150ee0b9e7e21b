#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""man.py ROOT HONE AGENT COLLECTOR: the manual pages render without warnings, and name the options that are."""
import os
import re
import shutil
import subprocess
import sys

# Each page with the commands of its program.
PAGES = {
    "hone.1": ["record", "check", "compare", "pull", "push"],
    "hone-agent.8": ["status"],
    "hone-collector.8": ["backup", "compact", "export", "token", "verify"],
}


def offered(program, commands):
    """The long options in the help of a program and its commands."""
    options = set()
    for arguments in [["--help"]] + [[command, "--help"] for command in commands]:
        result = subprocess.run([program] + arguments, capture_output=True, text=True, check=True)
        options |= set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", result.stdout))
    return options


def judge(page, program, commands):
    """How many things are wrong with a page, but for how it renders."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    named, name = set(re.findall(r"\bFl -([a-z][a-z-]*)", text)), os.path.basename(page)
    found = [f"--{option}: in the {'manual' if option in named else 'help'} only"
             for option in sorted(named ^ offered(program, commands))]
    # It ends no sentence: a lone dot is a request that does nothing.
    found += [f"line {n}: a lone dot" for n, line in enumerate(text.split("\n"), 1) if line == "."]
    for what in found:
        print(f"{name}: {what}")
    return len(found)


def main():
    root, *programs = sys.argv[1:]
    pages = [os.path.join(root, "docs", name) for name in PAGES]
    bad = sum(judge(*each) for each in zip(pages, programs, PAGES.values(), strict=True))
    if bad:
        return 1
    if not shutil.which("mandoc"):
        print("no mandoc here")
        return 77
    return subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
