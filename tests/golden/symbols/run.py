#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py VERSION ARCH SOURCE WORK COMPARE FACTS: executables, read by us and by themselves.

VERSION is that of a Go toolchain, "1.26.8"; the Go on PATH is used if it is of the same minor
version, otherwise it fetches the toolchain. The program in SOURCE is built for ARCH in all the ways a
binary may be made, tells what its runtime says of every pc, and COMPARE must find nothing else in
the file. FACTS must find what DWARF and the symbol table say. Status 77 if this version cannot be
had, or something could not be run.
"""
import os
import shutil
import struct
import subprocess
import sys

SKIP = 77
INSTRUCTION = {"amd64": 1, "arm64": 4}  # bytes from one pc to the next
ARM64_CC = "aarch64-linux-gnu-gcc"
ARM64_ROOT = "/usr/aarch64-linux-gnu"  # its libc
EXTERNAL = "-ldflags=-linkmode=external"
ARM64_PIE = (25, 27)  # GNU ld puts no pointers into these, in the old and the new layout
R_RELATIVE = {62: 8, 183: 1027}  # by e_machine: x86-64, aarch64

SPECIALS = """
        asyncpreempt runtime.asyncPreempt flags 4
        cgocall runtime.cgocall flags 0
        clock_stub runtime.nanotime1 flags 6
        clock_stub time.now flags 6
        debugcall runtime.debugCallV2 flags 4
        goexit runtime.goexit flags 5
        gopanic runtime.gopanic flags 0
        mcall runtime.mcall flags 6
        morestack runtime.morestack flags 6
        panicwrap runtime.panicwrap flags 0
        sigpanic runtime.sigpanic flags 0
        signal runtime.sigtramp flags 5
        signal runtime.sigtrampgo flags 0
        sysmon runtime.sysmon flags 0
        systemstack runtime.systemstack flags 6
