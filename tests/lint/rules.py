#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rules.py ROOT: what tests/rules takes out still stands in its file, exactly once.

It takes long to run and is run by hand; code that moved away from it would go unnoticed until then.
"""
import os
import sys

import tree


def main():
    root = sys.argv[1]
    sys.path.insert(0, os.path.join(root, "tests", "rules"))
    from rules import MUTATIONS  # pylint: disable=import-outside-toplevel

    bad = 0
    for m in MUTATIONS:
        times = tree.read(root, m.file).count(m.old) if os.path.exists(os.path.join(root, m.file)) else 0
        if times != 1:
            print(f"rule {m.rule}, {m.title}: {m.old!r} is in {m.file} {times} times")
            bad += 1
    print(f"{len(MUTATIONS)} mutations, {bad} complaints")
    return 1 if bad or not MUTATIONS else 0


if __name__ == "__main__":
    sys.exit(main())
