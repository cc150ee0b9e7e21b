#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unit.py UNIT AGENT: systemd understands the unit, and finds little that it leaves open.

Skipped (77) without systemd-analyze.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CAPABILITIES = "CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_CHECKPOINT_RESTORE"
# Of systemd's scale from 0 to 100. What is left: the five capabilities, bpf() and
# perf_event_open(), the network, and that the host's /proc and files are seen.
EXPOSURE = 26


def analyze(*arguments):
    run = subprocess.run(["systemd-analyze", "--no-pager", *map(str, arguments)], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.returncode, run.stdout


def value(text, key):
    found = re.findall(rf"^{key}=(.*)$", text, re.M)
    assert len(found) == 1, (key, found)
    return found[0]


def verified(text, agent, folder):
    """What systemd has to say of the unit, started from where the agent was built."""
    copy = folder / "hone-agent.service"
    copy.write_text(re.sub(r"^ExecStart=.*", f"ExecStart={agent}", text, flags=re.M))
    code, said = analyze("verify", "--man=no", copy)
    return said or ("" if code == 0 else f"status {code}")


def exposed(text, folder):
    copy = folder / "hone-agent.service"
    copy.write_text(text)
    return analyze("security", "--offline=yes", f"--threshold={EXPOSURE}", copy)


def main():
    unit, agent = (pathlib.Path(name).absolute() for name in sys.argv[1:])
    text = unit.read_text()
    assert value(text, "AmbientCapabilities") == CAPABILITIES
    assert value(text, "CapabilityBoundingSet") == CAPABILITIES
    assert "@" not in value(text, "ExecStart"), "the path was not filled in"
    if not shutil.which("systemd-analyze"):
        print("skipped: needs systemd-analyze")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        said = verified(text, agent, folder)
        assert not said, said
        assert "MemoryMaxx" in verified(text.replace("MemoryMax", "MemoryMaxx"), agent, folder)
        code, said = exposed(text, folder)
        assert code == 0, said
        code, _ = exposed(text.replace("ProtectSystem=strict\n", ""), folder)
        assert code != 0, "a hole in the unit is not found"
    print(said.strip().splitlines()[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
