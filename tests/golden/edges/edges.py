#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""edges.py PRINTER FIXTURES [RANDOM]: our call edges are those of `go tool preprofile`, byte for byte.

PRINTER FILE... prints for each file a line `OUTCOME SIZE` and SIZE bytes of text. Tried are the
recorded profiles in the folder FIXTURES, odd ones made by hand, RANDOM random ones, and one that
runtime/pprof records just now.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from pprofwriter import Profile, random_profile

RANDOM = 300
BENCHMARK = ("encoding/json", "CodeUnmarshal$|CodeEncoder$")
HEADER = b"GO PREPROFILE V1\n"
# Outcomes with which the build fails; the compiler ignores a profile with any other.
FAILS = {"malformed", "no-sample-type", "no-start-lines"}


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def run(arguments, **options):
    return subprocess.run(arguments, capture_output=True, check=False, **options)


def find_tool(folder):
    """(path of preprofile, minor version of its Go)."""
    go = shutil.which("go")
    if not go:
        skip("there is no Go on PATH")
    if "HOME" not in os.environ:
        os.environ["HOME"] = folder  # for Go's build cache
    version = run([go, "env", "GOVERSION"], cwd=folder).stdout.decode().strip()
    minor = re.match(r"go1\.(\d+)", version)
    if not minor or int(minor.group(1)) < 23:
        skip(f"go tool preprofile came with Go 1.23, this is {version}")
    tool = os.path.join(folder, "preprofile")
    built = run([go, "build", "-o", tool, "cmd/preprofile"], cwd=folder)
    if built.returncode != 0:
        skip(f"cmd/preprofile does not build: {built.stderr.decode()}")
    print(f"judge: preprofile of {version}")
    return tool, int(minor.group(1))


# ---- profiles ----------------------------------------------------------------------------------

def by_hand():
    """name: bytes. Each is one rule of the compiler's, or one way to be refused."""
    made = {}

    def profile(name, **options):
        made[name] = p = Profile(**options)
        p.main = p.function("main.main", 10)
        p.f = p.function("main.f", 20)
        p.g = p.function("main.g", 30)
        p.deep = p.location(0x10, (p.main, 12))
        p.caller = p.location(0x20, (p.f, 25))
        p.leaf = p.location(0x30, (p.g, 31))
        return p

    p = profile("only the two innermost locations count")
    p.sample([p.leaf, p.caller, p.deep], 3, 30)
    p = profile("a stack of one location")
    p.sample([p.leaf], 3, 30)
    p = profile("an inlined stack of one location")
    p.sample([p.location(0x40, (p.g, 31), (p.f, 22), (p.main, 15))], 3, 30)
    p = profile("inlined on both sides")
    p.sample([p.location(0x40, (p.g, 31), (p.f, 22)), p.location(0x50, (p.main, 11), (p.f, 29)),
              p.deep], 2, 20)
    p = profile("recursion at the same address")
    p.sample([p.caller, p.caller], 5, 50)
    p = profile("recursion at another address")
    p.sample([p.location(0x21, (p.f, 25)), p.caller], 5, 50)
    p = profile("a step taken twice by one sample")
    again = p.location(0x40, (p.f, 22), (p.main, 15), (p.f, 22), (p.main, 15))
    p.sample([again], 5, 50)
    p = profile("nanoseconds only", types=[("cpu", "nanoseconds")])
    p.sample([p.leaf, p.caller], 20_000_000)
    p = profile("nanoseconds first", types=[("cpu", "nanoseconds"), ("samples", "count")])
    p.sample([p.leaf, p.caller], 20_000_000, 2)
    p = profile("no sample type of use", types=[("inuse_space", "bytes")])
    p.sample([p.leaf, p.caller], 20)
    p = profile("no sample type at all and no sample", types=[])
    p = profile("no sample type of use and no sample", types=[("inuse_space", "bytes")])
    p = profile("no sample")
    p = profile("all values zero")
    p.sample([p.leaf, p.caller], 0, 0)
    p = profile("no stack anywhere")
    p.sample([], 4, 40)
    p = profile("start lines only further up the stack")
    x, y = p.function("x", 0), p.function("y", 0)
    p.sample([p.location(1, (x, 5)), p.location(2, (y, 6)), p.deep], 4, 40)
    p = profile("one start line of many")
    x = p.function("x", 0)
    p.sample([p.leaf, p.location(1, (x, 5))], 4, 40)
    p = profile("a location without lines as the leaf")
    p.sample([p.location(0x40), p.caller], 4, 40)
    p = profile("a location without lines as the caller")
    p.sample([p.leaf, p.location(0x40), p.deep], 4, 40)
    p = profile("only locations without lines")
    p.sample([p.location(0x40), p.location(0x41)], 4, 40)
    p = profile("weights add up over addresses and files")
    for address in range(0x100, 0x140):
        p.sample([p.leaf, p.location(address, (p.f, 25))], 1, 10)
    p = profile("ties in weight")
    for name in ("main.a", "main.B", "main.b", "main.é"):
        for line in (9, 1, 7):
            p.sample([p.leaf, p.location(line, (p.function(name, 5), line))], 6, 60)
    p = profile("equal names, unlike start lines")
    p.sample([p.leaf, p.location(0x40, (p.function("main.f", 21), 26))], 6, 60)
    p.sample([p.leaf, p.caller], 6, 60)
    p = profile("labels do not matter")
    p.sample([p.leaf, p.caller], 1, 10, label="a")
    p.sample([p.leaf, p.caller], 2, 20, label="b")
    p = profile("a negative value that leaves an edge of weight zero")
    p.sample([p.leaf, p.caller], 5, 50, label="a")
    p.sample([p.leaf, p.caller], -5, -50, label="b")
    p.sample([p.location(0x60, (p.main, 1)), p.caller], 3, 30)
    p = profile("a node that cancels out loses its edges")
    p.sample([p.leaf, p.caller], 5, 50, label="a")
    p.sample([p.leaf, p.deep], -5, -50)
    p.sample([p.location(0x61, (p.main, 1)), p.caller], -5, -50)
    p.sample([p.deep, p.leaf], 1, 10)
    p = profile("everything cancels out")
    p.sample([p.leaf, p.caller], 5, 50, label="a")
    p.sample([p.leaf, p.caller], -5, -50, label="b")
    p = profile("weights add up to nothing, nodes do not")
    p.sample([p.leaf, p.caller], 5, 50)
    p.sample([p.location(0x62, (p.main, 1)), p.deep], -5, -50)
    p = profile("a node that only its own samples keep")
    p.sample([p.caller, p.deep], 5, 50)
    p.sample([p.leaf, p.caller], -5, -50)
    p = profile("a node counts once for a sample that passes it twice")
    p.sample([p.leaf, p.location(0x20, (p.f, 25), (p.main, 15), (p.f, 25))], 1, 10)
    p.sample([p.leaf, p.caller, p.deep], -1, -10)
    p.sample([p.leaf, p.deep], 7, 70)
    p = profile("a sample of value zero shows nothing")
    p.sample([p.leaf, p.caller], 0, 0)
    p.sample([p.location(0x63, (p.main, 1)), p.caller], 1, 10)
    p = profile("sums wrap around")
    p.sample([p.leaf, p.caller], (1 << 63) - 1, 1, label="a")
    p.sample([p.leaf, p.caller], (1 << 63) - 1, 1, label="b")
    p = profile("generic names stay as they are")
    shape = p.function("main.F[go.shape.int]", 7)
    p.sample([p.leaf, p.location(0x40, (shape, 8))], 6, 60)

    files = {name: p.encode() for name, p in made.items()}
    files["an empty file"] = b""
    files["not a profile"] = b"this is not a profile"
    files["the output of preprofile"] = HEADER + b"a\nb\n1 2\n"
    files["half a gzip file"] = files["ties in weight"][:-20]
    return files


