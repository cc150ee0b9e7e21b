# SPDX-License-Identifier: Apache-2.0
"""How much slower a program gets by being recorded.

One process does the same work again and again, recorded and not recorded in turn, so that both see
the same memory layout and the same weather on the machine; which of a pair comes first alternates.
"""
import math
import os
import subprocess

from programs import HERE, running
from recording import Recording
from rows import Row

FREQUENCIES = (99, 997)
PAIRS = 16
CHUNK = 1.5  # seconds of work


def work(process, steps):
    """Wall and CPU seconds of that many steps."""
    process.stdin.write(f"{steps}\n")
    process.stdin.flush()
    wall, cpu = map(int, process.stdout.readline().split())
    return wall / 1e9, cpu / 1e9


def recorded(context, process, frequency, steps):
    with Recording(context, process.pid, frequency) as recording:
        recording.wait_until_sampling()
        work(process, max(1, steps // 10))  # the executable is met and its tables are read
        took = work(process, steps)
        recording.stop()
    return took


def pair(context, process, frequency, steps, recorded_first):
    if recorded_first:
        with_it = recorded(context, process, frequency, steps)
        without = work(process, steps)
    else:
        without = work(process, steps)
        with_it = recorded(context, process, frequency, steps)
    return [math.log(a / b) * 100 for a, b in zip(with_it, without)]


def measure(context):
    context.need_root()
    path = context.go_program(os.path.join(HERE, "fixed"))
    rows = []
    with running([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        work(process, 20)
        steps = max(20, round(200 * context.seconds(CHUNK) / work(process, 200)[0]))
        for frequency in FREQUENCIES:
            pairs = [pair(context, process, frequency, steps, i % 2)
                     for i in range(context.rounds(PAIRS, 4))]
            wall, cpu = zip(*pairs)
            rows.append(Row.mean(f"slow-down of the target, {frequency} Hz: CPU time", "%", cpu))
            rows.append(Row.mean(f"slow-down of the target, {frequency} Hz: wall time", "%", wall))
    return rows
