# SPDX-License-Identifier: Apache-2.0
"""A strict reader of Prometheus' text format 0.0.4, written from its specification, and the rules of naming.

https://prometheus.io/docs/instrumenting/exposition_formats/ and /docs/practices/naming/
"""
import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ([^ ]+)$")
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Wrong(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Wrong(" ".join(map(str, what)))


def labels_of(text):
    """The labels between the braces; nothing but commas may stand between them."""
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        check(match, "labels:", text)
        name, value = match.groups()
        check(name not in labels, "a label twice:", text)
        labels[name] = re.sub(r'\\(["\\n])', lambda m: {"n": "\n"}.get(m[1], m[1]), value)
        at = match.end()
        check(at == len(text) or text[at] == ",", "between labels:", text)
        at += 1
    return labels


def value_of(text):
    check(re.fullmatch(r"[+-]?(Inf|\d+(\.\d*)?([eE][+-]?\d+)?)|NaN", text), "value:", text)
    return float(text)


def check_name(name, kind):
    check((kind == "counter") == name.endswith("_total"), name, "is a", kind)
    check(not re.search(r"_(ms|ns|us|kb|mb|milliseconds|minutes)(_|$)", name), name, "has an odd unit")


def check_histogram(name, samples):
    """Buckets grow with le, end in +Inf, which is the count; there is a sum."""
    series = {}
    for part, labels, value in samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        series.setdefault(key, {}).setdefault(part, []).append((labels.get("le"), value))
    for parts in series.values():
        buckets = parts[name + "_bucket"]
        bounds = [float(le) for le, _ in buckets]
        counts = [value for _, value in buckets]
        check(bounds == sorted(bounds) and bounds[-1] == math.inf, name, "buckets", bounds)
        check(counts == sorted(counts), name, "counts", counts)
        check(parts[name + "_count"] == [(None, counts[-1])], name, "count")
        check(len(parts[name + "_sum"]) == 1, name, "sum")


def parse(text):
    """{family: (type, [(name, labels, value)])}; Wrong for anything a scraper could stumble on."""
    check(text.endswith("\n"), "the last line has no newline")
    families, family, helped = {}, None, None
    seen = set()
    for line in text[:-1].split("\n"):
        match = re.match(rf"# (HELP|TYPE) ({NAME}) (.+)$", line)
        if match and match[1] == "HELP":
            helped = match[2]
            check(helped not in families, helped, "stands in two places")
        elif match:
            check(match[2] == helped, "TYPE without HELP:", line)
            check(match[3] in PARTS, "type:", line)
            check_name(match[2], match[3])
            family = match[2]
            families[family] = (match[3], [])
        else:
            match = SAMPLE.match(line)
            check(match and family, "line:", repr(line))
            name, labels = match[1], labels_of(match[2] or "")
            check(name in [family + p for p in PARTS[families[family][0]]], name, "below", family)
            key = (name, tuple(sorted(labels.items())))
            check(key not in seen, "twice:", line)
            seen.add(key)
            families[family][1].append((name, labels, value_of(match[3])))
    for name, (kind, samples) in families.items():
        check(samples, name, "has no sample")
        if kind == "histogram":
            check_histogram(name, samples)
        if kind == "counter":
            check(all(value >= 0 for _, _, value in samples), name, "is negative")
    return families
