# SPDX-License-Identifier: Apache-2.0
"""pprof files written byte by byte, wrong ones too: independent of what is being tested."""
import gzip
import random


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def blob(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


class Profile:
    """Rows as they will be written; ids are the caller's business."""

    def __init__(self, types=(("samples", "count"), ("cpu", "nanoseconds"))):
        self.strings = {"": 0}
        self.types = list(types)
        self.functions = []  # (id, name, start line)
        self.locations = []  # (id, address, [(function id, line)])
        self.samples = []  # ([location id], [value], label)
        self.period = 10_000_000
        self.comments = []

    def string(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def function(self, name, start_line):
        self.functions.append((len(self.functions) + 1, name, start_line))
        return len(self.functions)

    def location(self, address, *lines):
        self.locations.append((len(self.locations) + 1, address, list(lines)))
        return len(self.locations)

    def sample(self, locations, *values, label=None):
        self.samples.append((list(locations), list(values), label))

    def encode(self, packed=True, compress=True, extra=b""):
        out = bytearray()
        for kind, unit in self.types:
            out += blob(1, number(1, self.string(kind)) + number(2, self.string(unit)))
        for locations, values, label in self.samples:
            out += blob(2, self.encode_sample(locations, values, label, packed))
        for ident, address, lines in self.locations:
            body = number(1, ident) + number(3, address)
            for function, line in lines:
                body += blob(4, number(1, function) + number(2, line))
            out += blob(4, body)
        for ident, name, start_line in self.functions:
            out += blob(5, number(1, ident) + number(2, self.string(name)) + number(5, start_line))
        out += blob(11, number(1, self.string("cpu")) + number(2, self.string("nanoseconds")))
        out += number(12, self.period)
        for comment in self.comments:
            out += number(13, self.string(comment))
        out += extra
        for text in self.strings:
            out += blob(6, text.encode())
        return gzip.compress(bytes(out), mtime=0) if compress else bytes(out)

    def encode_sample(self, locations, values, label, packed):
        if packed:
            body = blob(1, b"".join(map(varint, locations))) + blob(2, b"".join(map(varint, values)))
        else:
            body = b"".join(number(1, i) for i in locations) + b"".join(number(2, v) for v in values)
        if label is not None:
            body += blob(3, number(1, self.string("n")) + number(2, self.string(label)))
        return body


TYPES = [
    [("samples", "count"), ("cpu", "nanoseconds")],
    [("samples", "count"), ("cpu", "nanoseconds")],
    [("samples", "count")],
    [("cpu", "nanoseconds")],
    [("cpu", "nanoseconds"), ("samples", "count")],
    [("alloc_objects", "count"), ("cpu", "nanoseconds")],
    [("samples", "nanoseconds"), ("cpu", "count"), ("samples", "count")],
    [("inuse_space", "bytes")],
]
NAMES = ["main.main", "main.f", "main.g", "main.(*T).M", "main.F[go.shape.int]", "main.F[...]",
         "runtime.asyncPreempt", "é.x", "a b\tc", ""]
LINES = [0, 1, 2, 3, 10, 10, 11, 4096, -1, 1 << 40, -(1 << 63)]


def random_values(rng, types, negative):
    pool = [0, 1, 1, 1, 2, 3, 7, 1000, 1 << 40]
    if negative:
        pool += [-1, -2, -1000, -(1 << 63)]
    count = rng.choice(pool)
    return [count if kind == "samples" else (count * 10_000_000 if rng.random() < 0.9
                                             else rng.choice(pool)) for kind, _ in types]


def random_profile(seed):
    """Bytes of a profile: odd, mostly legal, small enough that everything collides."""
    rng = random.Random(seed)
    p = Profile(rng.choice(TYPES))
    negative = rng.random() < 0.15
    all_zero = rng.random() < 0.05
    start_lines = rng.random() > 0.1
    for _ in range(rng.randint(1, 8)):
        p.function(rng.choice(NAMES), rng.choice(LINES) if start_lines else 0)
    for _ in range(rng.randint(1, 12)):
        lines = [(rng.randint(1, len(p.functions)), rng.choice(LINES))
                 for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 2, 3, 5]))]
        p.location(rng.choice([0, 1, 2, 3, 0x401000, (1 << 64) - 1]), *lines)
    for i in range(rng.choice([0, 1, 2, 5, 20, 60])):
        stack = [rng.randint(1, len(p.locations)) for _ in range(rng.choice([0, 1, 2, 2, 3, 6]))]
        values = random_values(rng, p.types, negative)
        # Equal samples that cancel out are one in libpprof: keep them apart where that can be.
        p.sample(stack, *([0] * len(values) if all_zero else values),
                 label=str(i) if negative else None)
    damage(rng, p)
    data = p.encode(packed=rng.random() < 0.7, compress=False,
                    extra=number(99, 7) if rng.random() < 0.1 else b"")
    if rng.random() < 0.03:
        data = data[:rng.randint(0, len(data))]
    return gzip.compress(data, mtime=0) if rng.random() < 0.5 else data


def damage(rng, p):
    """Now and then something that contradicts itself."""
    kind = rng.choice(["function", "value", "id", "zero", "type"] + [None] * 45)
    if kind == "function" and p.locations:
        p.locations[0][2].append((99, 1))
    elif kind == "value" and p.samples:
        p.samples[0][1].append(1)
    elif kind == "id":
        p.functions.append((1, "again", 1))
    elif kind == "zero":
        p.locations.append((0, 1, []))
    elif kind == "type":
        p.types = []
