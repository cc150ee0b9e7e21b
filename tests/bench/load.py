# SPDX-License-Identifier: Apache-2.0
"""A node of Go processes: fifty, busy now and then, idle and short-lived, and a busy program.

The idle and the occasional are there all the time. The short-lived have ten places, two for each
length of life, in each of which one follows another with pauses; the busy program lives as long
as they come. What each of them took is what the kernel told of it when it had ended.
"""
import contextlib
import dataclasses
import os
import random
import subprocess
import threading
import time

from programs import AT_MOST, WORKLOADS, Failure, running

LIVES = {"20ms": 0.02, "50ms": 0.05, "100ms": 0.1, "300ms": 0.3, "1s": 1.0}
LONG = "long"
PLACES = 2    # for each length of life
DUTY = 0.06   # the share of its time that a place has somebody working
IDLE, OCCASIONAL = 30, 10
PULSE = ["pulse", "2ms", "98ms"]


def executable(life):
    return f"life-{life}"


@dataclasses.dataclass
class Lives:
    """All processes of one length of life."""
    cpu: float = 0     # as the kernel told when they had ended
    main: float = 0    # of it in main.main(), as they told themselves
    slices: int = 0  # times that one of them was put on a CPU
    pids: set = dataclasses.field(default_factory=set)

    def add(self, pid, usage):
        self.cpu += usage.ru_utime + usage.ru_stime
        self.slices += 1 + usage.ru_nvcsw + usage.ru_nivcsw
        self.pids.add(pid)


class Load:
    def __init__(self, context):
        self.context = context
        self.paths = {name: self.build("actor", name) for name in
                      [executable(life) for life in LIVES] + ["idle", "occasional"]}
        self.paths[executable(LONG)] = self.build("mixed", executable(LONG))

    def build(self, workload, name):
        """An executable of that name and build id: to a profiler each name is another program."""
        if not self.context.go:
            raise Failure("no Go to build the programs with")
        path = os.path.join(self.context.folder, name)
        done = subprocess.run([self.context.go, "build", "-buildvcs=false", "-o", path,
                               f"-ldflags=-buildid={name}", "."], capture_output=True, text=True,
                              cwd=os.path.join(WORKLOADS, workload), check=False)
        if done.returncode:
            raise Failure(f"{workload} does not build:\n{done.stderr}")
        return path

    @contextlib.contextmanager
    def standing(self):
        with contextlib.ExitStack() as stack:
            for name, count, what in (("idle", IDLE, ["idle"]), ("occasional", OCCASIONAL, PULSE)):
                for _ in range(count):
                    stack.enter_context(running([self.paths[name], *what],
                                                stdout=subprocess.DEVNULL))
            time.sleep(1)
            yield

    def _spawn(self, life, *args, environment=None):
        out = [(os.POSIX_SPAWN_OPEN, 1, self._told(life), os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                0o600)]
        path = self.paths[executable(life)]
        return os.posix_spawn(path, [path, *args], environment or os.environ, file_actions=out)

    def _told(self, life):
        return os.path.join(self.context.folder, f"told-{life}")

    def _read_told(self, life):
        """Seconds in main.main(), of all."""
        with open(self._told(life), encoding="utf-8") as file:
            lines = file.read().splitlines()
        os.unlink(self._told(life))
        return sum(int(line) for line in lines if line.isdigit()) / 1e9

    def _place(self, life, end, lives, lock, rng):
        length = LIVES[life]
        pause = length / DUTY - length
        left = end - time.monotonic() - length
        time.sleep(rng.random() * max(0, min(pause, left * 0.9)))  # one in any case
        while time.monotonic() + length < end:
            pid = self._spawn(life, "timed", life)
            _, code, usage = os.wait4(pid, 0)
            with lock:
                lives.add(pid, usage)
                lives.failed |= code != 0
            time.sleep(max(0, min(pause, end - time.monotonic())))

    def run(self, seconds):
        """{life: what its processes took}, after @seconds and once all of them have ended."""
        rng, lock = random.Random(1), threading.Lock()  # the same lives in each turn
        end = time.monotonic() + seconds
        lives = {life: Lives() for life in [*LIVES, LONG]}
        for of in lives.values():
            of.failed = False
        threads = [threading.Thread(target=self._place, args=(life, end, lives[life], lock,
                                                              random.Random(rng.random())))
                   for life in LIVES for _ in range(PLACES)]
        busy = self._spawn(LONG, "-duration", AT_MOST, environment=dict(os.environ, GOMAXPROCS="1"))
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            time.sleep(max(0, end - time.monotonic()))
        finally:
            os.kill(busy, 9)
            _, _, usage = os.wait4(busy, 0)
        lives[LONG].add(busy, usage)
        for life, of in lives.items():
            of.main = self._read_told(life)
            if of.failed or not of.pids:
                raise Failure(f"no process of {life} ended well")
        return lives
