# SPDX-License-Identifier: Apache-2.0
"""What the agent takes of memory, and what it does where something is full."""
import os
import shutil
import subprocess
import time

import bench
import cgroups
import harness
from agentbench import assert_near

TESTS = {}
LIMIT = 24 << 10  # KiB
BUILDS = 20


def test(function):
    TESTS[function.__name__.replace("_", "-")] = function
    return function


def distinct_builds(agent, n):
    """Copies of the actor, each with a build id of its own."""
    buildid = subprocess.run(["go", "tool", "buildid", agent.actor], check=True, text=True,
                             stdout=subprocess.PIPE, env=go_environment()).stdout.strip().encode()
    program = agent.actor.read_bytes()
    assert program.count(buildid) >= 1
    paths = []
    for i in range(n):
        path = agent.folder / f"app{i}"
        path.write_bytes(program.replace(buildid, b"%08d" % i + buildid[8:]))
        path.chmod(0o755)
        paths.append(path)
    return paths


def go_environment():
    return dict(os.environ, PATH=f"{os.path.dirname(harness.go_command())}:{os.environ['PATH']}")


class Footprint:
    """The most of each part that was seen."""

    def __init__(self, agent):
        self.agent = agent
        self.most = {}
        self.total = 0
        self.last = {}

    def look(self):
        parts = self.agent.resident()
        del parts["ring"]  # mapped twice, and in the kernel's part already
        parts["kernel"] = self.agent.status()["memory"]["kernel"] >> 10
        self.last = parts
        self.total = max(self.total, sum(parts.values()))
        for part, size in parts.items():
            self.most[part] = max(self.most.get(part, 0), size)

    def __str__(self):
        return (", ".join(f"{part} {size}" for part, size in self.most.items()) +
                f"; all at once {self.total} KiB")


@test
def memory(agent):
    """A hundred busy containers of twenty builds: 24 MiB in all, the kernel's part included."""
    window, windows = (10, 12) if agent.long else (3, 3)
    paths = distinct_builds(agent, BUILDS)
    agent.freq = 99
    footprint = Footprint(agent)
    with cgroups.Containers(agent, 100) as made:
        agent.run(f"{window}s")
        running = [made.start(i, paths[i % BUILDS], ("spin", "hash")[i % 3 == 0],
                              f"{window * windows}s") for i in range(100)]
        end = time.monotonic() + window * windows
        flat = []
        while time.monotonic() < end:
            time.sleep(0.3)
            footprint.look()
            flat.append(sum(footprint.last.values()))
        status = agent.status()
        for process in running:
            made.usage(process)
    agent.stop()
    print("memory by part", {k: v >> 10 for k, v in status["memory"].items()}, "KiB")
    print("binaries", status["memory"]["binaries"] // BUILDS, "bytes a build")
    print("now", footprint.last)
    print(f"most seen: {footprint}")
    third = len(flat) // 3
    print(f"first third at most {max(flat[:third])}, last {max(flat[-third:])} KiB")
    pods = {path.name.split("_")[2] for path in agent.files("*_test_pod-*")}
    assert len(pods) == 100, len(pods)
    assert footprint.total <= LIMIT, str(footprint)


@test
def run_once(agent):
    """Executables that come and go unsampled: nothing of their files stays resident."""
    n = 400 if agent.long else 60
    paths = distinct_builds(agent, n)
    agent.freq = 1
    agent.run("60s")
    for path in paths:
        seconds_of(path, "spin", "5ms")
    end = time.monotonic() + 30
    while agent.status()["binaries"] < 0.8 * n:  # one may be gone before it is opened
        assert time.monotonic() < end, agent.status()
        time.sleep(0.1)
    resident = agent.resident()["executables"]
    agent.stop()
    print(f"{resident} KiB of {n} executables resident")
    assert resident < 32 * n, resident  # a page that is touched maps the sixteen around it


@test
def too_many_builds(agent):
    """More executables than may be open: the oldest go, each loss is counted."""
    n = 2000 if agent.long else 700
    path = agent.folder / "app"
    shutil.copy(agent.actor, path)
    agent.run("2s")
    expected = 0
    for i in range(n):
        os.utime(path, ns=(i, 1_000_000_000_000_000_000 + i))  # to the kernel program a new file
        expected += seconds_of(path, "spin", "5ms") * agent.freq
    status = agent.turn_window()
    agent.stop()
    got, lost = agent.samples("actor"), status["lost"]
    print(f"{got} samples, {expected:.0f} by CPU time with exec and exit; lost {lost}, evictions "
          f"{status['evictions']}, {status['memory']}")
    # Its time of writing is another one: what was counted before can no longer be named.
    told = got + sum(lost[why] for why in ("process_gone", "too_many_executables", "file_rewritten"))
    assert told > 0.6 * expected, (got, lost, expected)
    assert status["evictions"]["binaries"] > 0, status


def seconds_of(*argv):
    process = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, status
    return usage.ru_utime + usage.ru_stime


@test
def too_many_cgroups(agent):
    """More containers than it keeps cgroups: the oldest go, no sample with them, and no window ends early."""
    n, window = (2500 if agent.long else 1100), 60
    with cgroups.Containers(agent, n) as made:
        agent.run(f"{window}s")
        began = time.monotonic()
        expected = sum(made.timed(i, "4ms") for i in range(n))
        expected += sum(made.timed(i, "4ms") for i in range(100))
        windows, at_most = agent.status()["windows"], (time.monotonic() - began) // window + 1
        status = agent.delivered()
    agent.stop()
    got, placed = (sum(bench.weight_of(path, "main.timed") for path in agent.files(service))
                   for service in ("*", "*_test_pod-*"))
    print(f"{got} samples of {expected:.0f} expected; {got - placed} of unknown place; evictions "
          f"{status['evictions']}; {windows} windows, {at_most:.0f} at most")
    assert windows <= at_most, (windows, at_most)
    assert status["evictions"]["cgroups"] >= n - 1024, status["evictions"]
    assert got - placed <= status["samples"]["counted_place_unknown"], (got, placed, status)
    assert_near(got, expected, 0.2)  # in 4 ms what is outside of the time taken shows