def recorded_now(folder):
    package, benchmark = BENCHMARK
    path = os.path.join(folder, "now.prof")
    result = run([shutil.which("go"), "test", "-run", "^$", "-bench", benchmark,
                  "-benchtime", "100ms", "-cpuprofile", path, "-o", os.path.join(folder, "bench"),
                  package], cwd=folder)
    if result.returncode == 0 and os.path.exists(path):
        with open(path, "rb") as file:
            yield f"recorded now: {package}", file.read()
    else:
        print(f"nothing recorded now: {result.stderr.decode()[-300:]}")


def all_profiles(fixtures, folder, n_random):
    for name in sorted(os.listdir(fixtures)):
        with open(os.path.join(fixtures, name), "rb") as file:
            yield f"fixture {name}", file.read()
    yield from by_hand().items()
    yield from recorded_now(folder)
    for seed in range(n_random):
        yield f"random {seed}", random_profile(seed)


# ---- judgement ---------------------------------------------------------------------------------

def ours(printer, paths):
    """[(outcome, text)] for all files at once."""
    result = run([printer] + paths)
    if result.returncode != 0:
        sys.exit(f"{printer} failed: {result.stderr.decode()}")
    answers, at = [], 0
    while at < len(result.stdout):
        end = result.stdout.index(b"\n", at)
        outcome, size = result.stdout[at:end].decode().split()
        answers.append((outcome, result.stdout[end + 1:end + 1 + int(size)]))
        at = end + 1 + int(size)
    return answers


def disagreement(tool, minor, path, outcome, text):
    """None, or what is wrong."""
    judge = run([tool, "-i", path])
    fails = outcome in FAILS or (outcome == "all-zero" and minor <= 26)
    if (judge.returncode != 0) != fails:
        return f"we say {outcome}; preprofile: {judge.stderr.decode().strip()[:200] or 'accepted'}"
    if judge.returncode == 0 and judge.stdout != (text if outcome == "ok" else HEADER):
        return f"the edges differ:\n{judge.stdout.decode()}\nours ({outcome}):\n{text.decode()}"
    return None


def main():
    printer, fixtures = sys.argv[1:3]
    n_random = int(sys.argv[3]) if len(sys.argv) > 3 else RANDOM
    seen, bad = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        tool, minor = find_tool(folder)
        names, paths = [], []
        for name, data in all_profiles(fixtures, folder, n_random):
            names.append(name)
            paths.append(os.path.join(folder, f"{len(paths)}.pprof"))
            with open(paths[-1], "wb") as file:
                file.write(data)
        for name, path, (outcome, text) in zip(names, paths, ours(printer, paths), strict=True):
            seen[outcome] = seen.get(outcome, 0) + 1
            wrong = disagreement(tool, minor, path, outcome, text)
            if wrong:
                print(f"{name}: {wrong}")
                bad += 1
    print(f"{len(names)} profiles, {bad} disagreements; outcomes: {seen}")
    return 1 if bad or not names else 0


if __name__ == "__main__":
    sys.exit(main())
