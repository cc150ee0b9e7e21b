# SPDX-License-Identifier: Apache-2.0
"""The stages of user space one by one, over recorded samples: no kernel, no process."""
import os

from programs import workload
from rows import parse

SECONDS = 10
FREQUENCY = 997


def measure(context):
    context.need_root()
    samples = os.path.join(context.folder, "samples")
    with workload(context) as target:
        context.helper("collect", "-f", FREQUENCY, "-s", round(context.seconds(SECONDS)),
                       target.pid, samples)
        path = target.path
    return parse(context.helper("bench-unwind", path, samples))[0]
