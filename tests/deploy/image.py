#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""image.py PROGRAM: its image's root file system is complete, and there is nothing else in it.

Skipped (77) where it cannot be entered: that needs root.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from manifests import DEPLOY, instruction, path_of


def enter(root, name, *arguments):
    """The program in there, with a /proc that goes with its mount namespace."""
    return subprocess.run(["unshare", "--mount", "sh", "-c",
                           'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"',
                           root, name, *arguments], capture_output=True, text=True, check=False)


def stated_versions(name):
    yield re.search(r'image\.version="([^"]*)"', instruction(name, "LABEL"))[1]
    for path in path_of(name), DEPLOY / "image/Dockerfile":
        yield from re.findall(rf"\b{name}:(\d\S+)", path.read_text())


def executables(root):
    """Programs; a library is one only where it is the loader."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o111:
            if ".so" not in path.name or path.name.startswith("ld-"):
                yield str(path.relative_to(root))


def main():
    program = pathlib.Path(os.path.abspath(sys.argv[1]))
    name = program.name
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        subprocess.run([DEPLOY / "image/rootfs", program, root], check=True)
        found = sorted(executables(root))
        assert found[-1] == f"usr/sbin/{name}", found
        assert all(re.fullmatch(r"usr/lib\S*/ld-\S+", path) for path in found[:-1]), found
        assert b"BEGIN CERTIFICATE" in (root / "etc/ssl/certs/ca-certificates.crt").read_bytes()
        user = instruction(name, "USER")
        assert f":{user}:" in (root / "etc/passwd").read_text() and not user.startswith("0"), user
        assert instruction(name, "ENTRYPOINT") == f'["/usr/sbin/{name}"]'
        again = subprocess.run([DEPLOY / "image/rootfs", program, root], capture_output=True, check=False)
        assert again.returncode == 1, "it wrote into what was there"
        if os.geteuid() != 0:
            print("skipped: needs root")
            return 77
        state, = (line.split(":")[5] for line in (root / "etc/passwd").read_text().splitlines() if name in line)
        owned = (root / state[1:]).stat()
        runs_as = user if name == "hone-collector" else "0:0"
        assert f"{owned.st_uid}:{owned.st_gid}" == runs_as, "a new volume would not be its own"
        run = enter(root, name, "--version")
        assert run.returncode == 0, run
        version = run.stdout.split()[-1]
        assert set(stated_versions(name)) == {version}, (list(stated_versions(name)), version)
        next(root.rglob("libjansson.so.4")).unlink()
        assert "libjansson" in enter(root, name, "--version").stderr, "it does not take its libraries from here"
    print(run.stdout.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
