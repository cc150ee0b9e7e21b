# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, and what the user sees."""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

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
def packed(bench):
    """As UPX packs: a loader, its marks, and the program compressed; no section headers."""
    program = zlib.compress(bench.actor.read_bytes())
    base, size = 0x400000, 0x1000 + len(program)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, base + 0x100, 64, 0, 0,
                         64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    room = struct.pack("<IIQQQQQQ", 1, 6, 0, base << 1, base << 1, 0, 1 << 22, 0x1000)
    file = bench.folder / "packed"
    file.write_bytes((header + load + room + b"\xaf\x6d\x11\x0bUPX!").ljust(0x1000, b"\0") + program)
    bench.refused("--exe", file, says=["packed", "as go build made it"])


@test
def broken(bench):
    """ELF files cut short or damaged: half a program, headers that point nowhere, none at all."""
    data = bench.actor.read_bytes()
    file = bench.folder / "broken"
    for content in (data[:len(data) // 2], data[:64] + bytes(56 * 20) + data[64 + 56 * 20:],
                    data[:32] + b"\xff" * 8 + data[40:], data[:56] + bytes(2) + data[58:]):
        file.write_bytes(content)
        bench.refused("--exe", file, says=["damaged", "anew"])


@test
def garbled(bench):
    """As garble does: names hashed, build info gone; the program runs as before."""
    data = bench.actor.read_bytes().replace(b"runtime.", b"rQ7tx_e.").replace(b"\xff Go buildinf:",
                                                                          bytes(14))
    file = bench.folder / "garbled"
    file.write_bytes(data)
    file.chmod(0o755)
    bench.refused("--exe", file, says=["obfuscated", "record a build without"])
    bench.refused("--pid", bench.start(file, "spin").pid, says="obfuscated")


@test
def script(bench):
    """A script, by its file and by its process, which is its interpreter's."""
    file = bench.folder / "script"
    file.write_text("#!/bin/sh\necho ready\nread line\n")
    file.chmod(0o755)
    bench.refused("--exe", file, says=["script", "not a Go program"])
    process = bench.start(file, stdin=subprocess.PIPE)
    bench.refused("--pid", process.pid, says=["shell", "not a Go program"])
    process.stdin.close()


@test
def program_of_32_bits(bench):
    file = bench.folder / "narrow"
    harness.go("build", "-o", str(file), "./actor", arch="386")
    bench.refused("--exe", file, says=["64-bit", "GOARCH"])


def assert_good_though(bench, happens):
    """Whatever happens to the file that is recorded, by its process and by itself, the profile is good."""
    copy = bench.folder / "copy"
    for target in "--pid", "--exe":
        shutil.copy(bench.actor, copy)
        actor = bench.start(copy, "spin")
        recorder = bench.recorder(target, actor.pid if target == "--pid" else copy,
                                  "--duration", "1h", "-o", bench.out)
        recorder.attached()
        for _ in range(2):
            time.sleep(1)
            happens(copy)
        code, _, err = recorder.stop()
        assert code == 0, err
        assert_profile(bench.out)
        end(actor)
        copy.unlink()


@test
def exe_replaced_midway(bench):
    """Another build is put in place of the one that is recorded: the profile is of the old one."""
    def replace(copy):
        copy.unlink()
        shutil.copy("/bin/sleep", copy)
    assert_good_though(bench, replace)


@test
def exe_written_over(bench):
    """Another build is written into the file that is recorded: its names are of neither."""
    copy = bench.folder / "copy"
    shutil.copy(bench.actor, copy)
    recorder = bench.recorder("--exe", copy, "--duration", "1h", "-o", bench.out)
    recorder.attached()
    subprocess.run([copy, "spin", "1s"], stdout=subprocess.DEVNULL, check=True)
    time.sleep(1.2)  # it takes samples once a second
    other = harness.build("actor", bench.folder, "-gcflags=all=-N -l")
    with open(other, "rb") as source, open(copy, "r+b") as target:
        target.truncate(0)
        shutil.copyfileobj(source, target)
    code, _, err = recorder.stop()
    assert code == 3, (code, err)
    assert "overwritten in place" in err, err
    assert not os.path.lexists(bench.out), "a file was left behind"


@test
def exe_touched(bench):
    """go build of what is up to date gives it a new time and nothing else: no reason to lose it."""
    assert_good_though(bench, os.utime)


@test
def namespaces(bench):
    """In a pid or time namespace of its own hone says so. What it records may be in any."""
    bench.refused("--exe", bench.actor, says=["pid namespace", "hostPID"], before=(
        "unshare", "-p", "--fork", "--mount-proc", "sh", "-c",
        f"{bench.actor} spin >/dev/null & sleep 0.3; exec \"$0\" \"$@\""))
    actor = bench.spin()
    shifted = "unshare", "-T", "--boottime", "100000", "--monotonic", "100000"
    bench.refused("--pid", actor.pid, says=["time namespace", "nsenter"], before=(*shifted, "--fork"))
    bench.record("--pid", bench.start(*shifted, bench.actor, "spin").pid)
    assert_profile(bench.out)


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
