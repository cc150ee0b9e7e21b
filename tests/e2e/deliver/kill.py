#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill.py DRIVER [--kills N] [--seed N]: kill -9 at any point loses no accepted profile.

The driver submits profiles to two stores as fast as it can and says which were accepted. It is killed
after a random time, started again on the same spool, and so on; in the end one run delivers the
rest. The stores, here, lose answers, ask to try again, and find every seventh profile too big, so that
it is split. Then each accepted profile must be with both stores, all of its samples once: another
delivery of the same samples is fine under the same id only.

tests/run has the short form of 20 kills. The long form, of a few minutes:

    tests/e2e/deliver/kill.py BUILD/tests/e2e/deliver/deliver-driver --kills 500
"""
import argparse
import collections
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

SAMPLES = 16
MOST = 4  # samples that a store takes of every seventh profile
LONGEST = 0.25  # seconds until a kill


class Store:
    """Listens at path; remembers what it took."""

    def __init__(self, path, seed):
        self.random = random.Random(seed)
        self.taken = {}  # (number, from, to): id
        self.again = 0  # pushes that it had already
        self.wrong = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                try:
                    self.answer(connection)
                except OSError:
                    pass  # the other side was killed

    def answer(self, connection):
        data = b""
        while chunk := connection.recv(1 << 20):
            data += chunk
        fate = self.random.random()
        # A push that was cut short by a kill is no push.
        number, first, last = self.parse(data)
        if number is None or fate < 0.03:
            return
        if fate < 0.08:
            connection.send(b"r")
        elif number % 7 == 0 and last - first > MOST:
            connection.send(b"b")
        else:
            self.take(data.split(b" ", 1)[0], (number, first, last))
            if fate < 0.95:
                connection.send(b"k")

    @staticmethod
    def parse(data):
        parts = data.split(b" ", 4)
        if len(parts) < 5 or len(parts[4]) != int(parts[1]) * 7919 % 40000:
            return None, None, None
        return (int(part) for part in parts[1:4])

    def take(self, profile_id, what):
        if what in self.taken:
            self.again += 1
        if self.taken.setdefault(what, profile_id) != profile_id:
            self.wrong.append(f"{what} under two ids")

    def check(self, accepted):
        """What is wrong with what it has."""
        ranges = collections.defaultdict(list)
        for number, first, last in self.taken:
            ranges[number].append((first, last))
        for number in accepted:
            at = 0
            for first, last in sorted(ranges[number]):
                if first != at:
                    self.wrong.append(f"{number}: {sorted(ranges[number])}")
                at = last
            if at != SAMPLES:
                self.wrong.append(f"{number}: only {sorted(ranges[number])}")
        if len(set(self.taken.values())) != len(self.taken):
            self.wrong.append("one id for two profiles")
        return self.wrong


def run_and_kill(command, wait):
    """The numbers that were accepted. A driver that ends by itself is a failure."""
    driver = subprocess.Popen(command, stdout=subprocess.PIPE)
    time.sleep(wait)
    if driver.poll() is not None:
        raise SystemExit(f"the driver ended with {driver.returncode}")
    driver.kill()
    # A last line without its end was not said.
    said = driver.communicate()[0]
    return [int(line) for line in said[: said.rfind(b"\n") + 1].split()]


def deliver_rest(command):
    """How many half-written files there were."""
    said = subprocess.run(command, check=True, timeout=300, stdout=subprocess.PIPE).stdout
    return int(said.split()[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = tempfile.mkdtemp(prefix="hone-kill-")
    paths = [f"{folder}/a", f"{folder}/b"]
    stores = [Store(path, options.seed + i) for i, path in enumerate(paths)]
    accepted, next_number = [], 1
    try:
        for _ in range(options.kills):
            command = [options.driver, f"{folder}/spool", str(next_number), *paths]
            accepted += run_and_kill(command, chance.uniform(0, LONGEST))
            # The next one may be in the spool already, though nobody was told.
            next_number = max([next_number, *(n + 2 for n in accepted[-1:])])
        rest = sum(len(files) for _, _, files in os.walk(f"{folder}/spool")) - 1
        torn = deliver_rest([options.driver, f"{folder}/spool", "0", *paths])
        wrong = [f"store {i}: {text}" for i, s in enumerate(stores) for text in s.check(accepted)]
        wrong += ["half-written files were found"] * torn
    finally:
        shutil.rmtree(folder)
    print(f"seed {options.seed}: {options.kills} kills, {len(accepted)} profiles accepted, "
          f"{rest} links left for the last run, {sum(s.again for s in stores)} pushes seen again "
          f"under the same id, {len(wrong)} wrong")
    print("\n".join(wrong[:20]))
    return 1 if wrong or not accepted else 0


if __name__ == "__main__":
    sys.exit(main())
