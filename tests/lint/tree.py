# SPDX-License-Identifier: Apache-2.0
"""The files of the source tree, with or without git: what every lint looks at."""
import os
import re

SKIPPED_FOLDERS = {".git", "build", "__pycache__"}


def files(root, pattern):
    """Paths relative to root whose name matches, sorted."""
    found = []
    for folder, names, leaves in os.walk(root):
        names[:] = [n for n in names if n not in SKIPPED_FOLDERS and not n.startswith("build-")]
        for leaf in leaves:
            path = os.path.relpath(os.path.join(folder, leaf), root)
            if leaf != ".git" and re.search(pattern, path):
                found.append(path)
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()
