# SPDX-License-Identifier: Apache-2.0
"""The file that is written, and the one that was there before."""
import contextlib
import os
import re
import signal
import stat

from bench import assert_profile, mounted, owner, test


@test
def standard_output(bench):
    actor = bench.spin()
    code, out, err = bench.hone("record", "--pid", actor.pid, "--duration", "2s", "-o", "-")
    assert code == 0, err
    bench.out.write_bytes(out)
    assert_profile(bench.out)


@test
def owned_by_user(bench):
    """The file belongs to who called sudo; without sudo, to root."""
    actor = bench.spin()
    bench.record("--pid", actor.pid, env=dict(os.environ, SUDO_UID="1234", SUDO_GID="4321"))
    assert owner(bench.out) == (1234, 4321)
    env = {key: value for key, value in os.environ.items() if not key.startswith("SUDO_")}
    bench.record("--pid", actor.pid, env=env)
    assert owner(bench.out) == (0, 0)


@test
def default_name(bench):
    actor = bench.spin()
    code, _, err = bench.hone("record", "--pid", actor.pid, "--duration", "2s", cwd=bench.folder)
    assert code == 0, err
    assert_profile(bench.folder / "default.pgo")


@test
def old_file_stays(bench):
    """Killed, or without a sample: the old file is as it was."""
    bench.out.write_text("old")
    actor, idle = bench.spin(), bench.start(bench.actor, "idle")
    recorder = bench.recorder("--pid", actor.pid, "--duration", "1h", "-o", bench.out)
    recorder.attached()
    recorder.stop(signal.SIGKILL)
    before = set(os.listdir(bench.folder))
    assert bench.hone("record", "--pid", idle.pid, "--duration", "1s", "-o", bench.out)[0] == 3
    assert bench.out.read_text() == "old"
    assert set(os.listdir(bench.folder)) == before


@test
def replaced_whole(bench):
    """Nothing but the profile replaces a file, at once: readers see the old or the new."""
    actor = bench.spin()
    bench.out.write_text("old")
    with open(bench.out, encoding="ascii") as old:
        bench.record("--pid", actor.pid)
        assert old.read() == "old"
    assert_profile(bench.out)
    assert stat.S_IMODE(os.stat(bench.out).st_mode) & 0o444 == 0o444


@test
def disk_full(bench):
    """An old file stays, whatever happens."""
    actor = bench.spin()
    with mounted(bench, "tmpfs", "size=8k") as small:
        (small / "default.pgo").write_text("old")
        with contextlib.suppress(OSError):
            (small / "filler").write_bytes(b"x" * (1 << 20))
        code, _, err = bench.hone("record", "--pid", actor.pid, "--duration", "2s",
                                  "-o", small / "default.pgo")
        assert code == 1, err
        assert re.search("full|space", err), err
        assert (small / "default.pgo").read_text() == "old"
        assert sorted(os.listdir(small)) == ["default.pgo", "filler"]


@test
def folder_missing(bench):
    """Found out before an hour is recorded in vain."""
    actor = bench.spin()
    bench.out = bench.folder / "nowhere" / "default.pgo"
    bench.refused("--pid", actor.pid, "--duration", "1h", says=["nowhere", "no such"])


@test
def folder_read_only(bench):
    actor = bench.spin()
    with mounted(bench, "tmpfs", "ro") as folder:
        bench.out = folder / "default.pgo"
        bench.refused("--pid", actor.pid, "--duration", "1h", says="read-only")
