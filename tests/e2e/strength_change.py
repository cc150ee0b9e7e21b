# SPDX-License-Identifier: Apache-2.0
"""What changes under the agent: files, programs, process ids, cgroups, the time of day."""
import datetime
import glob
import os
import pathlib
import re
import shutil
import subprocess
import time

import bench
import cgroups
import harness
from agentbench import assert_near

TESTS = {}


def test(function):
    TESTS[function.__name__.replace("_", "-")] = function
    return function


def wait(process):
    """CPU seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, status
    return usage.ru_utime + usage.ru_stime


def share_of(path, function):
    profile = bench.pprofile.Profile(path)
    return bench.weight_of(path, function) / max(profile.total(), 1)


def start_service(agent, service, *argv):
    return agent.start(*argv, env=dict(os.environ, OTEL_SERVICE_NAME=service))


@test
def replaced_file(agent):
    """The old process goes on with the old file, a new one has the new file; both are named right."""
    path = agent.folder / "app"
    shutil.copy(agent.actor, path)
    agent.run("1h")
    old = start_service(agent, "app", path, "spin", "4s")
    time.sleep(1)
    other = harness.build("actor", agent.folder, "-gcflags=all=-N -l")  # other code everywhere
    os.rename(other, path)
    new = start_service(agent, "app", path, "hash", "3s")
    expected = {"main.work": wait(old) * agent.freq, "main.digest": wait(new) * agent.freq}
    agent.stop()
    files = agent.files("app")
    assert len(files) == 2, files
    for function, wanted in expected.items():
        path, = [file for file in files if bench.weight_of(file, function)]
        assert_near(bench.pprofile.Profile(path).total(), wanted)
        assert share_of(path, function) > 0.9, (path, function)


@test
def written_again(agent):
    """A file of the same inode with other contents is another program."""
    path = agent.folder / "app"
    shutil.copy(agent.actor, path)
    other = harness.build("actor", agent.folder, "-gcflags=all=-N -l")
    agent.run("1h")
    expected = wait(start_service(agent, "first", path, "spin", "1s")) * agent.freq
    inode = os.stat(path).st_ino
    with open(other, "rb") as source, open(path, "r+b") as target:
        target.truncate(0)
        shutil.copyfileobj(source, target)
    assert os.stat(path).st_ino == inode
    again = wait(start_service(agent, "second", path, "hash", "1s")) * agent.freq
    status = agent.turn_window()
    agent.stop()
    # The tables of the first are of a file that is no more: no profile, and it is said.
    print(status["lost"])
    assert not agent.files("first")
    assert status["lost"]["file_rewritten"] > 0.8 * expected, status["lost"]
    second, = agent.files("second")
    assert_near(bench.pprofile.Profile(second).total(), again)
    assert share_of(second, "main.digest") > 0.9


@test
def container_gone(agent):
    """The cgroup is removed as soon as the process has ended, a hundred times."""
    n = 500 if agent.long else 60
    # A program that nobody else on this machine runs in containers without a name.
    agent.actor = shutil.copy(agent.actor, agent.folder / f"gone{os.getpid()}")
    with cgroups.Containers(agent, n) as made:
        agent.run("1h")
        expected = []
        for i in range(n):
            expected.append(made.timed(i, "20ms"))
            made.remove(i)
        status = agent.turn_window()
        agent.stop()
    got = [made.timed_samples(i) for i in range(n)]
    elsewhere = sum(bench.weight_of(path, "main.timed")
                    for path in agent.files(f"{agent.actor.name}_2*"))
    print(f"{sum(got)} samples in {n} containers, {elsewhere} of unknown place, {sum(expected):.0f} "
          "expected")
    # Where the agent had no time to look before all was gone, it says so; never another's place.
    assert elsewhere <= status["samples"]["counted_place_unknown"], (elsewhere, status["samples"])
    assert all(a < b + 10 for a, b in zip(got, expected)), list(zip(got, expected))
    assert_near(sum(got) + elsewhere, sum(expected))


@test
def containers_of_all_kinds(agent):
    """Of a hierarchy of cgroup v1 and of v2, also where it is not the one that ids are of."""
    known = {cgroups.hierarchy_of_containers(), *bench.hierarchies()}
    expected, beside = {}, 0
    all_made = [cgroups.Containers(agent, 2, h, h.name) for h in known]
    agent.run("1h")
    for made in all_made:
        with made:
            running = [made.start(i, agent.actor, "spin", "2s") for i in range(2)]
            # Beside it, in no container: it must not be taken for one of those.
            beside += wait(start_service(agent, "beside", agent.actor, "spin", "3s")) * agent.freq
            expected[made] = [made.usage(process) * agent.freq for process in running]
    agent.stop()
    for made, each in expected.items():
        got = [sum(p.total() for p in made.profiles(i)) for i in range(2)]
        print(made.root, got, each)
        for i, wanted in enumerate(each):
            assert_near(got[i], wanted)
    assert_near(agent.samples("beside"), beside)


@test
def exec_back_and_forth(agent):
    """Go, then a shell, then Go: one process, two programs of ours, all samples of both."""
    agent.run("1h")
    before = agent.work("exec", "/bin/sh", "-c", f"exec {agent.actor} hash 1s", service="chain")
    agent.stop()
    path, = agent.files("chain")
    assert_near(bench.pprofile.Profile(path).total(), before)
    shares = [share_of(path, "main.digest"), share_of(path, "main.work")]
    assert min(shares) > 0 and sum(shares) > 0.8, shares


LAST_PID = pathlib.Path("/proc/sys/kernel/ns_last_pid")  # of kernels that can restore processes


@test
def pid_used_again(agent):
    """A process that has the pid of an earlier one is another one."""
    if not LAST_PID.exists():
        harness.skip(f"no {LAST_PID} here")
    other = agent.folder / "other"
    shutil.copy(agent.actor, other)
    agent.run("1h")
    first = start_service(agent, "first", agent.actor, "spin", "500ms")
    expected = wait(first) * agent.freq
    for _ in range(100):
        LAST_PID.write_text(str(first.pid - 1))
        second = start_service(agent, "second", other, "hash", "500ms")
        if second.pid == first.pid:
            break
        second.kill()
        second.wait()
    else:
        harness.skip("the pid did not come again in a hundred attempts")
    again = wait(second) * agent.freq
    agent.stop()
    path, = agent.files("first")
    assert_near(bench.pprofile.Profile(path).total(), expected, 0.15)
    assert share_of(path, "main.digest") == 0 and share_of(path, "main.work") > 0.5
    path, = agent.files("second")
    assert bench.pprofile.Profile(path).total() > 0.85 * again
    assert share_of(path, "main.work") == 0 and share_of(path, "main.digest") > 0.5


def faketime():
    for path in glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"):
        return path
    return harness.skip("needs libfaketime")


@test
def clock_stepped(agent):
    """The time of day goes an hour ahead and a day back: windows stay, no sample is lost."""
    steps = agent.folder / "steps"
    steps.write_text("+0\n")
    agent.environment = {"LD_PRELOAD": faketime(), "FAKETIME_TIMESTAMP_FILE": str(steps),
                         "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                         "FAKETIME_DONT_RESET": "1"}
    agent.run("2s", "seccomp: \"off\"\n")
    process = start_service(agent, "stepped", agent.actor, "spin", "16s")
    for step in "+1h", "-1d", "+1h", "+0":
        time.sleep(3)
        steps.write_text(f"{step}\n")
    expected = wait(process) * agent.freq
    agent.stop()
    files = agent.files("stepped")
    days = {re.search(r"_(\d{8}T\d\d)", file.name)[1] for file in files}
    print(f"{len(files)} profiles in the hours {sorted(days)}")
    assert_near(agent.samples("stepped"), expected)
    assert len(days) >= 3, days  # the steps did reach it
    # 16 s: of windows between a quarter and five quarters of 2 s, and one that was open before.
    assert 16 / 2.5 <= len(files) <= 16 / 0.5 + 1, files
    now = datetime.datetime.now(datetime.timezone.utc)
    assert any(file.name.split("_")[1][:11] == now.strftime("%Y%m%dT%H") for file in files), files
