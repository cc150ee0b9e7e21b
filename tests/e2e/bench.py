# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line are made with: a bench with hone and a victim, and claims."""
import contextlib
import json
import pathlib
import os
import re
import shutil
import subprocess
import time

import harness
import pprofile


TESTS = {}


def test(function):
    TESTS[function.__name__.replace("_", "-")] = function
    return function


class Bench:
    """What a test gets: hone, the actor, an empty folder, and everything it starts is ended."""

    def __init__(self, hone, folder, stack):
        self.hone_path = hone
        self.folder = pathlib.Path(folder)
        self.stack = stack
        self.actor = harness.build("actor", folder)
        self.out = self.folder / "default.pgo"

    def start(self, *args, **keywords):
        """Starts a program that says "ready", and gives its process."""
        process = subprocess.Popen([str(arg) for arg in args], stdout=subprocess.PIPE, text=True,
                                   **keywords)
        self.stack.callback(end, process)
        line = process.stdout.readline()
        assert line.startswith("ready"), line
        return process

    def spin(self, *args):
        return self.start(self.actor, "spin", *args)

    def recorder(self, *args, **keywords):
        return self.stack.enter_context(harness.Recorder(self.hone_path, *args, **keywords))

    def hone(self, *args, before=(), **keywords):
        """Runs hone to its end: exit code, standard output, standard error."""
        run = subprocess.run([str(arg) for arg in (*before, self.hone_path, *args)],
                             capture_output=True, timeout=90, stdin=subprocess.DEVNULL,
                             check=False, **keywords)
        return run.returncode, run.stdout, run.stderr.decode()

    def record(self, *args, **keywords):
        """Records for two seconds and expects a profile."""
        code, out, err = self.hone("record", *args, "--duration", "2s", "-o", self.out, **keywords)
        assert code == 0, (code, err)
        return out.decode(), err

    def refused(self, *args, code=1, says, before=(), **keywords):
        """Expects one line that tells why there is no profile, and no file."""
        got, out, err = self.hone("record", *args, "-o", self.out, before=before, **keywords)
        assert got == code, (got, out, err)
        one_line(err, says)
        assert not os.path.lexists(self.out), "a file was left behind"
        return err


def end(process):
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def cpu_time(process):
    """Seconds so far."""
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_spent(process, seconds, patience=120):
    """Waits until it had so much more CPU time, however busy the machine is; but not for ever."""
    end_at, deadline = cpu_time(process) + seconds, time.monotonic() + patience
    while cpu_time(process) < end_at:
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < deadline, f"it had no {seconds} s of CPU time in {patience} s"
        time.sleep(0.05)


def one_line(err, says):
    lines = err.strip().splitlines()
    assert len(lines) == 1, f"not one line: {err!r}"
    for pattern in [says] if isinstance(says, str) else says:
        assert re.search(pattern, err, re.I), f"{pattern!r} not in {err!r}"


def weight_of(path, function):
    """Samples in the profile that have @function in their stack."""
    return weight_in(pprofile.Profile(path), function)


def weight_in(profile, function):
    return sum(sample.values[0] for sample in profile.samples
               if function in profile.stack(sample))


def assert_profile(path, function="main.work", share=0.5):
    profile = pprofile.Profile(path)
    assert profile.types == [("samples", "count"), ("cpu", "nanoseconds")], profile.types
    weight = weight_of(path, function)
    assert weight > share * profile.total() > 0, f"{weight} of {profile.total()} in {function}"
    return profile


def owner(path):
    status = os.stat(path)
    return status.st_uid, status.st_gid


@contextlib.contextmanager
def mounted(bench, kind, options):
    folder = bench.folder / "mounted"
    folder.mkdir()
    run = subprocess.run(["mount", "-t", kind, "-o", options, "none", folder], check=False)
    if run.returncode != 0:
        harness.skip(f"cannot mount {kind}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


# As long as the ids of all runtimes are, and nobody else's on this machine.
CONTAINER = f"{os.getpid():08x}bc4b2a76b9719d911017c592c0ffee00c0ffee00c0ffee00c0ffee00"


@contextlib.contextmanager
def running_container(bench, *args):
    """A container of the actor alone."""
    if not shutil.which("runc"):
        harness.skip("needs runc")
    bundle = bench.folder / "bundle"
    (bundle / "rootfs").mkdir(parents=True)
    shutil.copy(static_actor(bench), bundle / "rootfs" / "app")
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    config = json.loads((bundle / "config.json").read_text())
    config["process"].update(args=["/app", *args], terminal=False)
    config["root"]["readonly"] = False
    config["linux"]["cgroupsPath"] = f"/hone-test/{CONTAINER}"
    (bundle / "config.json").write_text(json.dumps(config))
    root = ["runc", "--root", str(bench.folder / "runc")]
    with open(bundle / "log", "w+b") as log:  # not a pipe: the container would hold it open
        run = subprocess.run([*root, "run", "--detach", CONTAINER], cwd=bundle, check=False,
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.seek(0)
        if run.returncode != 0:
            harness.skip(f"runc does not run here: {log.read().decode().strip()}")
    try:
        while os.path.basename(os.readlink(f"/proc/{container_pid(bench, CONTAINER)}/exe")) != "app":
            time.sleep(0.1)  # it is runc itself that begins to run
        yield CONTAINER
    finally:
        subprocess.run([*root, "delete", "--force", CONTAINER], check=True)


def in_container(bench, name, *args):
    """Starts the actor in a running container."""
    subprocess.run(["runc", "--root", str(bench.folder / "runc"), "exec", "--detach", name,
                    "/app", *args], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def hierarchies():
    """Where one cgroup hierarchy of each kind is mounted: v1, v2."""
    found = {}
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        for _, folder, kind, options, *_ in map(str.split, mounts):
            # cpuset takes nobody in before it is told of CPUs
            if kind in ("cgroup", "cgroup2") and "cpuset" not in options.split(","):
                found.setdefault(kind, pathlib.Path(folder))
    return found.values()


@contextlib.contextmanager
def cgroup_container(hierarchy):
    """A container that is nothing but a cgroup, and the cgroup that it is in."""
    outside = hierarchy / f"hone-test-{os.getpid()}"
    inside = outside / CONTAINER
    inside.mkdir(parents=True)
    try:
        yield inside, outside
    finally:
        for folder in inside, outside:
            for _ in range(100):
                with contextlib.suppress(OSError):  # who was in it is not quite gone
                    folder.rmdir()
                    break
                time.sleep(0.05)


def enter(cgroup, process):
    (cgroup / "cgroup.procs").write_text(str(process.pid))


def container_pid(bench, name):
    out = subprocess.run(["runc", "--root", str(bench.folder / "runc"), "state", name], check=True,
                         stdout=subprocess.PIPE).stdout
    return json.loads(out)["pid"]


RUNC = "github.com/opencontainers/runc"


def main_of(path):
    """The main package that a profile is of."""
    return next(re.search(r"main=(\S+)", c)[1] for c in pprofile.Profile(path).comments if "main=" in c)


def not_of_runc(paths):
    """What begins in a container is runc itself: profiled, too, if a Go made it that hone can read."""
    return [path for path in paths if main_of(path) != RUNC]


def static_actor(bench):
    return harness.build("actor", bench.folder, "-tags=netgo,osusergo")
