#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ticks.py TAKE WORKLOAD: hone's stacks against runtime/pprof's of the same ticks.

Builds the workload and runs take on it (take.c says how it is done). Stack by stack, address by
address, and not only by weight as tests/e2e/fidelity: what differs and is not explained must be
next to nothing.
"""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import harness  # noqa: E402

SECONDS = "3"
PERCENT = "0.7"


def main():
    take, workload = sys.argv[1:]
    harness.need(root=True, go=True)
    with tempfile.TemporaryDirectory() as directory:
        program = harness.build(workload, directory)
        done = subprocess.run([take, "-s", SECONDS, "-l", PERCENT, "-p", str(program)],
                              check=False, preexec_fn=harness.hurry)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
