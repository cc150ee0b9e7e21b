#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers.py ROOT: each room includes only the rooms that it is allowed to lean on.

The table is the architecture. A new line in it is a decision, not a repair.
"""
import re
import sys

import tree

# room: rooms it may include besides itself
ROOMS = {
    "base": set(),
    # Reads a program's configuration by the table that the program has.
    "config": {"base"},
    "libpprof": set(),
    "pgo": {"base", "libpprof"},
    "proto": set(),
    "store": {"base", "proto"},
    "bpf": set(),
    "agent/binary": {"base"},
    "agent/capture": {"base", "bpf"},
    # Names a build by its build info, a plain value.
    "agent/target": {"base", "agent/binary"},
    "agent/kube": {"base", "agent/binary", "agent/target"},
    "agent/unwind": {"base", "bpf", "agent/binary"},
    "agent/builds": {"base", "bpf", "agent/binary", "agent/unwind"},
    "agent/aggregate": {"base"},
    "agent/symbolize": {
        "base", "libpprof", "pgo", "agent/binary", "agent/unwind", "agent/aggregate",
    },
    # The owner of the stages up to the counts: hone record and the agent share it.
    "agent/recorder": {
        "base", "bpf", "agent/capture", "agent/target", "agent/builds", "agent/unwind",
        "agent/aggregate",
    },
    "agent/deliver": {"base", "store"},
    "agent/config": {"base", "config", "agent/target"},
    "agent/expose": {"base", "agent/deliver"},
    "agent/privilege": {"base"},
    # What the collector keeps on disk; it knows bytes and labels, no profiles.
    "collector/depot": {"base"},
    "collector/http": {"base"},
    "collector/access": {"base"},
    "collector/meter": {"base"},
    "collector/settings": {"base", "config"},
    # Profiles to numbers of stacks and back: bytes, no request and no disk.
    "collector/brief": {"base", "libpprof"},
    # From requests to what the depot keeps, and from there to a default.pgo. Neither knows HTTP.
    "collector/ingest": {
        "base", "libpprof", "pgo", "proto", "store", "collector/brief", "collector/depot",
    },
    "collector/curate": {"base", "libpprof", "pgo", "collector/depot"},
    "collector/compact": {"base", "libpprof", "pgo", "collector/depot"},
    # From ingest what a refusal is, and the gate for messages.
    "collector/query": {
        "base", "libpprof", "pgo", "proto", "collector/brief", "collector/depot", "collector/ingest",
    },
    # Pages of plain values: what the index lists, what a profile is made of, trees of names.
    "collector/web": {
        "base", "pgo", "collector/depot", "collector/curate", "collector/query", "collector/meter",
    },
}
COLLECTOR = {room for room in ROOMS if room.startswith("collector/")}
ROOMS["agent"] = set(ROOMS) - COLLECTOR
ROOMS["cli"] = set(ROOMS) - COLLECTOR - {"agent"}
ROOMS["collector"] = {"base", "config", "libpprof", "pgo", "proto", "store"} | COLLECTOR

# Headers from outside that only some rooms may see.
OUTSIDE = [
    (r"\.skel\.h$", {"agent/capture"}),
    (r"^bpf/(libbpf|bpf|btf)\.h$", {"agent/capture"}),
    (r"^bpf/bpf_\w+\.h$", {"bpf"}),
    (r"^linux/(bpf|perf_event)\.h$", {"agent/capture"}),
    (r"^curl/", {"base", "store", "agent/kube", "agent"}),  # base: curl_loop
    (r"^yaml\.h$", {"config"}),
    (r"^microhttpd\.h$", {"agent/expose", "collector/http"}),
    (r"^gnutls/", {"collector/http"}),
    (r"^sqlite3\.h$", {"collector/depot"}),
    (r"^pcre2\.h$", {"collector/query"}),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    parts = path.split("/")
    for room in ("/".join(parts[:2]), parts[0]):
        if room in ROOMS:
            return room
    return None


def complaints(path, text):
    room = room_of(path)
    for quote, header in INCLUDE.findall(text):
        for pattern, rooms in OUTSIDE:
            if re.search(pattern, header) and room not in rooms:
                yield f"<{header}> belongs to {', '.join(sorted(rooms))} only"
        if quote != '"' or header.endswith(".skel.h"):
            continue
        other = room_of(header) if "/" in header else None
        if other is None:
            yield f'"{header}" is not named from the root of the tree'
        elif other != room and other not in ROOMS[room]:
            yield f'{room} may not lean on {other} ("{header}")'


def main():
    root, bad = sys.argv[1], 0
    sources = [p for p in tree.files(root, r"\.[ch]$") if room_of(p)]
    for path in sources:
        for complaint in complaints(path, tree.read(root, path)):
            print(f"{path}: {complaint}")
            bad += 1
    print(f"{len(sources)} files, {bad} complaints")
    return 1 if bad or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
