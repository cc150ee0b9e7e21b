# SPDX-License-Identifier: Apache-2.0
"""The programs that are measured with: Go programs to record, and the helpers in C."""
import contextlib
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORKLOADS = os.path.join(os.path.dirname(HERE), "workloads")


class Skip(Exception):
    """It cannot be measured here; the text says why."""


class Failure(Exception):
    """It could not be measured, though it should have been possible."""


def build_hone(folder):
    """As it is shipped."""
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        subprocess.run(["meson", "setup", "--buildtype=release", folder, ROOT], check=True,
                       stdout=sys.stderr)
    subprocess.run(["ninja", "-C", folder], check=True, stdout=sys.stderr)


def find_go():
    for go in (shutil.which("go"), "/usr/local/go/bin/go"):
        if go and os.access(go, os.X_OK):
            return go
    return None


def cpu_time(pid):
    """Seconds of CPU time of a process so far, all threads, to the nanosecond."""
    return time.clock_gettime(~pid << 3 | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)


class Context:
    """Where everything is, and how long it may take."""

    def __init__(self, hone, build, folder, scale):
        self.hone, self.build, self.folder, self.scale = hone, build, folder, scale
        self.go = find_go()
        self.binaries = []

    def seconds(self, seconds):
        return max(1.0, seconds * self.scale)

    def rounds(self, n, least=2):
        return max(least, round(n * self.scale))

    def need_root(self):
        if os.geteuid() != 0:
            raise Skip("recording needs root")

    def go_program(self, folder):
        """Build it; the path of the executable."""
        if not self.go:
            raise Skip("no Go to build the recorded program with")
        path = os.path.join(self.folder, os.path.basename(folder))
        if not os.path.exists(path):
            done = subprocess.run([self.go, "build", "-buildvcs=false", "-o", path, "."],
                                  cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Failure(f"{folder} does not build:\n{done.stderr}")
        return path

    def helper(self, name, *args):
        """Run a helper in C; its output."""
        path = os.path.join(self.build, "tests", "bench", name)
        done = subprocess.run([path, *map(str, args)], capture_output=True, text=True, check=False)
        if done.returncode == 77:
            raise Skip(done.stdout.strip())
        if done.returncode:
            raise Failure(f"{name}: {(done.stdout + done.stderr).strip()}")
        return done.stdout


@contextlib.contextmanager
def running(command, **options):
    """A process that is gone at the end of it."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


# Nothing that is started here runs for longer, whatever becomes of the one who started it.
AT_MOST = "20m"


@contextlib.contextmanager
def workload(context, name="mixed"):
    """A Go program that is busy on all CPUs, or two of them."""
    path = context.go_program(os.path.join(WORKLOADS, name))
    with running([path, "-duration", AT_MOST], stdout=subprocess.DEVNULL) as process:
        time.sleep(1)  # the beginning is not like the rest
        if process.poll() is not None:
            raise Failure(f"{name} ended by itself: {process.returncode}")
        process.path = path
        yield process
