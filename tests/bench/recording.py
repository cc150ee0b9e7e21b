# SPDX-License-Identifier: Apache-2.0
"""A `hone record` under way, looked at from outside."""
import gzip
import json
import os
import pty
import subprocess
import threading
import time

from programs import AT_MOST, Failure, cpu_time

START_TIMEOUT = 60


class Recording:
    """Started at once; stop() gives the summary. Costs are those of the whole process."""

    def __init__(self, context, pid, frequency, terminal=False):
        self.output = os.path.join(context.folder, "recorded.pgo")
        command = [context.hone, "record", "--pid", str(pid), "--freq", str(frequency),
                   "--duration", AT_MOST, "--json", "-o", self.output]
        self.errors = open(os.path.join(context.folder, "recording.log"), "w+b")
        self.spawned = time.time_ns()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        stderr=self._terminal() if terminal else self.errors,
                                        env=dict(os.environ, TERM="xterm"))
        if terminal:
            os.close(self.slave)

    def _terminal(self):
        master, self.slave = pty.openpty()

        def swallow():
            try:
                while os.read(master, 4096):
                    pass
            except OSError:
                pass  # the other end is closed
            os.close(master)

        threading.Thread(target=swallow, daemon=True).start()
        return self.slave

    def fail(self, what):
        self.process.kill()
        self.process.wait()
        self.errors.seek(0)
        raise Failure(f"hone record {what}: {self.errors.read().decode(errors='replace').strip()}")

    def is_sampling(self):
        folder = f"/proc/{self.process.pid}/fd"
        for name in os.listdir(folder):
            try:
                if "perf_event" in os.readlink(os.path.join(folder, name)):
                    return True
            except OSError:
                pass  # closed meanwhile
        return False

    def wait_until_sampling(self):
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end:
            if self.process.poll() is not None:
                self.fail("ended early")
            if self.is_sampling():
                return
            time.sleep(0.005)
        self.fail("does not begin to sample")

    def cpu(self):
        return cpu_time(self.process.pid)

    def stop(self):
        """The JSON summary; afterwards .usage and the profile are there."""
        self.process.terminate()
        text = self.process.stdout.read()
        _, status, self.usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            self.fail(f"ended with {self.process.returncode}")
        self.errors.close()
        return json.loads(text)

    def whole_cpu(self):
        return self.usage.ru_utime + self.usage.ru_stime

    def begun_after(self):
        """Seconds from exec to the first tick: the profile says when that was."""
        return (profile_time(self.output) - self.spawned) / 1e9

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def profile_time(path):
    """time_nanos, field 9 of a pprof profile."""
    with gzip.open(path) as file:
        data = file.read()
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 2:
            size, at = varint(data, at)
            at += size
        else:
            value, at = varint(data, at)
            if key >> 3 == 9:
                return value
    raise Failure(f"{path} says no time")
