# SPDX-License-Identifier: Apache-2.0
"""Resident memory of `hone record` while it records.

Of its own: what is resident but for pages of the recorded executable and of the ring, which are
page cache and kernel memory that is only looked at. The peak is the kernel's mark of the whole
process; when it is reached before the first sample, neither is mapped yet, and all of it is own.
"""
import re
import time

from programs import workload
from recording import Recording
from rows import Row

FREQUENCY = 499
SECONDS = 20
LIMIT = 12  # MiB


def mappings(pid):
    """(name, resident KiB, anonymous KiB) of each."""
    name, resident = "", 0
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                name = " ".join(fields[5:])
            elif fields[0] == "Rss:":
                resident = int(fields[1])
            elif fields[0] == "Anonymous:":
                yield name, resident, int(fields[1])


def resident(pid, target):
    """KiB: own anonymous, own files, ring, target."""
    anonymous = files = ring = mapped = 0
    for name, whole, of_it in mappings(pid):
        if name == target:
            mapped += whole
        elif "bpf-map" in name:
            ring += whole
        else:
            anonymous += of_it
            files += whole - of_it
    return anonymous, files, ring, mapped


def peak(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"^VmHWM:\s+(\d+)", file.read(), re.M).group(1))


def measure(context):
    context.need_root()
    seen = []
    with workload(context) as target:
        with Recording(context, target.pid, FREQUENCY) as recording:
            pid = recording.process.pid
            recording.wait_until_sampling()
            start = peak(pid)
            end = time.monotonic() + context.seconds(SECONDS)
            while time.monotonic() < end:
                time.sleep(0.5)
                seen.append(resident(pid, target.path))
            summary = recording.stop()
    anonymous, files, ring, mapped = zip(*[[kib / 1024 for kib in r] for r in seen])
    own = [a + f for a, f in zip(anonymous, files)]
    # The mark at the end counts what is only looked at, too.
    last = summary["max_resident_kib"]
    whole = start if last <= start else max(start, last - seen[-1][2] - seen[-1][3])
    return [
        Row.of("memory: own, while recording", "MiB", own, LIMIT),
        Row.of("memory: of it anonymous", "MiB", anonymous),
        Row.of("memory: of it pages of code and libraries", "MiB", files),
        Row.of("memory: own, peak at start-up", "MiB", [start / 1024], LIMIT),
        Row.of("memory: own, peak over all", "MiB", [whole / 1024], LIMIT),
        Row.of("memory: ring, mapped", "MiB", ring),
        Row.of("memory: recorded executable, pages touched", "MiB", mapped),
    ]
