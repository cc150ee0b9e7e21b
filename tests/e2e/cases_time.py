# SPDX-License-Identifier: Apache-2.0
"""When a recording ends."""
import os
import signal
import time

import harness
import pprofile
from bench import assert_profile, test, weight_of


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
