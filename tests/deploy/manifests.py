#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""manifests.py AGENT KEPT: the Kubernetes manifests hold against the API's published types.

And what they configure is what the agent understands. KEPT is a folder where the checking program is
kept. Skipped (77) without Go, or where its modules are not to be had.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = HERE.parent.parent / "deploy/kubernetes/hone-agent.yaml"

# What must be found: a change, and a word of what is said of it.
WRONG = [
    ("hostPID: true", "hostPid: true", 'unknown field "spec.template.spec.hostPid"'),
    ("readOnlyRootFilesystem", "readOnlyRootFileSystem", "unknown field"),
    ("mountPath: /etc/hone", "mountpath: /etc/hone", "unknown field"),
    ("  maxUnavailable: 10%", "  maxUnavailible: 10%", "unknown field"),
    ("startupProbe:", "livenessProbe:", "already set"),
    ("containerPort: 7071", "containerPort: http", "cannot unmarshal"),
    ("apiVersion: apps/v1", "apiVersion: apps/v2", "no kind"),
    ("kind: DaemonSet", "kind: DeamonSet", "no kind"),
    ("cpu: 20m", "cpu: 20mm", "unable to parse quantity"),
    ("priorityClassName: hone-agent", "priorityClassName: hone", "priorityClassName"),
    ("serviceAccountName: hone-agent", "serviceAccountName: default", "serviceAccountName"),
    ("            - name: cgroup\n", "            - name: cgroups\n", "no volume"),
    ("path: /healthz", "path: /health", "Probe"),
    ("port: http", "port: metrics", "no port metrics"),
    ("add: [BPF, ", "add: [SYS_ADMIN, BPF, ", "capabilities.add"),
    ("drop: [ALL]", "drop: [NET_RAW]", "capabilities.drop"),
    ("verbs: [list, watch]", "verbs: ['*']", "ClusterRole"),
    ("- operator: Exists", "- operator: Exist", "tolerations"),
    ("type: RuntimeDefault", "type: Unconfined", "seccompProfile"),
]


def instruction(word):
    """The arguments of the image's last instruction of this name."""
    text = (HERE.parent.parent / "deploy/image/Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{word} (.*)$", text, re.M)[-1]


def build(kept):
    """The program, or None and why not."""
    if not shutil.which("go"):
        return None, "no Go here"
    os.makedirs(kept, exist_ok=True)
    program = os.path.join(os.path.abspath(kept), "manifests")
    run = subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "manifests", text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                         env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false"})
    return (None, run.stdout.strip()) if run.returncode else (program, None)


def check(program, text, folder):
    path = os.path.join(folder, "changed.yaml")
    pathlib.Path(path).write_text(text)
    run = subprocess.run([program, "check", path], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def agent_takes(agent, program, folder):
    """The ConfigMap is a configuration that the agent takes."""
    config = os.path.join(folder, "agent.yaml")
    with open(config, "wb") as file:
        subprocess.run([program, "config", MANIFEST], stdout=file, check=True)
    run = subprocess.run([agent, "--config", config, "--check-config"], capture_output=True,
                         text=True, check=False)
    assert run.returncode == 0, run.stderr
    for words in "http://pyroscope.", "cgroup: /host/cgroup", '"0.0.0.0:7071"':
        assert words in run.stdout, run.stdout


def main():
    agent, kept = sys.argv[1:]
    program, why = build(kept)
    if not program:
        print(f"skipped: {why}")
        return 77
    text = MANIFEST.read_text()
    with tempfile.TemporaryDirectory() as folder:
        code, said = check(program, text, folder)
        assert code == 0, said
        print(said.strip())
        for right, wrong, words in WRONG:
            assert right in text, right
            code, said = check(program, text.replace(right, wrong), folder)
            assert code == 1 and words in said, f"{wrong!r}: {code}, {said}"
        agent_takes(agent, program, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
