#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a sample costs in the kernel: the BPF program alone, and the tick as a whole.

Run by tests/bench/run. The program alone is timed by the kernel, over a busy Go program; the tick
by a Go program that sees it as time it misses. Both against an empty BPF program in the same run.
"""
import os
import sys
import tempfile

from programs import HERE, WORKLOADS, Context, Failure, Skip

ROUNDS = 24


def main():
    with tempfile.TemporaryDirectory() as folder:
        context = Context(os.environ["HONE"], os.environ["HONE_BUILD"], folder, 1)
        mixed = context.go_program(os.path.join(WORKLOADS, "mixed"))
        interrupted = context.go_program(os.path.join(HERE, "interrupted"))
        for frequency in (99, 997):
            print(context.helper("tick-cost", frequency, ROUNDS, mixed, "-duration", "24h"), end="")
        # Often, so that the median interruption is one of ours and not the scheduler's.
        print(context.helper("tick-cost", "-i", 3989, ROUNDS, interrupted), end="")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Skip as reason:
        print(reason)
        sys.exit(77)
    except Failure as reason:
        print(reason, file=sys.stderr)
        sys.exit(1)
