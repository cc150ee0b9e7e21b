# SPDX-License-Identifier: Apache-2.0
"""What the numbers were measured on."""
import os
import platform
import re
import subprocess


def first(path, pattern, default="unknown"):
    try:
        with open(path, encoding="utf-8") as file:
            match = re.search(pattern, file.read(), re.M)
    except OSError:
        return default
    return match.group(1).strip() if match else default


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def load():
    return f"{os.getloadavg()[0]:.2f}"


def facts(hone, go):
    """(name, value) pairs. The load is that before the first benchmark."""
    guest = re.search(r"^flags\s.*\bhypervisor\b", open("/proc/cpuinfo", encoding="utf-8").read(),
                      re.M)
    model = first("/proc/cpuinfo", r"^model name\s*: (.*)", platform.machine())
    memory = int(first("/proc/meminfo", r"^MemTotal:\s+(\d+)", "0")) / 1024 / 1024
    return [
        ("CPU", f"{model}, {os.cpu_count()} CPUs{', a virtual machine' if guest else ''}"),
        ("memory", f"{memory:.1f} GiB"),
        ("kernel", f"{platform.release()}, "
                   f"{os.path.getsize('/sys/kernel/btf/vmlinux') / 2**20:.1f} MiB of BTF"),
        ("system", first("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)')),
        ("hone", output(hone, "--version").replace("\n", "; ")),
        ("Go", output(go, "env", "GOVERSION") if go else "none"),
        ("load average before", load()),
    ]
