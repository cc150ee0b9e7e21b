#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed.py OUTPUT NAME=FILE...: files as C, with names that change with their contents.

For each asset ASSET_NAME of assets.h: its address, its bytes, and these compressed.
"""
import gzip
import hashlib
import os
import sys

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}


def array(name, data):
    lines = [", ".join(map(str, data[i:i + 24])) for i in range(0, len(data), 24)]
    return f"static const uint8_t {name}[] = {{\n" + ",\n".join(lines) + "\n};\n"


def main():
    arrays, entries = [], []
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        with open(path, "rb") as file:
            data = file.read()
        packed = gzip.compress(data, 9, mtime=0)
        stem, ending = os.path.splitext(os.path.basename(path))
        address = f"/assets/{stem}-{hashlib.sha256(data).hexdigest()[:16]}{ending}"
        arrays += [array(name + "_plain", data), array(name + "_gzip", packed)]
        entries.append(f'\t[ASSET_{name.upper()}] = {{ "{address}", "{TYPES[ending]}",\n'
                       f"\t\t{{ {name}_plain, sizeof({name}_plain) }},\n"
                       f"\t\t{{ {name}_gzip, sizeof({name}_gzip) }} }},\n")
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write('#include "collector/web/assets.h"\n\n' + "\n".join(arrays) +
                  "\nconst struct asset assets[N_ASSETS] = {\n" + "".join(entries) + "};\n")


if __name__ == "__main__":
    main()
