# SPDX-License-Identifier: Apache-2.0
"""Reads pprof profiles, and splits one into parts: no more than the tests need, nothing of hone's."""
import gzip

SAMPLE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING = 1, 2, 3, 4, 5, 6
TIME, DURATION, PERIOD, COMMENT = 9, 10, 12, 13


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """(number, value, start, end) of each field of a message; value is an int or bytes."""
    at = 0
    while at < len(data):
        start = at
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            raise ValueError(f"wire type {kind} in a profile")
        yield number, value, start, at


def numbers(value):
    """A repeated integer, packed or one of several."""
    if isinstance(value, int):
        return [value]
    out, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        out.append(number)
    return out


def message(data):
    """The last value of each scalar field."""
    return {number: value for number, value, _, _ in fields(data)}


class Sample:
    def __init__(self, data):
        self.locations, self.values = [], []
        for number, value, _, _ in fields(data):
            if number == 1:
                self.locations += numbers(value)
            elif number == 2:
                self.values += numbers(value)


class Profile:
    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        self.samples, strings, functions, locations, types, comments = [], [], {}, {}, [], []
        mapping = {}
        for number, value, _, _ in fields(self.data):
            if number == SAMPLE:
                self.samples.append(Sample(value))
            elif number == STRING:
                strings.append(value.decode())
            elif number == TIME:
                self.time = value
            elif number == DURATION:
                self.duration = value
            elif number == PERIOD:
                self.period = value
            elif number == COMMENT:
                comments += numbers(value)
            elif number == MAPPING:
                mapping = mapping or message(value)
            elif number == SAMPLE_TYPE:
                types.append(message(value))
            elif number == FUNCTION:
                function = message(value)
                functions[function[1]] = function
            elif number == LOCATION:
                lines = [message(line) for n, line, _, _ in fields(value) if n == 4]
                locations[message(value)[1]] = lines
        self.file = strings[mapping.get(5, 0)]  # the program
        self.comments = [strings[c] for c in comments]
        self.types = [(strings[t.get(1, 0)], strings[t.get(2, 0)]) for t in types]
        self.names = {key: strings[f.get(2, 0)] for key, f in functions.items()}
        self.start_lines = {strings[f.get(2, 0)]: f.get(5, 0) for f in functions.values()}
        self.lines = locations

    def total(self):
        return sum(sample.values[0] for sample in self.samples)

    def stack(self, sample):
        """Function names, innermost first, inlined calls included."""
        return [self.names.get(line.get(1), "") for location in sample.locations
                for line in self.lines[location]]

    def stacks(self):
        """(names, count) of each distinct stack."""
        count = {}
        for sample in self.samples:
            names = tuple(self.stack(sample))
            count[names] = count.get(names, 0) + sample.values[0]
        return count.items()


def encode(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, payload):
    return encode(number << 3 | 2) + encode(len(payload)) + payload


def split(profile, sizes, rng, paths):
    """Deals @profile's samples out at random: sizes[i] of them into paths[i], the rest nowhere.

    Everything but the samples stays as it is.
    """
    deck = [i for i, sample in enumerate(profile.samples) for _ in range(sample.values[0])]
    rng.shuffle(deck)
    rest = b"".join(profile.data[start:end] for number, _, start, end in fields(profile.data)
                    if number != SAMPLE)
    for size, path in zip(sizes, paths):
        hand, deck = deck[:size], deck[size:]
        counts = {}
        for i in hand:
            counts[i] = counts.get(i, 0) + 1
        out = rest
        for i, count in sorted(counts.items()):
            sample = profile.samples[i]
            values = [value * count // sample.values[0] for value in sample.values]
            out += field(SAMPLE, field(1, b"".join(map(encode, sample.locations))) +
                         field(2, b"".join(map(encode, values))))
        with gzip.open(path, "wb") as file:
            file.write(out)
