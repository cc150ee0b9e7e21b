# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, and what the user sees."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import harness
from bench import assert_profile, end, test


@test
def usage(bench):
    for args in [[], ["--pid"], ["--pid", "x"], ["--pid", "-1"], ["--pid", "1", "--exe", "/bin/sh"],
                 ["--pid", "1", "--freq", "0"], ["--pid", "1", "--duration", "soon"],
                 ["--nonsense"], ["--"]]:
        code, out, err = bench.hone("record", *args)
        assert code == 2, (args, code, out, err)
        assert err.strip(), args


@test
def no_such_pid(bench):
    process = subprocess.Popen(["true"])
    process.wait()
    bench.refused("--pid", process.pid, says=[str(process.pid), "no (such )?process"])


@test
def not_go(bench):
    """A C program, and one that runs inside an interpreter, which is named."""
    sleeper = subprocess.Popen(["sleep", "60"])
    bench.stack.callback(end, sleeper)
    bench.refused("--pid", sleeper.pid, says=["sleep", "not a Go program"])
    python = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    bench.stack.callback(end, python)
    time.sleep(0.3)
    bench.refused("--pid", python.pid, says=["not a Go program", "python"])
    bench.refused("--exe", "/bin/sleep", says=["sleep", "not a Go program"])


@test
def kernel_thread(bench):
    bench.refused("--pid", 2, says="thread of the kernel")


@test
def go_too_old(bench):
    """A program which says, and whose tables say, that it was made by Go 1.18."""
    old = bench.folder / "old"
    data = bench.actor.read_bytes()
    version = re.search(rb"\xff Go buildinf:.{18}.(go1\.\d+(\.\d+)?)", data, re.S)
    text = version.group(1)
    data = data[:version.start(1)] + b"go1.18.10"[:len(text)].ljust(len(text), b"0") + \
        data[version.end(1):]
    old.write_bytes(re.sub(rb"\xf1\xff\xff\xff\0\0([\1\4]\x08)",
                           lambda header: b"\xf0\xff\xff\xff\0\0" + header.group(1), data))
    bench.refused("--exe", old, "--duration", "1s", says=["before 1\\.20", "rebuild"])


def without_section_headers(path):
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(bytes(8))  # e_shoff
        file.seek(60)
        file.write(bytes(4))  # e_shnum, e_shstrndx


@test
def unusable_files(bench):
    """Obfuscated, packed, cut short, a script: each is told apart."""
    data = bench.actor.read_bytes()
    hidden = re.sub(rb"\xf1\xff\xff\xff\0\0[\1\4]\x08", bytes(8), data)
    odd = bench.folder / "odd"
    odd.write_bytes(hidden)
    bench.refused("--exe", odd, says="obfuscated")
    without_section_headers(odd)
    bench.refused("--exe", odd, says="packed")
    odd.write_bytes(data[:200])
    bench.refused("--exe", odd, says="damaged")
    odd.write_text("#!/bin/sh\nexec true\n")
    bench.refused("--exe", odd, says="script|not an ELF")
    bench.refused("--exe", bench.folder, says="not a file")


@test
def exe_replaced(bench):
    """The file named is no longer the one that runs."""
    copy = bench.folder / "copy"
    shutil.copy(bench.actor, copy)
    actor = bench.start(copy, "spin")
    copy.unlink()
    shutil.copy(bench.actor, copy)
    bench.refused("--exe", copy, says=["replaced", f"--pid {actor.pid}"])


@test
def stripped(bench):
    """No symbols, no DWARF; and then no section headers either: nothing is missing."""
    for name in "stripped", "sstripped":
        binary = harness.build("actor", bench.folder, "-ldflags=-s -w").rename(bench.folder / name)
        if name == "sstripped":
            without_section_headers(binary)
        bench.record("--pid", bench.start(binary, "spin").pid)
        assert_profile(bench.out)


@test
def exe_deleted(bench):
    """The executable is deleted, or replaced, while the process runs: it is still named."""
    copy = bench.folder / "copy"
    shutil.copy(bench.actor, copy)
    actor = bench.start(copy, "spin")
    copy.unlink()
    bench.record("--pid", actor.pid)
    assert_profile(bench.out)
    shutil.copy("/bin/sleep", copy)
    bench.record("--pid", actor.pid)
    assert_profile(bench.out)


@test
def exe_missing(bench):
    bench.refused("--exe", bench.folder / "nothing", says=["nothing", "no such"])


@test
def no_such_container(bench):
    bench.refused("--container", "0123456789ab", says=["0123456789ab", "container"])


@test
def not_permitted(bench):
    """Somebody who is not root is told of sudo and of the capabilities."""
    actor = bench.spin()
    with tempfile.TemporaryDirectory(prefix="hone-cli-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        hone = folder / "hone"
        shutil.copy(bench.hone_path, hone)
        hone.chmod(0o755)
        bench.hone_path, bench.out = hone, folder / "default.pgo"
        bench.refused("--pid", actor.pid, says="sudo",
                      before=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))


@test
def no_capabilities(bench):
    """Root in name only: told which capability is missing, the first of several."""
    powerless = "setpriv", "--bounding-set=-all", "--inh-caps=-all"
    actor = bench.spin()
    bench.refused("--pid", actor.pid, says="CAP_SYS_PTRACE", before=powerless)
    actor = bench.start(*powerless, bench.actor, "spin")
    bench.refused("--pid", actor.pid, says="CAP_BPF|CAP_SYS_ADMIN|CAP_PERFMON", before=powerless)


@test
def no_btf(bench):
    actor = bench.spin()
    bench.refused("--pid", actor.pid, says="BTF", before=(
        "unshare", "-m", "sh", "-c", "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" \"$@\""))


@test
def only_idle(bench):
    """No file, exit 3, the reason."""
    idle = bench.start(bench.actor, "idle")
    bench.refused("--pid", idle.pid, "--duration", "1s", code=3, says="idle|no sample")
