#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hashes.py ROOT: how long it takes to find a token tells nothing of it.

In collector/access what is secret, or made of it, is compared by memeql_sec() alone, and the function that does so
comes to its end by one way: plain loops, no break, one return.
"""
import re
import sys

import tree

SECRET = r"hash|digest|secret|password"
EARLY = r"\b(break|goto|continue|while)\b|\bfor \((?!size_t i = 0; i < [\w>.-]+; i\+\+\))"
FUNCTION = r"^\w[^\n;]*\([^;{}]*\)\n\{\n(.*?)^\}"


def complaints(path, text):
    for m in re.finditer(r"\b(?:\w*cmp|span_equals|memmem|strstr)\s*\((?:[^()]|\([^()]*\))*\)", text):
        if re.search(SECRET, m.group()):
            yield f"{path}: {m.group()} ends at the first difference, and this is secret"
    for m in re.finditer(FUNCTION, text, re.M | re.S):
        body = m.group(1)
        if "memeql_sec(" in body and (re.search(EARLY, body) or len(re.findall(r"\breturn\b", body)) != 1):
            yield f"{path}: {m.group().splitlines()[0]} may end before it has compared all"


def main():
    root = sys.argv[1]
    texts = {path: re.sub(r"/\*.*?\*/", "", tree.read(root, path), flags=re.S)
             for path in tree.files(root, r"^collector/access/[^/]*\.[ch]$")}
    bad = [c for path, text in texts.items() for c in complaints(path, text)]
    compared = sum(text.count("memeql_sec(") for text in texts.values())
    print(*bad, f"{compared} comparisons of what is secret, {len(bad)} complaints", sep="\n")
    return 1 if bad or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
