# SPDX-License-Identifier: Apache-2.0
"""Containers that are nothing but cgroups, named as containerd names them."""
import contextlib
import os
import subprocess
import time
import zlib

import bench


class Containers:
    """@n of them in one hierarchy, each its own pod for the agent. A context manager."""

    def __init__(self, agent, n, hierarchy=None, name="pod"):
        self.agent = agent
        self.root = (hierarchy or hierarchy_of_containers()) / f"hone-test-{os.getpid()}-{name}"
        self.name = name
        self.ids = [f"{os.getpid():08x}{zlib.crc32(name.encode()):08x}{i:048x}" for i in range(n)]
        logs = agent.folder / "containers"
        logs.mkdir(exist_ok=True)
        self.links = [logs / f"{name}-{i}_test_c-{container}.log"
                      for i, container in enumerate(self.ids)]
        for i, link in enumerate(self.links):
            link.symlink_to("x")
            self.folder(i).mkdir(parents=True)

    def folder(self, i):
        return self.root / f"pod{i:08x}-1111-2222-3333-444455556666" / self.ids[i]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for i in range(len(self.ids)):
            self.remove(i)
        remove(self.root)

    def remove(self, i):
        remove(self.folder(i))
        remove(self.folder(i).parent)

    def timed(self, i, length, program=None):
        """The actor for so long; the samples that it should have in main.timed."""
        return self.agent.used(self.start(i, program or self.agent.actor, "timed", length, text=True,
                                          stdout=subprocess.PIPE))

    def timed_samples(self, i):
        return sum(bench.weight_in(profile, "main.timed") for profile in self.profiles(i))

    def start(self, i, *argv, stdout=subprocess.DEVNULL, **keywords):
        """A process that is in the container before it runs @argv."""
        procs = str(self.folder(i) / "cgroup.procs")

        def enter():
            with open(procs, "w", encoding="ascii") as file:
                file.write("0")

        process = subprocess.Popen([str(a) for a in argv], stdout=stdout,
                                   preexec_fn=enter, **keywords)
        self.agent.stack.callback(bench.end, process)
        return process

    def usage(self, process):
        """Waits for its end; CPU seconds."""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        assert status == 0, status
        return usage.ru_utime + usage.ru_stime

    def run(self, i, *argv, **keywords):
        return self.usage(self.start(i, *argv, **keywords))

    def keep_busy(self, length):
        """For a thread: container 0 works for so long, and .used is as timed() has it."""
        self.used = self.timed(0, length)

    def profiles(self, i):
        return self.agent.profiles(f"*_test_{self.name}-{i}_c")


def remove(folder):
    for _ in range(100):
        with contextlib.suppress(OSError):  # who was in it is not quite gone
            folder.rmdir()
            return
        if not folder.exists():
            return
        time.sleep(0.02)


def hierarchy_of_containers():
    """Where containers are told apart: cgroup v1's memory, or else v2."""
    found = list(bench.hierarchies())
    for folder in found:
        memory = folder.parent / "memory"
        if (memory / "cgroup.procs").exists():
            return memory
    return found[-1]
