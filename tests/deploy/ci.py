#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ci.py --hone PATH --collector PATH: the recipes of deploy/ci, run step by step.

The shell is taken out of the files as it stands and runs against a collector and a bare repository; gh is
played by a script. What only GitHub, GitLab and a container builder can show is not shown here: their
actions, push options that open merge requests, base images.
"""
import argparse
import gzip
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
CI = os.path.join(HERE, "..", "..", "deploy", "ci")
BRANCH = "hone/default-pgo"


def load(name, path):
    spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pull = load("pull", os.path.join(HERE, "..", "e2e", "pull", "pull"))
equal, has = pull.equal, pull.has

GH = """#!/usr/bin/env python3
import json, os, sys
path = os.environ["GH_STATE"]
calls = json.load(open(path)) if os.path.exists(path) else []
made = sum(c[:2] == ["pr", "create"] for c in calls)
calls.append(sys.argv[1:])
json.dump(calls, open(path, "w"))
assert os.environ["GH_TOKEN"] == "gh-secret"
if sys.argv[1:3] == ["pr", "list"]:
    print(made)
elif sys.argv[1:3] == ["pr", "create"]:
    assert os.path.getsize(sys.argv[sys.argv.index("--body-file") + 1])
else:
    sys.exit(1)
"""


class Site(pull.Bench):
    """A repository with two programs, its bare origin, and a collector."""

    def __init__(self, options, folder):
        super().__init__(options, folder)
        self.bare = os.path.join(folder, "shop.git")
        self.bin = os.path.join(folder, "bin")
        self.cache = subprocess.run(["go", "env", "GOCACHE"], check=True, capture_output=True, text=True).stdout.strip()
        os.mkdir(self.bin)
        os.symlink(options.hone, os.path.join(self.bin, "hone"))
        self.script("gh", GH)
        self.write(".gitignore", "*.tmp\n")
        for words in [["init", "-q", "-b", "main", self.module], ["init", "-q", "--bare", "-b", "main", self.bare]]:
            subprocess.run(["git", *words], check=True)
        self.git("config", "receive.advertisePushOptions", "true", where=self.bare)
        self.commit("first")
        self.git("remote", "add", "origin", self.bare)
        self.git("push", "-q", "origin", "main")
        self.serve()

    def script(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)

    def git(self, *words, where=None):
        return subprocess.run(["git", "-C", where or self.module, *words], check=True, capture_output=True,
                              text=True).stdout.strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", message)

    def clone(self):
        """As CI checks out: shallow, detached, clean."""
        place = tempfile.mkdtemp(dir=self.folder)
        subprocess.run(["git", "clone", "-q", "--depth=1", "file://" + self.bare, place], check=True)
        self.git("checkout", "-q", "--detach", where=place)
        return place

    def run(self, script, cwd, shell, **env):
        variables = {k: v for k, v in os.environ.items()
                     if not k.lower().endswith("_proxy") and not k.startswith(("HONE_", "SUDO_", "GIT_"))}
        variables.update(PATH=self.bin + ":" + os.environ["PATH"], HONE_STORE=self.url, GOFLAGS="-mod=mod",
                         GOWORK="off", GOTOOLCHAIN="local", GOPROXY="off", HOME=self.folder, GOCACHE=self.cache, **env)
        r = subprocess.run([*shell, script], cwd=cwd, env=variables, capture_output=True, text=True, timeout=280,
                           check=False)
        assert r.returncode == 0, (script, r.returncode, r.stdout, r.stderr)
        return r.stdout + r.stderr

    def branch(self):
        """What the branch has over main: number of commits, files, message."""
        if BRANCH not in self.git("branch", "--format=%(refname:short)", where=self.bare).split():
            return None
        return (self.git("rev-list", "--count", f"main..{BRANCH}", where=self.bare),
                self.git("diff", "--name-only", f"main...{BRANCH}", where=self.bare).split(),
                self.git("log", "-1", "--format=%B", BRANCH, where=self.bare))


def check_life(site, run):
    """A week after the other, whoever runs them."""
    equal(run(), None, "no profile, no change")
    site.push(pull.API)
    commits, files, message = run()
    equal((commits, files), ("1", ["cmd/api/default.pgo"]))
    has(message, "default.pgo of 20", "written: new; good", "example.com/shop/cmd/worker: the store answered 404")
    first = site.git("rev-parse", BRANCH, where=site.bare)
    # Not merged, and nothing new but main: one commit again, on top of it.
    site.write("basket/more.go", "package basket\n")
    site.commit("second")
    site.git("push", "-q", "origin", "main")
    equal(run()[:2], ("1", ["cmd/api/default.pgo"]))
    second = site.git("rev-parse", BRANCH, where=site.bare)
    assert first != second
    equal(site.git("merge-base", "main", BRANCH, where=site.bare), site.git("rev-parse", "main", where=site.bare))
    # Merged: nothing to do, not even a push.
    site.git("fetch", "-q", "origin", BRANCH)
    site.git("merge", "-q", "--ff-only", "FETCH_HEAD")
    site.git("push", "-q", "origin", "main")
    run()
    equal(site.git("rev-parse", BRANCH, where=site.bare), second, "after the merge")
    # The other program, too; the store is down; it is up again with other calls.
    site.push(pull.WORKER, seed=2)
    equal(run()[:2], ("1", ["cmd/worker/default.pgo"]))
    third = site.git("rev-parse", BRANCH, where=site.bare)
    url, site.url = site.url, "http://127.0.0.1:1"
    run()
    equal(site.git("rev-parse", BRANCH, where=site.bare), third, "with the store down")
    site.url = url
    site.push(pull.API, seed=50)
    equal(run()[:2], ("1", ["cmd/api/default.pgo", "cmd/worker/default.pgo"]))
    # A hone that cannot do its work is no week without a change, and the job's log says why.
    os.unlink(os.path.join(site.bin, "hone"))
    site.script("hone", "#!/bin/sh\necho it is broken >&2\nexit 2\n")
    try:
        run()
    except AssertionError as error:
        has(str(error), "it is broken")
    else:
        raise AssertionError("nobody hears of a hone that does not work")


def case_github(site):
    with open(os.path.join(CI, "github.yaml")) as f:
        workflow = yaml.safe_load(f)
    job, = workflow["jobs"].values()
    equal(workflow[True]["schedule"], [{"cron": "17 4 * * 1"}])  # YAML 1.1 calls "on" true
    equal(workflow["permissions"], {"contents": "write", "pull-requests": "write"})
    state = os.path.join(site.folder, "gh.json")
    runs = []

    def run():
        place = site.clone()
        temp = tempfile.mkdtemp(dir=site.folder)
        output = os.path.join(temp, "output")
        runs.append(1)
        for step in job["steps"]:
            if "uses" in step:
                continue
            pushed = os.path.exists(output) and "pushed=true\n" in open(output).read()
            if "if" in step:
                equal(step["if"], "steps.push.outputs.pushed == 'true'")
                if not pushed:
                    continue
            # docs.github.com, "Exit codes and error action preference": what Linux runs steps with
            site.run(step["run"], place, ["bash", "-e", "-c"], RUNNER_TEMP=temp, GITHUB_OUTPUT=output,
                     BRANCH=job["env"]["BRANCH"], HONE_TOKEN="", GH_TOKEN="gh-secret", GH_STATE=state)
        return site.branch()

    check_life(site, run)
    with open(state) as f:
        calls = [" ".join(c[:2]) for c in json.load(f)]
    equal((calls.count("pr create"), calls.count("pr list")), (1, 4), "one pull request for all")


def case_gitlab(site):
    with open(os.path.join(CI, "gitlab.yaml")) as f:
        jobs = yaml.safe_load(f)
    job, = jobs.values()
    options = os.path.join(site.folder, "options")
    hook = os.path.join(site.bare, "hooks", "pre-receive")
    with open(hook, "w") as f:
        f.write("#!/bin/sh\n: >'%s'\ni=0\nwhile [ $i -lt ${GIT_PUSH_OPTION_COUNT:-0} ]; do\n"
                "eval echo \\\"\\$GIT_PUSH_OPTION_$i\\\" >>'%s'\ni=$((i+1))\ndone\n" % (options, options))
    os.chmod(hook, 0o755)

    def run():
        # docs.gitlab.com, "script": the runner's shell runs them one after the other and stops at the first that fails.
        site.run("\n".join(job["script"]), site.clone(), ["bash", "-eo", "pipefail", "-c"],
                 BRANCH=job["variables"]["BRANCH"], CI_BUILDS_DIR=tempfile.mkdtemp(dir=site.folder),
                 CI_SERVER_HOST="gitlab.example.com", CI_SERVER_URL="file://" + site.folder, CI_PROJECT_PATH="shop",
                 CI_DEFAULT_BRANCH="main", DEFAULT_PGO_TOKEN="gl-secret")
        return site.branch()

    check_life(site, run)
    equal(open(options).read().splitlines(),
          ["merge_request.create", "merge_request.target=main",
           "merge_request.title=Profiles for this week's builds", "merge_request.remove_source_branch"])


def steps_of(text):
    """The RUN instructions of a Dockerfile, without their mounts."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", text))
    return [re.sub(r"^(--\S+ )*", "", line[4:]) for line in joined.splitlines() if line.startswith("RUN ")]


