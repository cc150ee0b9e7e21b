# SPDX-License-Identifier: Apache-2.0
"""An agent to be tested: started, stopped, and what it wrote."""
import contextlib
import os
import random
import signal
import socket
import subprocess
import time

import bench
import pprofile

FREQ = 499


class Agent(bench.Bench):
    """A bench with an agent that writes into a folder."""

    def __init__(self, hone, agent, folder, stack):
        super().__init__(hone, folder, stack)
        self.agent = agent
        self.store = self.folder / "store"
        self.config = self.folder / "agent.yaml"
        self.log = self.folder / "log"
        self.listen = ""
        # Nobody else's on this machine, where other tests may run the same program.
        self.name = f"actor-{os.getpid()}"
        self.environment = {}  # of the agent, besides ours
        self.more_stores = ""  # besides the folder: lines of its configuration

    def run(self, window="1h", more=""):
        """Starts the agent, and comes back when it samples."""
        self.configure(window, more)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.agent, "--config", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(os.environ, **self.environment))
        self.stack.callback(bench.end, self.process)
        self.wait_for("hone-agent runs")

    def configure(self, window, more, freq=FREQ):
        self.config.write_text(f"stores:\n  - url: file://{self.store}\n{self.more_stores}"
                               f"spool:\n  dir: {self.folder}/spool\n"
                               f"window: {window}\nfreq: {freq}\nlisten: \"{self.listen}\"\n"
                               f"host:\n  containers: {self.folder}/containers\n{more}")

    def wait_for(self, words):
        end = time.monotonic() + 30
        while words not in self.said():
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.05)

    def said(self):
        return self.log.read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        assert code == 0, (code, self.said())

    def named(self, name):
        """A service name of this test's own."""
        return f"{name}-{self.name}"

    def files(self, service):
        return sorted(self.store.glob(f"{service}_*.pb.gz"))

    def profiles(self, service):
        return [pprofile.Profile(path) for path in self.files(service)]

    def samples(self, service):
        return sum(profile.total() for profile in self.profiles(service))

    def work(self, *args, service=None):
        """Runs the actor to its end; gives the samples that its CPU time should have made."""
        env = dict(os.environ, OTEL_SERVICE_NAME=service or self.name)
        process = subprocess.Popen([self.actor, *args], stdout=subprocess.DEVNULL, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        assert status == 0, status
        return (usage.ru_utime + usage.ru_stime) * FREQ


def assert_near(got, wanted, share=0.1):
    """Sampling noise of short programs is a few percent, and CPU time is not told to the tick."""
    assert abs(got - wanted) < share * wanted + 10, f"{got} samples, expected {wanted:.0f}"


def free_port():
    """Of those that the kernel gives to nobody by itself, so that it is free as long as it is not used."""
    while True:
        with socket.socket() as server, contextlib.suppress(OSError):
            server.bind(("127.0.0.1", random.randrange(10000, 32000)))
            return server.getsockname()[1]
