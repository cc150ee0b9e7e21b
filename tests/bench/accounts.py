# SPDX-License-Identifier: Apache-2.0
"""What a process and its BPF objects cost, as the kernel has it."""
import contextlib
import ctypes
import dataclasses
import json
import os
import platform
import re
import shutil
import subprocess
import threading

from programs import Failure

BPF_ENABLE_STATS = 32
SYS_BPF = {"x86_64": 321, "aarch64": 280}
PERF_EVENT = 7  # BPF_PROG_TYPE_PERF_EVENT


@contextlib.contextmanager
def run_times():
    """The kernel times all BPF programs until then, and not for longer whatever happens."""
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = ctypes.create_string_buffer(4)  # BPF_STATS_RUN_TIME
    fd = libc.syscall(SYS_BPF[platform.machine()], BPF_ENABLE_STATS, attributes, 4)
    if fd < 0:
        raise Failure(f"BPF statistics: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        os.close(fd)


def descriptors(pid):
    """What the kernel tells of each file of a process: {name: text}."""
    folder = f"/proc/{pid}/fdinfo"
    for name in os.listdir(folder):
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield dict(line.split(":\t", 1) for line in file.read().splitlines()
                           if ":\t" in line)
        except OSError:
            pass  # closed meanwhile


@dataclasses.dataclass
class Programs:
    """All BPF programs of a process. One that another one jumps to is counted as part of it."""
    time: int = 0   # ns
    ticks: int = 0  # runs of the one that samples


def programs(pid):
    found, seen = Programs(), set()
    for info in descriptors(pid):
        if "prog_id" not in info or "run_time_ns" not in info or info["prog_id"] in seen:
            continue
        seen.add(info["prog_id"])
        found.time += int(info["run_time_ns"])
        if int(info["prog_type"]) == PERF_EVENT:
            found.ticks += int(info["run_cnt"])
    return found


def bpftool():
    path = shutil.which("bpftool") or "/usr/sbin/bpftool"
    if not os.access(path, os.X_OK):
        raise Failure("needs bpftool")
    return path


def all_maps():
    done = subprocess.run([bpftool(), "-j", "map", "show"], capture_output=True, check=True)
    return json.loads(done.stdout)


def map_ids():
    return {found["id"] for found in all_maps()}


def map_bytes(pid, before):
    """Bytes of the kernel's in BPF maps of a process.

    A map in a map is held by no file: those that were not there @before and have the name of a map
    of maps that the process holds are its own.
    """
    held = {int(info["map_id"]) for info in descriptors(pid) if "map_id" in info}
    maps = all_maps()
    outer = {found["name"] for found in maps if found["id"] in held and "_of_maps" in found["type"]}
    return sum(found.get("bytes_memlock", 0) for found in maps
               if found["id"] in held or (found["id"] not in before and found.get("name") in outer))


def status(pid, name):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        found = re.search(rf"^{name}:\s+(\d+)", file.read(), re.M)
    return int(found.group(1)) * 1024 if found else 0


def user_time(pid):
    """Seconds of user CPU time of a process so far, as the kernel guesses it from its ticks."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


class Memory:
    """Looks at the resident memory of a process again and again, until it ends."""

    INTERVAL = 0.1

    def __init__(self, pid):
        self.pid, self.resident, self.peak = pid, [], 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.over.wait(self.INTERVAL):
            try:
                now = status(self.pid, "VmRSS")
                self.peak = max(self.peak, status(self.pid, "VmHWM"))
            except OSError:
                return
            if now:  # else it has ended
                self.resident.append(now)

    def stop(self):
        self.over.set()
        self.thread.join()