def case_dockerfile(site):
    """Of a Dockerfile the shell, in a clone instead of an image."""
    with open(os.path.join(CI, "Dockerfile")) as f:
        download, fetch, build = steps_of(f.read())
    equal(download, "go mod download")
    secret = os.path.join(site.folder, "secret")
    fetch = fetch.replace("/run/secrets/hone_token", secret).replace("/tmp/", site.folder + "/")
    build = build.replace("/service", site.folder + "/service")
    place = site.clone()
    profile = os.path.join(place, "cmd", "api", "default.pgo")

    def run():
        said = site.run(fetch, place, ["sh", "-c"], MAIN="cmd/api")
        site.run(build, place, ["sh", "-c"], MAIN="cmd/api")
        info = subprocess.run(["go", "version", "-m", site.folder + "/service"], check=True, capture_output=True,
                              text=True).stdout
        equal("-pgo=" in info, os.path.exists(profile), "built with a profile")
        return said
    has(run(), "no new profile for cmd/api")
    assert not os.path.exists(profile)
    site.push(pull.API)
    has(run(), "")
    good = pull.read(profile)
    assert gzip.decompress(good)
    url, site.url = site.url, "http://127.0.0.1:1"
    has(run(), "no new profile for cmd/api")
    equal(pull.read(profile), good, "with the store down")
    site.url = url
    with open(secret, "w") as f:
        f.write("s3cret\n")
    run()
    assert not os.path.exists(site.folder + "/header")


