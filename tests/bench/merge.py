# SPDX-License-Identifier: Apache-2.0
"""Adding up many profiles, by part: those of the Go compiler, dealt out anew."""
import glob
import os
import subprocess

from programs import Failure, Skip
from rows import parse

# go build's -toolexec: every compiler writes a profile of itself.
RECORD = """#!/bin/sh
tool=$1; shift
case "$tool $*" in
*-V=*) exec "$tool" "$@" ;;
*/compile\\ *) exec "$tool" -cpuprofile="$PROFILES/$$.pprof" "$@" ;;
esac
exec "$tool" "$@"
"""


def record(context):
    if not context.go:
        raise Skip("no Go, whose compiler is what is profiled")
    folder = os.path.join(context.folder, "compiler")
    os.makedirs(folder, exist_ok=True)
    script = os.path.join(folder, "record")
    with open(script, "w", encoding="utf-8") as f:
        f.write(RECORD)
    os.chmod(script, 0o755)
    done = subprocess.run([context.go, "build", "-p", "2", "-toolexec", script, "net/http", "go/types"],
                          env=dict(os.environ, PROFILES=folder, GOCACHE=os.path.join(folder, "cache"),
                                   GOTOOLCHAIN="local"),
                          cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"go build: {done.stderr}")
    return glob.glob(os.path.join(folder, "*.pprof"))


def measure(context):
    profiles, rows = record(context), []
    for builds in 1, 10:
        output = context.helper("bench-merge", "-n", context.rounds(400, 40), "-b", builds, *profiles)
        for row in parse(output)[0]:
            row.measure = f"merge, {builds} build{'s' * (builds > 1)}: {row.measure}"
            rows.append(row)
    return rows
