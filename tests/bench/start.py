# SPDX-License-Identifier: Apache-2.0
"""Start-up: how long from exec to the first tick, and what it costs."""
import collections
import os
import time

from programs import workload
from recording import Recording
from rows import Row, parse

ROUNDS = 5
FREQUENCY = 997


def measure(context):
    context.need_root()
    wall, cpu, parts = [], [], collections.defaultdict(list)
    with workload(context) as target:
        for _ in range(context.rounds(ROUNDS)):
            with Recording(context, target.pid, FREQUENCY) as recording:
                recording.wait_until_sampling()
                cpu.append(recording.cpu() * 1e3)
                time.sleep(1)
                recording.stop()
                wall.append(recording.begun_after() * 1e3)
            samples = os.path.join(context.folder, "start.samples")
            for row in parse(context.helper("collect", "-f", FREQUENCY, "-s", 1, target.pid,
                                            samples))[0]:
                parts[row.measure].append(row.median)
    rows = [Row.of("start: exec to first tick, wall", "ms", wall),
            Row.of("start: exec to first tick, CPU", "ms", cpu)]
    return rows + [Row.of(measure, "ms", values) for measure, values in parts.items()]