def case_make(site):
    if not shutil.which("make"):
        pull.skip("no make here")
    site.push(pull.API)
    place = site.clone()
    text = f"include {os.path.abspath(CI)}/hone.mk\nbuild: pgo\n\tgo build -o /dev/null ./cmd/api\n"
    with open(os.path.join(place, "Makefile"), "w") as f:
        f.write(text)
    has(site.run("make build", place, ["sh", "-c"]), "written: new")
    before = os.stat(os.path.join(place, "cmd", "api", "default.pgo")).st_mtime_ns
    has(site.run("make build", place, ["sh", "-c"]), "unchanged")
    equal(os.stat(os.path.join(place, "cmd", "api", "default.pgo")).st_mtime_ns, before)
    has(site.run("! make pgo FAIL=--fail", place, ["sh", "-c"]), "cmd/worker: the store answered 404")


def case_schema(_):
    """As GitHub and GitLab describe their files."""
    check = shutil.which("check-jsonschema") or pull.skip("no check-jsonschema here (pip)")
    for words in [["vendor.github-workflows", "github.yaml"],
                  ["vendor.gitlab-ci", "--data-transform", "gitlab-ci", "gitlab.yaml"]]:
        subprocess.run([check, "--builtin-schema", *words[:-1], os.path.join(CI, words[-1])], check=True,
                       timeout=120)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--collector", required=True)
    parser.add_argument("--hone", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    args.hone = os.path.abspath(args.hone)
    for program in ["go", "git", "curl"]:
        if not shutil.which(program):
            pull.skip(f"no {program} here")
    with tempfile.TemporaryDirectory() as folder:
        site = Site(args, os.path.realpath(folder))
        try:
            globals()["case_" + args.case](site)
        finally:
            site.collector.process.kill()


if __name__ == "__main__":
    sys.exit(main())
