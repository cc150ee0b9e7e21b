# SPDX-License-Identifier: Apache-2.0
"""An agent whose cost is measured, on a machine that runs other things, too."""
import json
import pathlib
import re
import signal
import time
import urllib.request

import agentbench


class Agent(agentbench.Agent):
    """Takes the profiles of what is in its folder only."""

    def __init__(self, hone, agent, folder, stack):
        super().__init__(hone, agent, folder, stack)
        self.freq = agentbench.FREQ
        self.listen = f"127.0.0.1:{agentbench.free_port()}"
        self.long = False

    def configure(self, window, more, freq=None):
        rules = f"rules:\n  - exe: {self.folder}/*\notherwise: ignore\n"
        super().configure(window, rules + more, freq or self.freq)

    def work(self, *args, service=None):
        return super().work(*args, service=service) / agentbench.FREQ * self.freq

    def used(self, process):
        """Waits for its end; the samples that it should have in main.timed."""
        out, _ = process.communicate()
        assert process.returncode == 0, process.returncode
        return int(out.split()[-1]) / 1e9 * self.freq

    def status(self):
        """What `hone-agent status --json` shows; the test must have set .listen."""
        with urllib.request.urlopen(f"http://{self.listen}/status", timeout=20) as answer:
            return json.load(answer)

    def turn_window(self):
        """Ends the window; and the next, at whose end all profiles of the first are made. The status."""
        for length in "58m", "59m":
            reloaded = self.said().count("configuration reloaded")
            self.config.write_text(re.sub("window: .*", f"window: {length}", self.config.read_text()))
            self.process.send_signal(signal.SIGHUP)
            end = time.monotonic() + 60
            while self.said().count("configuration reloaded") == reloaded:
                assert time.monotonic() < end, self.said()
                time.sleep(0.02)
        return self.status()

    def delivered(self):
        """Ends the window and waits until all of it is in the folder; the status.

        A thousand profiles take longer than the agent has when it is to end, and then are spooled.
        """
        status, end = self.turn_window(), time.monotonic() + 120
        while status["handed_over"]["profiles"] or status["stores"][0]["pending"]:
            assert time.monotonic() < end, status
            time.sleep(0.1)
            status = self.status()
        return status

    def cpu(self):
        """CPU time so far of all its threads, in seconds."""
        total = 0
        for thread in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
        return total / 1e9

    def resident(self):
        """Resident memory in KiB by what it is of: anonymous, libraries, executables, ring."""
        parts = dict.fromkeys(("anonymous", "libraries", "executables", "ring"), 0)
        for name, size, anonymous in self.mappings():
            parts["anonymous"] += anonymous
            parts[self._kind(name)] += size - anonymous
        return parts

    def awake(self):
        """How many executables have resident pages."""
        return sum(size > 0 and self._kind(name) == "executables"
                   for name, size, _ in self.mappings())

    def mappings(self):
        """Of each the file's name or "", what is resident in KiB, and what of this is anonymous."""
        name = size = ""
        with open(f"/proc/{self.process.pid}/smaps", encoding="utf-8") as file:
            for line in file:
                key, *rest = line.split()
                if not key.endswith(":"):
                    name = rest[4] if len(rest) > 4 else ""
                elif key == "Rss:":
                    size = int(rest[0])
                elif key == "Anonymous:":
                    yield name, size, int(rest[0])

    def _kind(self, name):
        if "bpf" in name:
            return "ring"
        if str(self.folder) in name:
            return "executables"
        return "libraries" if name.startswith("/") else "anonymous"
