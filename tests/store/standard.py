#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""standard.py --push PUSH: pushes as Pyroscope's own API module and Connect's own library see them.

Skipped (77) without Go, or where the modules are not to be had.
"""
import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

from wire import ID, LABELS, PPROF, SLOW, Push, check, same

# connectrpc.com/docs/protocol, "Error codes": the status of each, and what it means to us
CODES = {
    "canceled": (499, "retry", 0), "unknown": (500, "retry", 0),
    "invalid_argument": (400, "refused", 0), "deadline_exceeded": (504, "retry", 0),
    "not_found": (404, "retry", SLOW), "already_exists": (409, "refused", 0),
    "permission_denied": (403, "retry", SLOW), "resource_exhausted": (429, "retry", 0),
    "failed_precondition": (400, "refused", 0), "aborted": (409, "refused", 0),
    "out_of_range": (400, "refused", 0), "unimplemented": (501, "retry", SLOW),
    "internal": (500, "retry", 0), "unavailable": (503, "retry", 0),
    "data_loss": (500, "retry", 0), "unauthenticated": (401, "retry", SLOW),
}


def build(folder):
    if not shutil.which("go"):
        return "no Go here"
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "standard")
    result = subprocess.run(["go", "build", "-o", os.path.join(folder, "standard"), "."], cwd=source,
                            capture_output=True, text=True, check=False,
                            env={**os.environ, "GOFLAGS": "-mod=readonly"})
    return result.stderr.strip().splitlines()[-1] if result.returncode else None


def one(program, folder, url, labels):
    with Push(program, folder, url, labels=labels) as push:
        return push.push()


def run(program, folder, server):
    url = server.stdout.readline().strip()

    def arrived():
        return json.loads(server.stdout.readline())

    check(one(program, folder, url, LABELS), "ok", 200)
    series, = arrived()
    same([tuple(label) for label in series["Labels"]], LABELS)
    sample, = series["Samples"]
    same((sample["ID"], base64.b64decode(sample["Pprof"])), (ID, PPROF))
    for code, (status, outcome, retry) in CODES.items():
        result = one(program, folder, url, LABELS + [("answer", code)])
        check(result, outcome, status, retry, f"^the store answered {status}, {code}: as you wished$")
        arrived()
    return len(CODES) + 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--push", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hone-store-") as folder:
        reason = build(folder)
        if reason:
            print(reason)
            return 77
        with subprocess.Popen([os.path.join(folder, "standard")], stdout=subprocess.PIPE,
                              text=True) as server:
            try:
                print(f"{run(arguments.push, folder, server)} pushes")
            finally:
                server.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
