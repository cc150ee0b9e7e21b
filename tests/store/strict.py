# SPDX-License-Identifier: Apache-2.0
"""A store that refuses as Grafana Pyroscope 2.2 does, in its words, with the limits that it has by default.

From pkg/validation and pkg/distributor of github.com/grafana/pyroscope, and as a running one answers.
"""
import gzip
import json
import re
import threading
import time
import zlib

import server


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.body = json.dumps({"code": code, "message": message}).encode()


def invalid(message):
    raise Refused(400, "invalid_argument", message)


def check_labels(labels):
    text = "{" + ", ".join(f'{n}="{v}"' for n, v in sorted(labels)) + "}"
    names = [n for n, _ in labels]
    if len(labels) > 30:
        invalid(f"profile series '{text}' has {len(labels)} label names; limit 30")
    if not dict(labels).get("__name__"):
        invalid(f"invalid labels '{text}' with error: invalid metric name")
    for name, value in labels:
        if len(name.encode()) > 1024 or not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name):
            invalid(f"invalid labels '{text}' with error: invalid label name '{name}'")  # before 2.0
        if len(value.encode()) > 2048:
            invalid(f"profile with labels '{text}' has label value too long: '{value}'")
        if names.count(name) > 1:
            invalid(f"profile with labels '{text}' has duplicate label name: '{name}'")


def shorten(raw):
    """A Go profile without the type arguments of generic functions: their strings, as they are stored."""
    return [re.sub(rb"\[go\.shape\.[^]]*\]", b"", text) for number, text in server.fields(raw) if number == 6]


class Strict(server.Server):
    """.kept: (labels, raw profile, its strings). Times in seconds, sizes in bytes; 0 for no limit."""

    def __init__(self, older_than=3600, size=4 << 20, samples=16000, burst=2 << 20, rate=4 << 20):
        self.older_than, self.size, self.samples = older_than, size, samples
        self.burst, self.rate, self.bucket, self.filled = burst, rate, burst, time.monotonic()
        self.kept, self.unavailable = [], 0
        self.guard = threading.Lock()
        super().__init__(handler=Handler)

    def take_from_bucket(self, size):
        now = time.monotonic()
        self.bucket = min(self.burst, self.bucket + (now - self.filled) * self.rate)
        self.filled = now
        if size > self.bucket:
            raise Refused(429, "resource_exhausted", f"push rate limit ({self.rate / 2**20:.1f} MiB) "
                          f"exceeded while adding {size / 2**20:.1f} MiB")
        self.bucket -= size

    def check_profile(self, raw, labels):
        fields = list(server.fields(raw))
        numbers = {n: v for n, v in fields if isinstance(v, int)}
        age = time.time() - numbers.get(9, 0) / 1e9
        if not 0 < numbers.get(9, 0):
            raise AssertionError("a server would date it now")
        if (self.older_than and age > self.older_than) or age < -600:
            invalid(f"profile with labels '{dict(labels)}' is outside of ingestion window (profile timestamp: x, "
                    "the ingestion window starts at y and ends at z)")
        if self.size and len(raw) > self.size:
            invalid(f"the profile with labels '{dict(labels)}' exceeds the size limit (max_profile_size_byte, "
                    f"actual: {len(raw)}, limit: {self.size})")
        n = sum(number == 2 for number, _ in fields)
        if self.samples and n > self.samples:
            invalid(f"the profile with labels '{dict(labels)}' exceeds the samples count limit "
                    f"(max_profile_stacktrace_samples, actual: {n}, limit: {self.samples})")

    def take(self, body):
        for series in server.decode_push(body):
            check_labels(series["labels"])
            for _, pprof in series["samples"]:
                try:
                    raw = gzip.decompress(pprof)
                except (OSError, EOFError, zlib.error) as e:
                    raise Refused(500, "unknown", f"proto: {e}") from e
                with self.guard:
                    if self.burst:
                        self.take_from_bucket(len(raw))
                    self.check_profile(raw, series["labels"])
                    self.kept.append((dict(series["labels"]), raw, shorten(raw)))


class Handler(server.Handler):
    def behave(self):
        with self.server.guard:
            self.server.unavailable -= self.server.unavailable > 0
            unavailable = self.server.unavailable
        if unavailable:
            self.answer(503, b'{"code":"unavailable","message":"no instances"}', "application/json")
            return
        try:
            self.server.take(self.body)
        except Refused as e:
            self.answer(e.status, e.body, "application/json")
        else:
            self.answer(200, b"")
