# SPDX-License-Identifier: Apache-2.0
"""A node where things come and go for long: what the agent takes of memory does not grow."""
import collections
import itertools
import os
import statistics
import subprocess
import time

import bench
import cgroups
import pprofile
from agentbench import assert_near
from strength_load import churning
from strength_memory import distinct_builds

TESTS = {}
BUILDS = 20
REMEMBERED = 100  # pods that went, of which the kubelet still has the links
SLACK = 256  # KiB


def test(function):
    TESTS[function.__name__.replace("_", "-")] = function
    return function


class Node:
    """Pods that stay, one of each build; and pods that come, work for a moment and go."""

    def __init__(self, agent, stays):
        self.agent = agent
        self.paths = distinct_builds(agent, BUILDS)
        self.stays = stays
        self.passed = 0
        self.links = collections.deque()  # of pods that went
        self.expected = 0.0

    def begin(self):
        for i, path in enumerate(self.paths):
            self.stays.start(i, path, "pulse", "1ms", "300ms")

    def pod(self):
        """One that lives for a moment."""
        with cgroups.Containers(self.agent, 1, name=f"passing{self.passed}") as made:
            self.expected += made.timed(0, "50ms")
        self.passed += 1
        self.links += made.links
        if len(self.links) > REMEMBERED:
            self.links.popleft().unlink()

    def release(self):
        """A new build takes the place of an old one, as a file of its own."""
        path = self.paths[self.passed % BUILDS]
        new = path.with_suffix(".new")
        new.write_bytes(path.read_bytes())
        new.chmod(0o755)
        new.rename(path)
        subprocess.run([path, "spin", "5ms"], check=True, stdout=subprocess.DEVNULL)


def look(agent):
    parts = agent.resident()
    return parts["anonymous"], agent.status()["memory"]["kernel"] >> 10


def middle(looks, begin, end):
    """The median of each part between two moments; where in a window a look falls makes no odds."""
    return [int(statistics.median(part))
            for part in zip(*(sizes for at, sizes in looks if begin <= at < end))]


@test
def soak(agent):
    """An hour of pods that come and go, of new builds and of programs of a moment."""
    window, length, warm = (30, 3600, 600) if agent.long else (2, 40, 12)
    agent.freq = 99
    agent.run(f"{window}s")
    looks, began = [], time.monotonic()
    with cgroups.Containers(agent, BUILDS, name="stays") as stays, churning(agent, 20) as churn:
        node = Node(agent, stays)
        node.begin()
        for turn in itertools.count():
            at = time.monotonic() - began
            if at >= length:
                break
            node.pod()
            if turn % 8 == 0:
                node.release()
            looks.append((at, look(agent)))
            time.sleep(0.1)
    status = agent.delivered()
    agent.stop()

    half = warm + (length - warm) / 2
    before, after = middle(looks, warm, half), middle(looks, half, length)
    tenths = [middle(looks, length * i / 10, length * (i + 1) / 10) for i in range(10)]
    weights = [(path.name, bench.weight_in(pprofile.Profile(path), "main.timed"))
               for path in agent.files("*")]
    got = sum(weight for _, weight in weights)
    placed = sum(weight for name, weight in weights if "_test_passing" in name)
    print(f"{length} s, windows of {window} s: {node.passed} pods, {churn.started} programs; load "
          f"{os.getloadavg()[0]:.1f}\nanonymous and kernel, the median of each tenth: {tenths} KiB\n"
          f"{got} samples of the pods that went, {got - placed} of unknown place, "
          f"{node.expected:.0f} by CPU time; "
          f"lost {status['lost']}, evictions {status['evictions']}")
    assert_near(got, node.expected)
    assert all(b <= a + SLACK for a, b in zip(before, after)), (before, after)
