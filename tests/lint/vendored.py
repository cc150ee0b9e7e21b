#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vendored.py ROOT: scripts of others have the sha256 that the README beside them states, and no other is there."""
import hashlib
import os
import re
import sys

import tree

FOLDER = "collector/web/d3-flame-graph"


def main():
    root = sys.argv[1]
    stated = {os.path.basename(name): digest for name, digest in
              re.findall(r"^\|.*\| `([^`]+\.js)` \|.*\| `([0-9a-f]{64})` \|$",
                         tree.read(root, f"{FOLDER}/README.md"), re.M)}
    there = {}
    for path in tree.files(os.path.join(root, FOLDER), r"\.(js|css|html)$"):
        with open(os.path.join(root, FOLDER, path), "rb") as file:
            there[path] = hashlib.sha256(file.read()).hexdigest()
    bad = sorted(set(stated.items()) ^ set(there.items()))
    for name, digest in bad:
        print(f"{FOLDER}/{name}: sha256 {digest} is only", "in the README" if name in stated and
              stated[name] == digest else "that of the file")
    print(f"{len(there)} files, {len(bad)} complaints")
    return 1 if bad or not there else 0


if __name__ == "__main__":
    sys.exit(main())
