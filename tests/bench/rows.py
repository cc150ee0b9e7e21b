# SPDX-License-Identifier: Apache-2.0
"""What a benchmark says: rows of a table, as lines of JSON between programs and as Markdown."""
import dataclasses
import json
import math
import statistics


@dataclasses.dataclass
class Row:
    """A median with the range it comes from, or a mean with its standard error."""
    measure: str
    unit: str
    median: float
    low: float = None
    high: float = None
    n: int = 1
    error: float = None  # standard error: the value is a mean
    limit: float = None

    @staticmethod
    def of(measure, unit, values, limit=None):
        return Row(measure, unit, statistics.median(values), min(values), max(values),
                   len(values), None, limit)

    @staticmethod
    def mean(measure, unit, values, limit=None):
        error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
        return Row(measure, unit, statistics.fmean(values), min(values), max(values),
                   len(values), error, limit)


def dump(row):
    return json.dumps({k: v for k, v in dataclasses.asdict(row).items() if v is not None})


def parse(text):
    """The rows among the lines of a program's output, and its other lines."""
    known = {field.name for field in dataclasses.fields(Row)}
    rows, rest = [], []
    for line in text.splitlines():
        if line.startswith("{"):
            rows.append(Row(**{k: v for k, v in json.loads(line).items() if k in known}))
        elif line.strip():
            rest.append(line.rstrip())
    return rows, rest


def number(value):
    """Three digits that count, and no powers of ten."""
    if not value:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 4)}f}"


def verdict(row):
    if row.limit is None:
        return ""
    return f"{number(row.limit)}{'' if row.median <= row.limit else ', **exceeded**'}"


def markdown(rows):
    lines = ["| measure | median or mean ± error | range | runs | limit |", "|---|--:|--:|--:|--:|"]
    for r in rows:
        value = f"{number(r.median)} {r.unit}"
        values = f"{number(r.low)} to {number(r.high)}" if r.n > 1 else ""
        if r.error is not None:
            value = f"{number(r.median)} ± {number(r.error)} {r.unit}"
        lines.append(f"| {r.measure} | {value} | {values} | {r.n} | {verdict(r)} |")
    return "\n".join(lines)
