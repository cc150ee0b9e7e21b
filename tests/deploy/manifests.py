#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""manifests.py AGENT COLLECTOR KEPT: the Kubernetes manifests hold against the API's published types.

And what they configure is what the programs understand. KEPT is a folder where the checking program is
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
DEPLOY = HERE.parent.parent / "deploy"

# What must be found: a change, and a word of what is said of it.
WRONG = {"hone-agent": [
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
    ("enforce: privileged", "enforce: baseline", "baseline: non-default capabilities"),
], "hone-collector": [
    ("volumeClaimTemplates:", "volumeClaimTemplate:", "unknown field"),
    ("replicas: 1", "replicas: 2", "one, with one volume"),
    ("serviceName: hone", "serviceName: bone", "serviceName"),
    ("targetPort: http", "targetPort: web", "Service: no port web"),
    ("  selector:\n    app.kubernetes.io/name: hone", "  selector:\n    app.kubernetes.io/name: bone",
     "selector of the Service"),
    ("        name: data\n", "        name: dates\n", 'no volume "data"'),
    ("              mountPath: /etc/hone\n              readOnly: true\n", "              mountPath: /etc/hone\n",
     '"config" can be written'),
    ("secretName: hone-collector", "secretName: hone-collector\n            optional: true", "without tokens"),
    ("enforce: restricted", "enforce: baseline", "restricted"),
    ("runAsNonRoot: true", "runAsNonRoot: false", "restricted: runAsNonRoot != true"),
    ("runAsUser: 65532", "runAsUser: 0", "restricted: runAsUser=0"),
    ("drop: [ALL]", "drop: [ALL]\n              add: [NET_BIND_SERVICE]", "capabilities.add"),
    ("drop: [ALL]", "drop: [NET_RAW]", "restricted: unrestricted capabilities"),
    ("type: RuntimeDefault", "type: Unconfined", "restricted: seccompProfile"),
    ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "restricted: allowPrivilegeEscalation"),
    ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "securityContext"),
    ("limits: {memory: 1Gi}", "limits: {}", "resources"),
    ("storage: 20Gi", "storage: 20Gib", "quantities must match"),
]}

# What each is told.
CONFIGURED = {
    "hone-agent": ["http://hone-collector.hone-collector.svc:4040", "/var/run/secrets/hone/token",
                   "cgroup: /host/cgroup", '"0.0.0.0:7071"'],
    "hone-collector": ['"0.0.0.0:4040"', "/var/run/secrets/hone/tokens", "/var/lib/hone-collector", "14GiB"],
}


def path_of(name):
    return DEPLOY / f"kubernetes/{name}.yaml"


def instruction(name, word):
    """The arguments of the last instruction of this kind for the image of @name."""
    text = (DEPLOY / "image/Dockerfile").read_text().replace("\\\n", " ")
    stage, = (stage for stage in text.split("\nFROM ") if stage.partition("\n")[0].endswith(f" AS {name}"))
    return re.findall(rf"^{word} (.*)$", stage, re.M)[-1]


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


def program_takes(name, path, checker, folder):
    """The ConfigMap is a configuration that the program takes."""
    config = os.path.join(folder, "config.yaml")
    with open(config, "wb") as file:
        subprocess.run([checker, "config", path_of(name)], stdout=file, check=True)
    run = subprocess.run([path, "--config", config, "--check-config"], capture_output=True,
                         text=True, check=False)
    assert run.returncode == 0, run.stderr
    for words in CONFIGURED[name]:
        assert words in run.stdout, (words, run.stdout)


def main():
    *programs, kept = sys.argv[1:]
    checker, why = build(kept)
    if not checker:
        print(f"skipped: {why}")
        return 77
    for name, path in zip(WRONG, programs, strict=True):
        text = path_of(name).read_text()
        with tempfile.TemporaryDirectory() as folder:
            code, said = check(checker, text, folder)
            assert code == 0, said
            print(said.strip())
            for right, wrong, words in WRONG[name]:
                assert right in text, right
                code, said = check(checker, text.replace(right, wrong), folder)
                assert code == 1 and words in said, f"{wrong!r}: {code}, {said}"
            program_takes(name, path, checker, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
