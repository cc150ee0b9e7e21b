#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the results in meson's testlog.json files: why tests were skipped, which failed, totals.

A test skips with exit code 77 and says why in the last line it prints. A build that failed, a log
that is missing and a log without a test each count as a failure: nothing run is nothing passed.
"""
import argparse
import json
import os
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def last_line(test):
    text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def name(test):
    return test["name"].split(" / ")[-1]


def read(path):
    try:
        with open(path, encoding="utf-8") as log:
            return [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        return []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broken-builds", type=int, default=0)
    parser.add_argument("logs", nargs="*")
    args = parser.parse_args()

    passed, failed, skipped = 0, args.broken_builds, 0
    for path in args.logs:
        build = os.path.basename(os.path.dirname(os.path.dirname(path)))
        tests = read(path)
        if not tests:
            print(f"failed: {build}: no test ran")
            failed += 1
        for test in tests:
            if test["result"] in PASSED:
                passed += 1
            elif test["result"] in SKIPPED:
                skipped += 1
                print(f"skipped: {build}: {name(test)}: {last_line(test)}")
            else:
                failed += 1
                print(f"failed: {build}: {name(test)}: {test['result'].lower()}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