"""


class Failure(Exception):
    pass


def run(arguments, **options):
    done = subprocess.run(arguments, capture_output=True, **options)
    if done.returncode:
        output = (done.stderr + done.stdout).decode(errors="replace")
        raise Failure(f"{' '.join(map(str, arguments))}: status {done.returncode}\n{output[-3000:]}")
    return done.stdout


class Go:
    """A toolchain."""

    def __init__(self, version, work):
        self.environment = dict(os.environ, GOFLAGS="", GOWORK="off", GOTOOLCHAIN="local",
                                GOMAXPROCS="2")
        self.environment.setdefault("HOME", work)  # for Go's caches
        if not shutil.which("go"):
            sys.exit(skip("no go on PATH"))
        minor = version.rsplit(".", 1)[0]
        if not self.version().startswith(f"go{minor}."):
            self.environment["GOTOOLCHAIN"] = "go" + version
        try:
            self.have = self.version()
        except Failure as failure:
            sys.exit(skip(f"Go {version} cannot be had: {failure}"))

    def version(self):
        out = run(["go", "env", "GOVERSION"], env=self.environment, cwd="/", timeout=300)
        return out.decode().strip()

    def build(self, source, output, *flags, **environment):
        run(["go", "build", "-p=2", *flags, "-o", output, source],
            env=dict(self.environment, **environment), cwd=source)


def skip(reason):
    print("skipped:", reason)
    return SKIP


def without_sections(path, output):
    """A copy whose ELF header knows no sections, as sstrip makes it."""
    data = bytearray(open(path, "rb").read())
    struct.pack_into("<Q", data, 0x28, 0)
    struct.pack_into("<HH", data, 0x3C, 0, 0)
    write_executable(output, data)


def program_headers(data):
    phoff, = struct.unpack_from("<Q", data, 0x20)
    phnum, = struct.unpack_from("<H", data, 0x38)
    for i in range(phnum):
        kind, _, offset, vaddr, _, filesz, _, _ = struct.unpack_from("<IIQQQQQQ", data, phoff + i * 56)
        yield kind, offset, vaddr, filesz


def without_pointers(path, output):
    """A copy of a position independent executable as lld links it: what relocations write is 0."""
    data = bytearray(open(path, "rb").read())
    loads = [(vaddr, offset, size) for kind, offset, vaddr, size in program_headers(data) if kind == 1]

    def place(address):
        for vaddr, offset, size in loads:
            if vaddr <= address < vaddr + size:
                return address - vaddr + offset
        raise Failure("a relocation outside the file")

    dynamic = {}
    for kind, offset, _, size in program_headers(data):
        if kind == 2:
            dynamic = dict(struct.iter_unpack("<QQ", data[offset:offset + size]))
    table, count = place(dynamic[7]), dynamic[8] // 24
    machine, = struct.unpack_from("<H", data, 18)
    for i in range(count):
        target, kind, _ = struct.unpack_from("<QQq", data, table + i * 24)
        if kind == R_RELATIVE[machine]:
            struct.pack_into("<Q", data, place(target), 0)
    write_executable(output, data)


def write_executable(path, data):
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o755)


class Suite:
    def __init__(self, version, architecture, source, work, compare, facts):
        self.work = os.path.join(work, f"{version}-{architecture}")
        self.architecture = architecture
        self.source, self.compare_tool, self.facts_tool = source, compare, facts
        os.makedirs(self.work, exist_ok=True)
        self.go = Go(version, work)
        self.minor = int(self.go.have.split(".")[1].split("-")[0].split("rc")[0])
        self.failed = 0
        self.missing = []  # why something was not run
        self.stride = str(INSTRUCTION[architecture])
        self.emulator = []  # None: it cannot be run
        self.layout = os.path.join(self.work, "layout")
        run(["go", "build", "-p=2", "-o", self.layout, f"{source}/layout"], cwd=source,
            env=dict(self.go.environment, GOTOOLCHAIN="local"))

    def path(self, name):
        return os.path.join(self.work, name)

    def build(self, name, *flags, cgo=False):
        self.go.build(f"{self.source}/program", self.path(name), *flags, CGO_ENABLED=str(int(cgo)),
                      GOARCH=self.architecture,
                      **({"CC": ARM64_CC} if self.architecture == "arm64" else {}))

    def dump(self, name):
        with open(self.path(name + ".dump"), "wb") as out:
            done = subprocess.run([*self.emulator, self.path(name), self.stride], stdout=out)
        if done.returncode:
            raise Failure(f"{name} ended with {done.returncode}")

    def compare(self, name, dump=None):
        done = subprocess.run(
            [self.compare_tool, self.path(name), self.path((dump or name) + ".dump"), self.stride],
            capture_output=True)
        print(f"{name}: {done.stdout.decode(errors='replace').strip()}{done.stderr.decode()}", flush=True)
        self.failed += done.returncode != 0

    def check(self, name, *flags, cgo=False, facts=True):
        """Build it, hold it against what it says, and its facts against DWARF."""
        self.build(name, *flags, cgo=cgo)
        if facts:
            self.check_facts(name, cgo)
        if self.emulator is not None:
            self.dump(name)
            self.compare(name)

    def facts(self, name, tool):
        return run([tool, self.path(name)]).decode().splitlines()

    def expect(self, what, fact):
        if not fact:
            print("wrong:", what)
            self.failed += 1

    def check_facts(self, name, cgo):
        ours = self.facts(name, self.facts_tool)
        truth = self.facts(name, self.layout)
        self.check_wrappers(name, ours, truth)
        for line in truth:
            if line.split()[0] not in ("wrapper", "pair", "named", "generated"):
                self.expect(f"{name}: {line} (DWARF, symbols)", line in ours)
        build = [f"go_version {self.go.have}", f"minor {self.minor}", "known 1",
                 "main_path example.com/symbols/program", "main_module example.com/symbols",
                 f"cgo_enabled {int(cgo)}"]
        special = ["special " + line.strip() for line in SPECIALS.strip().splitlines()]
        if cgo:
            special.append("special cgocallback runtime.cgocallback flags 6")
        if self.architecture == "arm64":  # time.now is Go there
            special = [line.replace("time.now", "runtime.walltime") for line in special]
        for line in build + special:
            self.expect(f"{name}: {line}", line in ours)
        others = {line for line in ours if line.startswith("special ")} - set(special)
        self.expect(f"{name}: {others}", not others)

    def check_wrappers(self, name, ours, truth):
        def addresses(lines, key):
            return {line.split()[1] for line in lines if line.startswith(key + " ")}

        found = addresses(ours, "wrapper")
        known = addresses(truth, "wrapper") | addresses(truth, "named")
        pairs = [set(line.split()[1:]) for line in truth if line.startswith("pair ")]
        self.expect(f"{name}: wrappers {sorted(known - found)[:5]} missed", known <= found)
        for pair in pairs:
            self.expect(f"{name}: ABI wrapper of {pair}", len(pair & found) == 1)
        other = found - known - set().union(*pairs) - addresses(truth, "generated")
        self.expect(f"{name}: no wrappers {sorted(other)[:5]}", not other)
        self.expect(f"{name}: any wrapper", found)


def amd64(suite):
    suite.check("plain")
    without_sections(suite.path("plain"), suite.path("plain-no-sections"))
    suite.compare("plain-no-sections", "plain")
    suite.check("stripped", "-ldflags=-s -w", facts=False)
    suite.check("trimpath", "-trimpath", facts=False)
    suite.check("pie", "-buildmode=pie")
    without_sections(suite.path("pie"), suite.path("pie-no-sections"))
    suite.compare("pie-no-sections", "pie")
    without_pointers(suite.path("pie"), suite.path("pie-lld"))
    suite.compare("pie-lld", "pie")
    if not shutil.which("gcc"):
        suite.missing.append("no gcc for cgo")
        return
    suite.check("cgo", EXTERNAL, cgo=True)
    suite.check("cgo-pie", EXTERNAL, "-buildmode=pie", cgo=True)


def arm64(suite):
    emulator = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    suite.emulator = [emulator, "-L", ARM64_ROOT] if emulator else None
    if not emulator:
        suite.missing.append("no qemu-aarch64 to run it")
    suite.check("plain")
    if not shutil.which(ARM64_CC):
        suite.missing.append(f"no {ARM64_CC} for cgo")
        return
    suite.check("cgo", EXTERNAL, cgo=True)
    if suite.minor in ARM64_PIE:
        suite.check("cgo-pie", EXTERNAL, "-buildmode=pie", cgo=True)


def main():
    version, architecture, *rest = sys.argv[1:]
    try:
        suite = Suite(version, architecture, *rest)
        {"amd64": amd64, "arm64": arm64}[architecture](suite)
    except Failure as failure:
        sys.exit(str(failure))
    if suite.failed:
        sys.exit(1)
    shutil.rmtree(suite.work)  # some 100 MB; what failed is kept to be looked at
    if suite.missing:
        sys.exit(skip("; ".join(suite.missing)))


if __name__ == "__main__":
    main()
