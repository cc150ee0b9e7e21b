# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: building workloads, leading them through their window, hone."""
import contextlib
import fcntl
import functools
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Whoever called sudo: hone would start programs as them, in folders that are not theirs.
for name in "SUDO_UID", "SUDO_GID", "SUDO_USER":
    os.environ.pop(name, None)

# Ignored in what a shell starts in the background, and so in what we would start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = pathlib.Path(__file__).resolve().parent
WORKLOADS = HERE.parent / "workloads"
SKIP = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIP)


def need(root=False, go=False):
    """Ends the test as skipped where the machine lacks what it needs."""
    if root and os.geteuid() != 0:
        skip("needs root")
    if root and not os.path.exists("/sys/kernel/btf/vmlinux"):
        skip("the kernel has no BTF")
    if go and not go_command():
        skip("needs Go 1.21 or later on PATH")


@functools.cache
def go_command():
    """The first go of version 1.21 or later: on PATH, or where Go's own archives put it."""
    for candidate in "go", "/usr/local/go/bin/go":
        path = shutil.which(candidate)
        if path and go_minor(path) >= 21:
            return path
    return None


def go_minor(path="go"):
    """21 for Go 1.21, whichever toolchain that command chooses."""
    out = subprocess.run([path, "env", "GOVERSION"], text=True, cwd=WORKLOADS,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    match = re.search(r"go1\.(\d+)", out)
    return int(match.group(1)) if match else 0


def go(*args, arch=None, **keywords):
    env = dict(os.environ, GOFLAGS="-buildvcs=false", GO111MODULE="on", GOWORK="off")
    if arch:
        env["GOARCH"] = arch
    if "GOCACHE" not in env and "HOME" not in env and "XDG_CACHE_HOME" not in env:
        env["GOCACHE"] = os.path.join(tempfile.gettempdir(), f"go-cache-{os.geteuid()}")
    return subprocess.run([go_command(), *args], check=True, text=True, cwd=WORKLOADS, env=env,
                          **keywords)


def build(name, directory, *flags):
    """Builds a workload, and gives the path of its binary.

    In HONE_TEST_PROGRAMS one of each kind is kept, which Go does not link again while it is up to
    date; what the test gets is a copy, a file of its own.
    """
    binary = pathlib.Path(directory) / name
    kept = os.environ.get("HONE_TEST_PROGRAMS")
    if not kept:
        go("build", *flags, "-o", str(binary), f"./{name}")
        return binary
    there = pathlib.Path(kept) / re.sub(r"[^\w=-]", "_", "".join((name, *flags)))
    there.parent.mkdir(exist_ok=True)
    binary.unlink(missing_ok=True)  # it may be running
    with open(f"{there}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        go("build", *flags, "-o", str(there), f"./{name}")
        return pathlib.Path(shutil.copy2(there, binary))


def hurry():
    """Ahead of whatever else the machine does, with all that it starts: so that it measures less of that."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    with contextlib.suppress(OSError):  # kernels that schedule by session first
        with open("/proc/self/autogroup", "w", encoding="ascii") as group:
            group.write("-20")


def few_files(n=1000):
    """What is started from here may have so many files open, unless it raises that."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard > n, hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard))


class Window:
    """A workload that runs and waits for its window to open. A context manager."""

    def __init__(self, binary, seconds, profile, preempt=True):
        self.seconds = seconds
        debug = "asyncpreemptoff=0" if preempt else "asyncpreemptoff=1"
        self.process = subprocess.Popen(
            [binary, "-ready", "-duration", f"{seconds}s", "-cpuprofile", profile],
            stdout=subprocess.PIPE, text=True, preexec_fn=hurry,
            env=dict(os.environ, GODEBUG=debug))
        self.pid = int(self.said("ready").split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def said(self, word):
        line = self.process.stdout.readline()
        if not line.startswith(word):
            raise RuntimeError(f"the workload said {line!r} instead of {word!r}")
        return line

    def run(self):
        """Opens the window and comes back when it has closed."""
        self.process.send_signal(signal.SIGUSR1)
        self.said("done")

    def finish(self):
        """Lets it write its profile; gives its report, or None."""
        self.process.send_signal(signal.SIGUSR1)
        report = self.process.stdout.read()
        if self.process.wait() != 0:
            raise RuntimeError(f"the workload ended with {self.process.returncode}")
        return json.loads(report) if report.strip() else None


class Recorder:
    """A running `hone record`. A context manager."""

    def __init__(self, hone, *args, **keywords):
        self.process = subprocess.Popen([hone, "record", *map(str, args)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        **keywords)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def attached(self, timeout=20):
        """Waits until it samples: its perf events are open and have a program each."""
        folder = f"/proc/{self.process.pid}/fd"
        end = time.monotonic() + timeout
        before = -1
        while time.monotonic() < end and self.process.poll() is None:
            kinds = []
            for fd in os.listdir(folder):
                try:
                    kinds.append(os.readlink(f"{folder}/{fd}"))
                except OSError:
                    pass
            events = sum("perf_event" in kind for kind in kinds)
            if events and events == before:
                return self
            before = events
            time.sleep(0.2)
        _, errors = self.process.communicate() if self.process.poll() is not None else ("", "")
        raise RuntimeError(f"hone record does not sample: {errors.strip()}")

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.wait()

    def wait(self, timeout=60):
        """Its exit code, standard output and standard error."""
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err


def record(hone, binary, seconds, freq, ours, theirs, preempt=True):
    """Runs one window, recorded by hone into @ours and by runtime/pprof into @theirs.

    Gives hone's summary and the workload's report. Without @preempt the program runs without
    preemption by signals.
    """
    with Window(binary, seconds, theirs, preempt) as window:
        with Recorder(hone, "--pid", window.pid, "--freq", freq, "-o", ours, "--json",
                      "--duration", f"{int(seconds) + 60}s", preexec_fn=hurry) as recorder:
            recorder.attached()
            window.run()
            code, out, err = recorder.stop()
            report = window.finish()
    if code != 0:
        raise RuntimeError(f"hone record ended with {code}: {err.strip()}")
    return json.loads(out), report
