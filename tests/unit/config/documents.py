#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""documents.py ROOT DOCUMENTS [--write]: example files and manuals hold what the tables of keys say.

With --write they are made to.
"""
import os
import subprocess
import sys

PROGRAMS = ["agent", "collector"]
BEGIN = '.\\" Made from the table of keys, from here\n'
END = '.\\" to here.\n'


def made(documents, program, what):
    return subprocess.run([documents, program, what], capture_output=True, text=True, check=True).stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def wanted_of(root, documents, program):
    name = f"docs/hone-{program}.8"
    head, rest = read(os.path.join(root, name)).split(BEGIN)
    tail = rest.split(END)[1]
    return {
        f"deploy/config/{program}.yaml": made(documents, program, "example"),
        name: head + BEGIN + made(documents, program, "manual") + END + tail,
    }


def main():
    root, documents = sys.argv[1:3]
    wanted = {}
    for program in PROGRAMS:
        wanted.update(wanted_of(root, documents, program))
    bad = 0
    for name, text in wanted.items():
        path = os.path.join(root, name)
        if "--write" in sys.argv:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        elif not os.path.exists(path) or read(path) != text:
            print(f"{name} is not what the table says. Run {sys.argv[0]} {root} {documents} --write")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
