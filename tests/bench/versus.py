# SPDX-License-Identifier: Apache-2.0
"""The table of tests/bench/side-by-side: what each took, and how much of the other's hone takes."""
import math
import statistics

from load import LIVES, LONG
from profilers import Hone, Other
from rows import number

MIB = 1 << 20
TENTH, FIFTH = 0.1, 0.2
DELIVERED = 0.98


def ratio_of(values):
    ours, theirs = values.get(Hone.NAME), values.get(Other.NAME)
    return ours / theirs if ours and theirs else None


def total(turns, field):
    return sum(getattr(turn, field) for turn in turns)


def median(turns, field):
    return statistics.median(getattr(turn, field) for turn in turns)


def costs(turns):
    """(what, unit, limit of hone's share of it, value)"""
    samples, seconds = total(turns, "samples"), total(turns, "seconds")
    cpu, kernel = total(turns, "cpu"), total(turns, "kernel")
    resident, maps = median(turns, "resident") / MIB, median(turns, "maps") / MIB
    user = total(turns, "user")
    return [
        ("samples delivered", "", None, samples),
        ("lost, as it says itself", "", None, total(turns, "lost")),
        ("kernel: BPF programs, for a sample", "µs", TENTH, kernel / samples * 1e6),
        ("kernel: BPF programs, for a tick", "µs", None, kernel / total(turns, "ticks") * 1e6),
        ("user CPU, steady", "ms/s", TENTH, user / seconds * 1e3),
        ("user CPU, for a sample", "µs", TENTH, user / samples * 1e6),
        ("user and system CPU, steady", "ms/s", None, cpu / seconds * 1e3),
        ("user and system CPU, for a sample", "µs", None, cpu / samples * 1e6),
        ("resident", "MiB", FIFTH, resident),
        ("resident, peak", "MiB", FIFTH, median(turns, "peak") / MIB),
        ("BPF maps", "MiB", FIFTH, maps),
        ("resident and BPF maps", "MiB", FIFTH, resident + maps),
        ("start: to the first tick", "ms", None, median(turns, "first_tick") * 1e3),
        ("start: to the first delivered sample", "ms", None, median(turns, "first_sample") * 1e3),
        ("start: to the first delivery", "ms", None, median(turns, "first_delivery") * 1e3),
        ("start: CPU to the first tick", "ms", None, median(turns, "start_cpu") * 1e3),
    ]


def share(turns, lives, rate, in_main):
    """(share of expected samples delivered, how far it may be off by chance).

    A time on a CPU of 1.3 ticks gets one of them or two, so that its variance is a quarter at most;
    and that of all is at most what it would be if each tick came by chance.
    """
    taken = [turn.lives[life] for turn in turns for life in lives]
    expected = sum(of.main if in_main else of.cpu for of in taken) * rate
    slices = sum(of.slices for of in taken)
    delivered = sum((turn.in_main if in_main else turn.by_life)[life]
                    for turn in turns for life in lives)
    return delivered / expected, math.sqrt(min(expected, slices / 4)) / expected


def line(what, cells, ratio, limit):
    return "| " + " | ".join([what, *cells, ratio, limit]) + " |"


def cost_lines(names, of_rate):
    for rows in zip(*(costs(of_rate[name]) for name in names)):
        what, unit, limit, _ = rows[0]
        values = {name: row[3] for name, row in zip(names, rows)}
        ratio, bound = ratio_of(values), ""
        if limit:
            exceeded = ratio is not None and ratio > limit
            bound = f"{number(limit)}{', **exceeded**' if exceeded else ''}"
        yield line(what, [f"{number(values[name])} {unit}".strip() for name in names],
                   number(ratio) if ratio and unit else "", bound)


def life_line(what, lives, in_main, of_rate, names, rate):
    shares = {name: share(of_rate[name], lives, rate, in_main) for name in names}
    ours, error = shares[Hone.NAME]
    missed = ", **missed**" if ours + error < DELIVERED else ""
    return line(what, [f"{s * 100:.1f} ± {e * 100:.1f} %" for s, e in shares.values()], "",
                f"≥ {DELIVERED * 100:.0f} %{missed}")


def life_lines(*where):
    for life in LIVES:
        yield life_line(f"delivered of main(), {life}", [life], True, *where)
    yield life_line("delivered of main(), of all these lives", [*LIVES], True, *where)
    for life in LIVES:
        yield life_line(f"delivered of all CPU time, {life}", [life], False, *where)
    yield life_line("delivered of all CPU time, long", [LONG], False, *where)


def table(rate, of_rate):
    names = sorted(of_rate, key=lambda name: name != Hone.NAME)
    return "\n".join([line(f"{rate} Hz", names, "hone's share", "limit"),
                      "|---|" + "--:|" * (len(names) + 2),
                      *cost_lines(names, of_rate), *life_lines(of_rate, names, rate)])
