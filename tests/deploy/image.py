#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""image.py AGENT: the image's root file system is complete, and there is nothing else in it.

Skipped (77) where it cannot be entered: that needs root.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from manifests import instruction

DEPLOY = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy"


def enter(root, *arguments):
    """The agent in there, with a /proc that goes with its mount namespace."""
    return subprocess.run(["unshare", "--mount", "sh", "-c",
                           'mount -t proc proc "$0/proc" && exec chroot "$0" hone-agent "$@"',
                           root, *arguments], capture_output=True, text=True, check=False)


def stated_versions():
    manifest = (DEPLOY / "kubernetes/hone-agent.yaml").read_text()
    yield re.search(r'image\.version="([^"]*)"', instruction("LABEL"))[1]
    yield re.search(r"image: hone-agent:(\S+)", manifest)[1]


def executables(root):
    """Programs; a library is one only where it is the loader."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o111:
            if ".so" not in path.name or path.name.startswith("ld-"):
                yield str(path.relative_to(root))


def main():
    agent = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        subprocess.run([DEPLOY / "image/rootfs", agent, root], check=True)
        found = sorted(executables(root))
        assert found[-1] == "usr/sbin/hone-agent", found
        assert all(re.fullmatch(r"usr/lib\S*/ld-\S+", path) for path in found[:-1]), found
        assert b"BEGIN CERTIFICATE" in (root / "etc/ssl/certs/ca-certificates.crt").read_bytes()
        user = instruction("USER")
        assert f":{user}:" in (root / "etc/passwd").read_text() and not user.startswith("0"), user
        assert instruction("ENTRYPOINT") == '["/usr/sbin/hone-agent"]'
        again = subprocess.run([DEPLOY / "image/rootfs", agent, root], capture_output=True, check=False)
        assert again.returncode == 1, "it wrote into what was there"
        if os.geteuid() != 0:
            print("skipped: needs root")
            return 77
        run = enter(root, "--version")
        assert run.returncode == 0, run
        version = run.stdout.split()[-1]
        assert set(stated_versions()) == {version}, (list(stated_versions()), version)
        next(root.rglob("libcurl.so.4")).unlink()
        assert "libcurl" in enter(root, "--version").stderr, "it does not take its libraries from here"
    print(run.stdout.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
