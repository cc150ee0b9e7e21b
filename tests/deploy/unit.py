#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unit.py UNIT PROGRAM: systemd understands the unit, and finds little that it leaves open.

Skipped (77) without systemd-analyze.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# By unit: its capabilities, and the exposure on systemd's scale from 0 to 100. What is left of the
# agent's: the five capabilities, bpf() and perf_event_open(), the network, and that the host's /proc
# and files are seen. Of the collector's: the network, and files that others may read.
WANTED = {
    "hone-agent": ("CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_CHECKPOINT_RESTORE", 26),
    "hone-collector": ("", 13),
}


def analyze(*arguments):
    run = subprocess.run(["systemd-analyze", "--no-pager", *map(str, arguments)], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.returncode, run.stdout


def value(text, key):
    found = re.findall(rf"^{key}=(.*)$", text, re.M)
    assert len(found) == 1, (key, found)
    return found[0]


def verified(name, text, program, folder):
    """What systemd has to say of the unit, started from where the program was built."""
    copy = folder / f"{name}.service"
    copy.write_text(re.sub(r"^ExecStart=.*", f"ExecStart={program}", text, flags=re.M))
    code, said = analyze("verify", "--man=no", copy)
    return said or ("" if code == 0 else f"status {code}")


def exposure(name, text, folder):
    """On systemd's scale, from 0 to 100."""
    copy = folder / f"{name}.service"
    copy.write_text(text)
    _, said = analyze("security", "--offline=yes", copy)
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", said)
    assert found, said
    return 10 * float(found.group(1))


def main():
    unit, program = (pathlib.Path(name).absolute() for name in sys.argv[1:])
    text, name = unit.read_text(), unit.stem
    assert value(text, "AmbientCapabilities") == WANTED[name][0]
    assert value(text, "CapabilityBoundingSet") == WANTED[name][0]
    assert "@" not in value(text, "ExecStart"), "the path was not filled in"
    if not shutil.which("systemd-analyze"):
        print("skipped: needs systemd-analyze")
        return 77
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        said = verified(name, text, program, folder)
        assert not said, said
        assert "MemoryMaxx" in verified(name, text.replace("MemoryMax", "MemoryMaxx"), program, folder)
        open_to = exposure(name, text, folder)
        assert open_to <= WANTED[name][1], open_to
        hole = exposure(name, text.replace("ProtectSystem=strict\n", ""), folder)
        assert hole > open_to, "a hole in the unit is not found"
    print(f"exposure {open_to:.0f} of 100")
    return 0


if __name__ == "__main__":
    sys.exit(main())
