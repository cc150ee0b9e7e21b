# SPDX-License-Identifier: Apache-2.0
"""When a recording ends."""
import json
import os
import signal
import time

import harness
import pprofile
from bench import assert_profile, one_line, test, weight_of


@test
def interrupted(bench):
    """Ctrl-C ends early and still writes."""
    actor = bench.spin()
    recorder = bench.recorder("--pid", actor.pid, "--duration", "1h", "-o", bench.out)
    recorder.attached()
    time.sleep(1.5)
    code, _, err = recorder.stop(signal.SIGINT)
    assert code == 0, err
    assert_profile(bench.out)


@test
def interrupted_twice(bench):
    """A terminal that closes, or a service manager, sends more than one signal."""
    actor = bench.spin()
    recorder = bench.recorder("--pid", actor.pid, "--duration", "1h", "-o", bench.out)
    recorder.attached()
    time.sleep(1.5)
    recorder.process.send_signal(signal.SIGSTOP)
    recorder.process.send_signal(signal.SIGHUP)
    recorder.process.send_signal(signal.SIGTERM)
    code, _, err = recorder.stop(signal.SIGCONT)
    assert code == 0, err
    assert_profile(bench.out)


def early(bench, *args, number=signal.SIGINT):
    """A signal that is there before hone is. What it says; nothing is begun, nothing is touched."""
    def send():
        signal.pthread_sigmask(signal.SIG_BLOCK, [number])
        os.kill(os.getpid(), number)
    bench.out.write_text("old")
    before = set(os.listdir(bench.folder))
    code, out, err = bench.hone("record", "-o", bench.out, *args, preexec_fn=send)
    assert code == 3, (code, err)
    one_line(err, ["before sampling began", "nothing was recorded"])
    assert bench.out.read_text() == "old"
    assert set(os.listdir(bench.folder)) == before
    return out, err


@test
def interrupted_early(bench):
    """Nothing was recorded, says hone; and it starts no command behind the user's back."""
    actor = bench.spin()
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        early(bench, "--pid", actor.pid, number=number)
    _, err = early(bench, "--", "sh", "-c", f"echo >{bench.folder}/started")
    assert "sh was not started" in err, err
    out, _ = early(bench, "--json", "--pid", actor.pid)
    said = json.loads(out)
    assert said["ended"] == "interrupted" and said["output"] is None and "before" in said["reason"], said


@test
def interrupted_while_loading(bench):
    """Ctrl-C of a terminal, which the command gets too, while the kernel program is loaded."""
    early_ones = 0
    for _ in range(20):
        if early_ones == 3:
            return
        mark = bench.folder / "started"
        mark.unlink(missing_ok=True)
        recorder = bench.recorder("-o", bench.out, "--", "sh", "-c", f"echo >{mark}; exec sleep 60",
                                  start_new_session=True)
        children = f"/proc/{recorder.process.pid}/task/{recorder.process.pid}/children"
        command = []
        while not command and recorder.process.poll() is None:  # it waits while hone gets ready
            with open(children, encoding="ascii") as file:
                command = file.read().split()
        os.killpg(recorder.process.pid, signal.SIGINT)
        code, _, err = recorder.wait()
        assert code == 3, (code, err)
        assert not bench.out.exists()
        if "before sampling began" in err:
            early_ones += 1
            assert not mark.exists(), "the command was started"
            assert not os.path.exists(f"/proc/{command[0]}"), "the command is still there"
    raise AssertionError("hone was never interrupted early enough")


@test
def nohup(bench):
    """A signal that is ignored stays so."""
    actor = bench.spin()
    recorder = bench.recorder("--pid", actor.pid, "--duration", "1h", "-o", bench.out,
                              preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    recorder.attached()
    recorder.process.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    assert recorder.process.poll() is None
    code, _, err = recorder.stop(signal.SIGINT)
    assert code == 0, err


@test
def until_ready(bench):
    actor = bench.spin()
    code, _, err = bench.hone("record", "--pid", actor.pid, "--until-ready", "--freq", 4999,
                              "--duration", "60s", "-o", bench.out)
    assert code == 0, err
    assert bench.hone("check", bench.out)[0] == 0
    assert 1000 < pprofile.Profile(bench.out).total() < 4999 * 55


@test
def ends_midway(bench):
    """What there is when the process ends gets written, and hone does not wait on."""
    actor = bench.spin()
    recorder = bench.recorder("--pid", actor.pid, "--duration", "1h", "-o", bench.out)
    recorder.attached()
    time.sleep(1.5)
    actor.kill()
    code, _, err = recorder.wait()
    assert code == 0, err
    assert_profile(bench.out)


@test
def ends_at_the_start(bench):
    """Whenever it ends while hone gets ready: hone does not wait for a process that is no more."""
    for milliseconds in range(20, 1000, 70):
        actor = bench.spin(f"{milliseconds}ms")
        code, _, err = bench.hone("record", "--pid", actor.pid, "--duration", "1h",
                                  "-o", bench.out)
        assert code in (0, 1, 3), (milliseconds, code, err)
        assert "used no CPU time. Record it" not in err, (milliseconds, err)


@test
def exec_midway(bench):
    """A recorded process becomes another Go program, and then the first one again."""
    other = harness.build("panics", bench.folder)
    actor = bench.start(bench.actor, "exec", other, "-duration", "3s")
    code, _, err = bench.hone("record", "--pid", actor.pid, "--duration", "2s", "-o", bench.out)
    assert code == 0, err
    assert weight_of(bench.out, "main.dive") > 0


@test
def children(bench):
    """What a process starts belongs to --exe, not to --pid."""
    parent = bench.start(bench.actor, "fork", 1, "spin")
    bench.record("--exe", bench.actor)
    assert_profile(bench.out)
    os.unlink(bench.out)
    bench.refused("--pid", parent.pid, "--duration", "1s", code=3, says="idle|no sample")
