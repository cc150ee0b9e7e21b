#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""headers.py ROOT CC...: each header compiles alone and twice, for it needs no luck."""
import os
import re
import subprocess
import sys

import tree

FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-sign-compare",
         "-Wno-missing-field-initializers", "-Wno-unused-function", "-fsyntax-only", "-x", "c", "-"]
BPF_FLAGS = ["--target=bpf", "-O2", "-g", "-ffreestanding"]
BPF_LATER = ["-Wno-unused-parameter", "-Wno-gnu-variable-sized-type-not-at-end"]


def headers(root):
    return [p for p in tree.files(root, r"\.h$") if not re.search(r"^(tests|deploy)/.*/testdata/", p)]


def main():
    root, compiler = sys.argv[1], sys.argv[2:]
    paths, bad = headers(root), 0
    for path in paths:
        command, flags = compiler, FLAGS
        if path.endswith(".bpf.h"):
            target = "arm64" if path.endswith("arm64.bpf.h") else "x86"
            command = ["clang"] + BPF_FLAGS + ["-D__TARGET_ARCH_" + target]
            flags = FLAGS + BPF_LATER
        text = f'#include "{path}"\n#include "{path}"\n'
        result = subprocess.run(command + ["-I", root, "-I", os.path.join(root, "bpf")] + flags,
                                input=text, text=True, capture_output=True, check=False)
        if result.returncode:
            print(f"{path}:\n{result.stderr}")
            bad += 1
    print(f"{len(paths)} headers, {bad} that do not compile alone")
    return 1 if bad or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
