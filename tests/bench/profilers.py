# SPDX-License-Identifier: Apache-2.0
"""The two that are measured side by side: started, stopped, and asked what they delivered."""
import contextlib
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from load import executable
from programs import HERE, Failure, Skip

sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import pprofile

MODULE, VERSION = "go.opentelemetry.io/ebpf-profiler", "v0.0.202633"

# Raising this limit needs a right that not every machine grants, and no kernel since 5.11 asks.
LIMITS = ("rlimit/rlimit.go", """package rlimit

func MaximizeMemlock() (func(), error) { return func() {}, nil }
""")


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Skip(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def fetch(go, cache):
    """The other profiler's executable, fetched and built where it is not in @cache yet."""
    path = os.path.join(cache, f"ebpf-profiler-{VERSION}")
    if os.path.exists(path):
        return path
    if not go:
        raise Skip("no Go to build it with")
    os.makedirs(cache, exist_ok=True)
    source = json.loads(run([go, "mod", "download", "-json", f"{MODULE}@{VERSION}"]))["Dir"]
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "source")
        shutil.copytree(source, copy, copy_function=shutil.copyfile)
        run(["chmod", "-R", "u+w", copy])
        with open(os.path.join(copy, LIMITS[0]), "w", encoding="utf-8") as file:
            file.write(LIMITS[1])
        run([go, "build", "-buildvcs=false", "-tags=osusergo,netgo", "-o", path, "."], cwd=copy,
            env=dict(os.environ, CGO_ENABLED="0"))
    return path


class Profiler:
    """One that runs from now until stop()."""

    def __init__(self, command, log):
        self.log = open(log, "w+b")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log)
        os.setpriority(os.PRIO_PROCESS, self.process.pid, 0)  # though this may run under nice(1)

    def assert_running(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.NAME} ended: {self.said()}")

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace").strip()[-2000:]

    def stop(self):
        """Ends it; its CPU time, all of it."""
        self.assert_running()
        self.process.terminate()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            raise Failure(f"{self.NAME} ended with {self.process.returncode}: {self.said()}")
        return usage.ru_utime, usage.ru_stime

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Hone(Profiler):
    NAME = "hone-agent"

    def __init__(self, agent, folder, rate):
        self.store = os.path.join(folder, "store")
        super().__init__([agent, "--store", f"file://{self.store}", "--freq", str(rate), "--spool",
                          os.path.join(folder, "spool"), "--listen", ""],
                         os.path.join(folder, "hone.log"))

    def files(self):
        return glob.glob(os.path.join(self.store, "*.pb.gz"))

    def first_sample(self):
        return None  # no profile says; it is at the first tick

    def first_delivery(self):
        """Seconds since the epoch."""
        return min(os.stat(path).st_mtime for path in self.files())

    def delivered(self, lives):
        """(all samples, {life: samples}, {life: in main.main()}, samples that it says were lost)"""
        total, lost = 0, 0
        by_life, in_main = dict.fromkeys(lives, 0), dict.fromkeys(lives, 0)
        names = {executable(life): life for life in lives}
        for path in self.files():
            profile = pprofile.Profile(path)
            said = " ".join(profile.comments)
            life = names.get(re.search(r"\bbuild-id=(\S*)", said)[1])
            total += profile.total()
            lost += sum(int(n) for n in re.findall(r"\blost=(\d+)", said))
            if life:
                by_life[life] += profile.total()
                in_main[life] += sum(n for stack, n in profile.stacks() if "main.main" in stack)
        return total, by_life, in_main, lost


class Other(Profiler):
    NAME = "OTel eBPF profiler"

    def __init__(self, path, sink, folder, rate):
        self.out = open(os.path.join(folder, "sink.json"), "w+", encoding="utf-8")
        self.sink = subprocess.Popen([sink, "127.0.0.1:0"], stdout=self.out,
                                     stdin=subprocess.DEVNULL)
        address = self._address()
        command = [path, f"-collection-agent={address}", "-disable-tls", "-tracers=go",
                   f"-samples-per-second={rate}"]
        if not os.path.exists("/sys/kernel/tracing/events"):
            # Only for this process, and gone with it.
            command = ["unshare", "--mount", "sh", "-c", 'mount -t tracefs tracefs '
                       '/sys/kernel/tracing && exec "$0" "$@"', *command]
        super().__init__(command, os.path.join(folder, "other.log"))

    def _address(self):
        while self.sink.poll() is None:
            self.out.seek(0)
            line = self.out.readline()
            if line.endswith("\n"):
                return line.split()[1]
        raise Failure("the sink does not start")

    def deliveries(self):
        self.out.seek(0)
        return [json.loads(line) for line in self.out.read().splitlines()[1:]]

    def first_sample(self):
        """Seconds since the epoch, of those that were delivered."""
        return min(d["first"] for d in self.deliveries() if d["first"]) / 1e9

    def first_delivery(self):
        return min(d["at"] for d in self.deliveries() if d["samples"]) / 1e9

    def delivered(self, lives):
        life_of = {pid: life for life, of in lives.items() for pid in of.pids}
        total, counts = 0, {}
        for field in "samples", "in_main":
            counts[field] = dict.fromkeys(lives, 0)
            for delivery in self.deliveries():
                for pid, samples in delivery[field].items():
                    total += samples if field == "samples" else 0
                    if int(pid) in life_of:
                        counts[field][life_of[int(pid)]] += samples
        return total, counts["samples"], counts["in_main"], 0

    def __exit__(self, *_):
        super().__exit__()
        self.sink.kill()
        self.sink.wait()
        self.out.close()
