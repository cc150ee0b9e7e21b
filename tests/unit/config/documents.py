#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""documents.py ROOT DOCUMENTS [--write]: the example file and the manual hold what the table of keys says.

With --write they are made to.
"""
import os
import subprocess
import sys

EXAMPLE = "deploy/config/agent.yaml"
MANUAL = "docs/hone-agent.8"
BEGIN = '.\\" Made from the table of keys, from here\n'
END = '.\\" to here.\n'


def made(program, what):
    return subprocess.run([program, what], capture_output=True, text=True, check=True).stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    root, program = sys.argv[1:3]
    manual = read(os.path.join(root, MANUAL))
    head, rest = manual.split(BEGIN)
    tail = rest.split(END)[1]
    wanted = {
        EXAMPLE: made(program, "example"),
        MANUAL: head + BEGIN + made(program, "manual") + END + tail,
    }
    bad = 0
    for name, text in wanted.items():
        path = os.path.join(root, name)
        if "--write" in sys.argv:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        elif not os.path.exists(path) or read(path) != text:
            print(f"{name} is not what the table says. Run {sys.argv[0]} {root} {program} --write")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
