# SPDX-License-Identifier: Apache-2.0
"""Which processes are recorded: --pid, --exe, --container, -- COMMAND."""
import json
import os
import resource

import harness
from bench import (CONTAINER, assert_profile, cgroup_container, container_pid, cpu_time, end, enter,
                   hierarchies, in_container, owner, running_container, test, until_spent, weight_of)


@test
def pid(bench):
    """One process; and the Go compiler takes what comes out."""
    actor = bench.spin()
    bench.record("--pid", actor.pid)
    profile = assert_profile(bench.out)
    assert profile.start_lines["main.work"] > 0
    assert bench.hone("check", bench.out)[0] in (0, 3)
    # What it makes of a profile, and how go build hands it over, is for tests/e2e/decisions.
    source = bench.folder / "main.go"
    source.write_text("package main\n\nfunc main() {}\n")
    harness.go("tool", "compile", f"-pgoprofile={bench.out}", "-p=main", "-o", str(bench.folder / "main.o"),
               str(source))


@test
def several_pids(bench):
    """Two processes of one program."""
    actors = [bench.spin(), bench.start(bench.actor, "hash")]
    bench.record("--pid", actors[0].pid, "--pid", actors[1].pid)
    assert weight_of(bench.out, "main.work") > 0
    assert weight_of(bench.out, "main.digest") > 0


@test
def exe(bench):
    """All processes of an executable: running ones and later ones."""
    bench.spin()
    recorder = bench.recorder("--exe", bench.actor, "--duration", "3s", "-o", bench.out)
    recorder.attached()
    bench.start(bench.actor, "fork", 3, "spin", "500ms")
    code, _, err = recorder.wait()
    assert code == 0, err
    assert_profile(bench.out)


@test
def exe_started_later(bench):
    """Not one process of it runs when the recording begins."""
    recorder = bench.recorder("--exe", bench.actor, "--duration", "3s", "-o", bench.out)
    recorder.attached()
    bench.start(bench.actor, "fork", 50, "spin", "30ms")
    code, _, err = recorder.wait()
    assert code == 0, err
    assert assert_profile(bench.out, share=0.3).total() > 40


@test
def container(bench):
    """By its id and by a prefix of it; its program's path means nothing outside."""
    with running_container(bench, "spin") as name:
        bench.record("--container", name)
        assert_profile(bench.out)
        bench.record("--container", name[:12])
        assert_profile(bench.out)
        pid = container_pid(bench, name)
        bench.record("--pid", pid)
        assert_profile(bench.out)
        bench.record("--exe", f"/proc/{pid}/exe")
        assert_profile(bench.out)


@test
def container_children(bench):
    """What a container's processes start while they are recorded."""
    with running_container(bench, "fork", "1000", "spin", "100ms") as name:
        bench.record("--container", name)
        assert_profile(bench.out)


@test
def container_exec(bench):
    """What is started in the container from outside, as docker exec and kubectl exec do."""
    with running_container(bench, "idle") as name:
        recorder = bench.recorder("--container", name, "--duration", "4s", "-o", bench.out)
        recorder.attached()
        in_container(bench, name, "spin", "2s")
        code, _, err = recorder.wait()
        assert code == 0, err
        assert_profile(bench.out)


@test
def container_entered(bench):
    """A process that runs already is put into the container's cgroup, of v1 as of v2; and out."""
    for hierarchy in hierarchies():
        with cgroup_container(hierarchy) as (container, outside):
            idle, spinning = bench.start(bench.actor, "idle"), bench.spin()
            enter(container, idle)
            recorder = bench.recorder("--container", CONTAINER, "--duration", "1h", "--json",
                                      "-o", bench.out)
            recorder.attached()
            enter(container, spinning)
            began = cpu_time(spinning)
            until_spent(spinning, 1)
            inside = cpu_time(spinning) - began
            enter(outside, spinning)
            until_spent(spinning, 1.5)
            code, out, err = recorder.stop()
            assert code == 0, err
            assert 0.5 * inside < json.loads(out)["samples"] / 499 < 1.6 * inside, (out, inside)
            assert_profile(bench.out)
            end(idle)
            end(spinning)


@test
def command(bench):
    code, _, err = bench.hone("record", "-o", bench.out, "--", bench.actor, "spin", "2s")
    assert code == 0, err
    assert_profile(bench.out)


@test
def command_talks(bench):
    """What the command prints is not in the profile, nor in the summary for machines."""
    command = ["--", "sh", "-c", f"echo talk; exec {bench.actor} spin 1s"]
    code, out, err = bench.hone("record", "-o", "-", *command)
    assert code == 0 and "talk\n" in err, err
    bench.out.write_bytes(out)
    assert_profile(bench.out)
    code, out, err = bench.hone("record", "--json", "-o", bench.out, *command)
    assert code == 0 and "talk\n" in err, err
    assert json.loads(out)["samples"] > 0, out
    code, out, err = bench.hone("record", "-o", bench.out, *command)
    assert code == 0 and out.startswith(b"talk\n") and "talk" not in err, (out, err)


@test
def command_limits(bench):
    """hone may open as many files as it is allowed to; the command keeps the limit it would have had."""
    harness.few_files(1000)
    told = bench.folder / "told"
    recorder = bench.recorder("-o", bench.out, "--",
                              "sh", "-c", f"ulimit -Sn >{told}; exec {bench.actor} spin 2s").attached()
    soft, hard = resource.prlimit(recorder.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard, (soft, hard)
    code, _, err = recorder.wait()
    assert code == 0, err
    assert told.read_text() == "1000\n", told.read_text()


@test
def command_through_shell(bench):
    """The command is a shell that becomes a Go program."""
    code, _, err = bench.hone("record", "-o", bench.out, "--",
                              "sh", "-c", f"sleep 0.2; exec {bench.actor} spin 2s")
    assert code == 0, err
    assert_profile(bench.out)


@test
def command_as_user(bench):
    """The command runs as the user who called sudo, and the file is theirs."""
    os.chmod(bench.folder, 0o777)
    env = dict(os.environ, SUDO_UID="65534", SUDO_GID="65534", SUDO_USER="nobody")
    code, _, err = bench.hone(
        "record", "-o", bench.out, "--",
        "sh", "-c", f"id -u >{bench.folder}/uid; id -g >{bench.folder}/gid; "
                    f"exec {bench.actor} spin 1s", env=env)
    assert code == 0, err
    assert (bench.folder / "uid").read_text() == "65534\n"
    assert (bench.folder / "gid").read_text() == "65534\n"
    assert owner(bench.out) == (65534, 65534)


@test
def command_missing(bench):
    bench.refused("--", bench.folder / "nothing", says=["nothing", "no such program"])
