# SPDX-License-Identifier: Apache-2.0
"""What is said, and where."""
import contextlib
import json
import os
import pty
import re
import signal

import pprofile
from bench import test, until_spent


@test
def summary(bench):
    """Without a terminal: a plain summary, no control characters."""
    actor = bench.spin()
    out, err = bench.record("--pid", actor.pid)
    assert "\x1b" not in out + err and "\r" not in out + err
    assert re.search(r"\d+ samples", out + err), out + err


@test
def quiet(bench):
    actor = bench.spin()
    assert bench.record("--pid", actor.pid, "--quiet") == ("", "")


@test
def json_summary(bench):
    actor = bench.spin()
    out, _ = bench.record("--pid", actor.pid, "--json")
    said = json.loads(out)
    assert said["samples"] == pprofile.Profile(bench.out).total(), said
    for key in "lost", "truncated", "unsymbolized", "edges", "coverage", "verdict":
        assert key in said, f"{key} is not in {said}"


@test
def terminal(bench):
    """On a terminal: one live line, rewritten, and the terminal is left clean."""
    actor = bench.spin()
    child, tty = pty.fork()
    if child == 0:
        os.execv(bench.hone_path, ["hone", "record", "--pid", str(actor.pid), "--duration", "3s",
                                   "-o", str(bench.out)])
    seen = b""
    with contextlib.suppress(OSError):  # how Linux tells that the other side has gone
        while chunk := os.read(tty, 4096):
            seen += chunk
    os.close(tty)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, seen
    text = seen.decode()
    assert text.count("\r") >= 2, text
    for word in "samples", "edges", "%":
        assert word in text, f"{word} is not in {text!r}"


@test
def overrun(bench):
    """hone is held up and its buffers run over: counted, shown, and in the profile's comments."""
    actors = [bench.start(bench.actor, "deep", "70", "1h") for _ in range(2)]
    recorder = bench.recorder("--pid", actors[0].pid, "--pid", actors[1].pid, "--freq", 9999,
                              "--duration", "1h", "--json", "-o", bench.out)
    recorder.attached()
    recorder.process.send_signal(signal.SIGSTOP)
    for actor in actors:
        until_spent(actor, 3)  # 8 MiB of ring hold a second of both
    recorder.process.send_signal(signal.SIGCONT)
    code, out, err = recorder.stop()
    assert code == 0, err
    lost = json.loads(out)["lost"]
    assert lost > 0, out
    comments = " ".join(pprofile.Profile(bench.out).comments)
    assert f"lost={lost}" in comments, comments
