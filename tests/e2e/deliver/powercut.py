#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""powercut.py DRIVER [--cuts N]: what was promised is on disk.

The driver submits profiles to a spool on an ext4 of its own, which lies in a file. Once some were
accepted, that file is copied: the copy is what a disk holds whose power fails at this moment, as what
the kernel has not written yet is not in it. Mounted again, all that was accepted must be found.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

from kill import Store, deliver_rest

SKIPPED = 77
DISK = 24 << 20
MOST = 40  # profiles until the cut


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def until_the_cut(command, n, disk, copy):
    """The numbers of n accepted profiles."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as driver:
        accepted = [int(driver.stdout.readline()) for _ in range(n)]
        driver.kill()
    run("cp", "--sparse=always", disk, copy)
    return accepted


def cut(driver, folder, n, seed):
    """(accepted, half-written files found, what is wrong)"""
    disk, copy, at = f"{folder}/disk", f"{folder}/copy", f"{folder}/at"
    sockets = [f"{folder}/a", f"{folder}/b"]
    with open(disk, "wb") as file:
        file.truncate(DISK)
    run("mkfs.ext4", "-q", disk)
    # Left to itself, the kernel writes nothing for ten minutes.
    run("mount", "-o", "loop,commit=600", disk, at)
    try:
        # Nobody listens yet.
        accepted = until_the_cut([driver, f"{at}/spool", "1", *sockets], n, disk, copy)
    finally:
        run("umount", at)
    run("mount", "-o", "loop", copy, at)
    try:
        stores = [Store(path, seed) for path in sockets]
        torn = deliver_rest([driver, f"{at}/spool", "0", *sockets])
    finally:
        run("umount", at)
    for path in sockets:
        os.unlink(path)
    return len(accepted), torn, [text for s in stores for text in s.check(accepted)]


def has_loop_devices():
    return shutil.which("losetup") and not subprocess.run(["losetup", "-f"], capture_output=True,
                                                          check=False).returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--inside", action="store_true", help="in a mount namespace of its own")
    options = parser.parse_args()
    if not options.inside:
        if os.geteuid() or not shutil.which("mkfs.ext4") or not has_loop_devices():
            print("skipped: needs root, mkfs.ext4 and loop devices")
            return SKIPPED
        os.execvp("unshare", ["unshare", "--mount", sys.executable, "-B", *sys.argv, "--inside"])
    folder = tempfile.mkdtemp(prefix="hone-powercut-")
    accepted, torn, wrong = 0, 0, []
    os.mkdir(f"{folder}/at")
    try:
        for i in range(options.cuts):
            more = cut(options.driver, folder, random.randint(1, MOST), i)
            accepted, torn, wrong = accepted + more[0], torn + more[1], wrong + more[2]
    finally:
        shutil.rmtree(folder)
    print(f"{options.cuts} cuts, {accepted} profiles accepted, {torn} half-written files, "
          f"{len(wrong)} wrong")
    print("\n".join(wrong[:20]))
    return 1 if wrong or not accepted else 0


if __name__ == "__main__":
    sys.exit(main())
