# SPDX-License-Identifier: Apache-2.0
"""binary_open() on a large Go executable: time, and what it adds to resident memory."""
import os
import subprocess

from programs import Skip
from rows import parse


def largest_tool(go):
    if not go:
        raise Skip("no Go and hence no large Go executable; name one with --binary")
    root = subprocess.run([go, "env", "GOTOOLDIR"], capture_output=True, text=True,
                          check=False).stdout.strip()
    tools = [os.path.join(root, name) for name in os.listdir(root)]
    return max(tools + [os.path.realpath(go)], key=os.path.getsize)


def measure(context):
    rows = []
    for binary in context.binaries or [largest_tool(context.go)]:
        size = os.path.getsize(binary) / 2**20
        for row in parse(context.helper("bench-open", binary))[0]:
            row.measure += f" ({os.path.basename(binary)}, {size:.0f} MiB)"
            rows.append(row)
    return rows
