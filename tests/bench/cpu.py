# SPDX-License-Identifier: Apache-2.0
"""CPU time that user space takes for a sample.

Steady: between a second after the first tick and the end of the recording, when samples come in
and nothing else happens. Long less short: whole recordings, start-up taken off by those of one
second, naming and writing included, of which a long recording has more to do. Whole: all of the
process's CPU time, start-up included, over all of its samples.
"""
import time

from programs import cpu_time, workload
from recording import Recording
from rows import Row

FREQUENCIES = (99, 499, 997)
LIMIT = 2  # microseconds per sample, steady
SECONDS, SHORT = 20, 1
ROUNDS = 3


def record(context, target, frequency, seconds, terminal=False):
    """(whole CPU, samples, steady CPU of a sample), or None for the last if it is too short."""
    with Recording(context, target.pid, frequency, terminal) as recording:
        recording.wait_until_sampling()
        begin = cpu_time(target.pid)
        time.sleep(min(1, seconds))
        first, first_target = recording.cpu(), cpu_time(target.pid)
        time.sleep(max(0, seconds - 1))
        last, last_target = recording.cpu(), cpu_time(target.pid)
        samples = recording.stop()["samples"]
        end = max(last_target, begin + samples / frequency)
    # Samples come with the target's CPU time, at a fixed rate.
    steady = samples * (last_target - first_target) / (end - begin)
    return recording.whole_cpu(), samples, (last - first) / steady if seconds > 1 else None


def measure(context):
    context.need_root()
    rows = []
    with workload(context) as target:
        for frequency, terminal in [(f, False) for f in FREQUENCIES] + [(499, True)]:
            short, long = [], []
            for _ in range(context.rounds(ROUNDS)):
                short.append(record(context, target, frequency, SHORT, terminal))
                long.append(record(context, target, frequency, context.seconds(SECONDS), terminal))
            name = f"user space, {frequency} Hz{', with a live line' if terminal else ''}: "
            rows.append(Row.of(name + "steady", "µs/sample", [s * 1e6 for _, _, s in long], LIMIT))
            rows.append(Row.of(name + "long less short", "µs/sample",
                               [(a[0] - b[0]) / (a[1] - b[1]) * 1e6 for a, b in zip(long, short)]))
            rows.append(Row.of(name + "whole recording", "µs/sample",
                               [cpu / n * 1e6 for cpu, n, _ in long]))
            rows.append(Row.of(name + "samples in it", "", [n for _, n, _ in long]))
    return rows
