#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""manners.py ROOT: what holds for every file, and what libraries do not do.

An SPDX line where it belongs; no paths of somebody's machine; and below cli and agent's own files
no code that logs, exits or reads the environment.
"""
import re
import sys

import tree

SOURCES = r"\.([chs]|go|py|sh)$|(^|/)meson(_options\.txt|\.build)$|^(\.ci|tests|deploy)/([^.]+/)?[^./]+$|\.[1-8]$"
LIBRARIES = r"^(base|config|libpprof|pgo|proto|store|agent/\w+|collector/\w+)/.*\.c$"
FORBIDDEN = re.compile(
    r"\b(exit|_exit|abort|getenv|secure_getenv|setenv|printf|vprintf|puts|putchar|perror|syslog|"
    r"err|errx|warn|warnx)\s*\(|\b(stdout|stderr)\b"
)
MACHINE = re.compile(r"(?<![\w.])/(work|root|home)/\w|/tmp/b-")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def code_only(text):
    """Without comments and string literals, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def spdx(path, text):
    licence = "Apache-2.0"
    if path.startswith("bpf/") and path.endswith((".c", ".h")):
        licence = "GPL-2.0-only OR BSD-2-Clause"
    lines = text.splitlines()
    first = 1 if lines and lines[0].startswith("#!") else 0
    return any(f"SPDX-License-Identifier: {licence}" in line for line in lines[first:first + 2])


def complaints(path, text):
    if re.search(SOURCES, path) and "/corpus/" not in path and not spdx(path, text):
        yield 1, "no SPDX line, or not the licence of this room"
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE.search(line):
            yield number, "a path of somebody's machine"
        if UNFINISHED.search(line):
            yield number, "unfinished"
    if re.search(LIBRARIES, path):
        for number, line in enumerate(code_only(text).splitlines(), 1):
            if FORBIDDEN.search(line):
                yield number, f"a library does not do this: {line.strip()}"


def main():
    root, bad, seen = sys.argv[1], 0, 0
    for path in tree.files(root, r"."):
        if "/corpus/" in path or "/fixtures/" in path or path.endswith("manners.py"):
            continue
        try:
            text = tree.read(root, path)
        except UnicodeDecodeError:
            continue
        seen += 1
        for number, complaint in complaints(path, text):
            print(f"{path}:{number}: {complaint}")
            bad += 1
    print(f"{seen} files, {bad} complaints")
    return 1 if bad or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
