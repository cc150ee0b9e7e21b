#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""wire.py --push PUSH CASE: the room store/ against a server that does what servers do."""
import argparse
import gzip
import os
import re
import socket
import subprocess
import sys
import tempfile

import certificates
from server import CALL, Server, decode_push

ID = "01234567-89ab-cdef-0123-456789abcdef"
LABELS = [("__name__", "process_cpu"), ("service_name", "shop-api"), ("pod", "api-1")]
PPROF = gzip.compress(b"not parsed by anybody here" * 100, mtime=0)


class Push:
    """The helper program, fed round by round."""

    def __init__(self, program, folder, url, *options, data=PPROF, labels=LABELS, environment=None):
        path = os.path.join(folder, "profile")
        with open(path, "wb") as file:
            file.write(data)
        command = [program, "--url", url, "--timeout", "5000", *options]
        for name, value in labels:
            command += ["--label", f"{name}={value}"]
        self.process = subprocess.Popen(
            command + [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})})

    def line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def result(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the program ended: {self.process.wait()}")
        ident, outcome, status, retry, changed, text = line.rstrip("\n").split("\t")
        return {"id": ident, "outcome": outcome, "status": int(status), "retry": int(retry),
                "changed": int(changed), "text": text}

    def push(self, ident=ID):
        self.line(ident)
        return self.result()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "hung"
        self.process.stdout.close()
        if kind is None:
            same(status, 0, "the program's end")


def same(got, want, what=""):
    assert got == want, f"{what}: {got!r}, not {want!r}"


def check(result, outcome, status, retry=0, text=None):
    same((result["outcome"], result["status"], result["retry"]), (outcome, status, retry), result)
    if text is not None:
        assert re.search(text, result["text"]), result
    if outcome == "ok":
        same(result["text"], "")


SLOW = 30000


class Cases:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def open(self, url, *options, **more):
        return Push(self.program, self.folder, url, *options, **more)

    def one(self, server, path, *options, **more):
        with self.open(server.url + path, *options, **more) as push:
            return push.push()

    # ---- what is sent
    def request(self):
        with Server() as server:
            check(self.one(server, "/", "--user-agent", "hone/1.2.3"), "ok", 200)
            seen, = server.seen
        same(seen["path"], CALL)
        headers = dict(seen["headers"])
        same(headers.pop("Host"), f"127.0.0.1:{server.port}")
        same(headers.pop("Content-Length"), str(len(seen["body"])))
        same(headers, {"Content-Type": "application/proto", "Connect-Protocol-Version": "1",
                       "User-Agent": "hone/1.2.3", "Accept": "*/*"})
        same(decode_push(seen["body"]), [{"labels": LABELS, "samples": [(ID, PPROF)]}])

    def prefix(self):
        for prefix in "/ok", "/ok/", "/ok//", "/ok/a/b%20c":
            with Server() as server:
                check(self.one(server, prefix), "ok", 200)
                same(server.seen[0]["path"], prefix.rstrip("/") + CALL)

    def labels(self):
        labels = LABELS + [("dotted.name", "x"), ("empty", ""), ("bad", b"\xff".decode("latin1"))]
        with Server() as server:
            result = self.one(server, "", labels=labels)
            check(result, "ok", 200)
            same(result["changed"], 1)
            got = decode_push(server.seen[0]["body"])[0]["labels"]
        same(got, LABELS + [("dotted_name", "x"), ("bad", "\xff")])

    def large(self):
        data = gzip.compress(os.urandom(5 << 20), 1)
        with Server() as server:
            check(self.one(server, "", data=data), "ok", 200)
            same(decode_push(server.seen[0]["body"])[0]["samples"], [(ID, data)])
            assert "Expect" not in server.seen[0]["headers"]
        huge = b"\x1f\x8b" + bytes((64 << 20) - 1)
        with Server() as server:
            check(self.one(server, "", data=huge), "too-big", 0)
            same(server.seen, [])

    def tenant_and_headers(self):
        with Server() as server:
            check(self.one(server, "", "--tenant", "team-a", "--header", "X-A: b c", "--header",
                           "Authorization: Token t"), "ok", 200)
            headers = server.seen[0]["headers"]
        same([headers["X-Scope-OrgID"], headers["X-A"], headers["Authorization"]],
             ["team-a", "b c", "Token t"])

    def names(self):
        """Escaped, until a server says that it keeps them, and after any other answer again."""
        with Server() as server:
            said = "vvnvovevxv"
            # libcurl tries again by itself where a connection that was kept ends.
            with self.open(server.url + "/names/" + said.replace("x", "xx")) as push:
                for turn in said:
                    push.push()
                    push.line("names")
                    same(push.process.stdout.readline(), "verbatim\n" if turn == "v" else "escaped\n", turn)

    # ---- what is answered
    def statuses(self):
        retry = {408: 0, 425: 0, 429: 0, 499: 0, 500: 0, 502: 0, 503: 0, 504: 0, 599: 0}
        retry.update({s: SLOW for s in (201, 301, 302, 303, 308, 401, 403, 404, 405, 407, 410, 415,
                                        421, 501)})
        with Server() as server:
            for status in sorted([400, 402, 406, 409, 411, 412, 413, 414, 422, 431, 451, *retry]):
                result = self.one(server, f"/status/{status}")
                want = "retry" if status in retry else "too-big" if status == 413 else "refused"
                check(result, want, status, retry.get(status, 0),
                      f"^the store answered {status}, some_code: a reason$")

    def rate_limit(self):
        large = gzip.compress(bytes(2_200_000))
        with Server() as server:
            check(self.one(server, "/rate"), "retry", 429, 0, "push rate limit")
            check(self.one(server, "/rate", data=large), "too-big", 429, 0, "push rate limit")

    def retry_after(self):
        with Server() as server:
            check(self.one(server, "/retry_after/7"), "retry", 503, 7000)
            check(self.one(server, "/retry_after/99999999999"), "retry", 503, 3600000)
            check(self.one(server, "/retry_after/soon"), "retry", 503)
            check(self.one(server, "/retry_after/-5"), "retry", 503)
            result = self.one(server, "/retry_after/Wed,%2021%20Oct%202099%2007:28:00%20GMT")
            check(result, "retry", 503, 3600000)

    def redirect(self):
        with Server() as server:
            check(self.one(server, "/redirect"), "retry", 307, SLOW, "redirect, which is not followed")
            same(len(server.seen), 1)

    def not_a_store(self):
        with Server() as server:
            check(self.one(server, "/html"), "retry", 200, SLOW, "not as a store does")
            check(self.one(server, "/wrong_body"), "retry", 200, SLOW, "not as a store does")
            check(self.one(server, "/empty_page"), "retry", 200, SLOW, "not as a store does")

    def early_responses(self):
        with Server() as server:
            check(self.one(server, "/continue"), "ok", 200)

    def chunked(self):
        with Server() as server, self.open(server.url + "/chunked") as push:
            for _ in range(3):
                check(push.push(), "ok", 200)
            same(len({seen["peer"] for seen in server.seen}), 1, "connections")

    # ---- what goes wrong
    def broken_answers(self):
        with Server() as server:
            for path in ("chunked/5", "chunked/8", "chunked/10", "half", "half/503", "half_header",
                         "close", "reset", "garbage"):
                result = self.one(server, "/" + path)
                check(result, "retry", 0)
                assert result["text"], path

    def unread_requests(self):
        """Connections closed while much is still to be sent: no signal may end the program."""
        files = certificates.make(self.folder)
        data = gzip.compress(os.urandom(8 << 20), 1)
        for context in None, certificates.context(files):
            with Server(context) as server:
                for status in 0, 413, 503:
                    path = f"/unread/{status}"
                    with self.open(server.url + path, "--ca", files["ca"], data=data) as push:
                        for _ in range(5):
                            result = push.push()
                            assert result["outcome"] in ("retry", "too-big"), result
                            assert result["status"] in (0, status), result

    def too_long_answers(self):
        with Server() as server:
            check(self.one(server, "/long_body/200"), "retry", 0, 0, "too long")
            check(self.one(server, "/long_body/400"), "refused", 400)
            check(self.one(server, "/endless_body/200"), "retry", 0, 0, "too long")
            check(self.one(server, "/endless_body/500"), "retry", 500)
            check(self.one(server, "/endless_header"), "retry", 0, 0, "too long")

    def silence(self):
        with Server() as server:
            for path in "never", "drip":
                check(self.one(server, "/" + path, "--timeout", "300"), "retry", 0, 0, "(?i)timed? ?out")

    def no_connection(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
            with self.open(url) as push:
                check(push.push(), "retry", 0, 0, "(?i)connect")
        with socket.socket() as deaf:  # connections are made, and nobody takes them
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(1)
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
            with self.open(url, "--timeout", "300") as push:
                check(push.push(), "retry", 0, 0, "(?i)timed? ?out")

    def no_such_host(self):
        with self.open("http://no-such-host.invalid:4040", "--timeout", "3000") as push:
            check(push.push(), "retry", 0)

    def goes_on(self):
        """One bad answer after the other, then good ones, by the same store."""
        with Server() as server, self.open(server.url + "/token/t2", "--bearer",
                                           self.secret("t1")) as push:
            check(push.push(), "retry", 401, SLOW)
            self.secret("t2")
            check(push.push(), "ok", 200)

    # ---- connections
    def reuse(self):
        with Server() as server, self.open(server.url) as push:
            for _ in range(5):
                check(push.push(), "ok", 200)
            same(len({seen["peer"] for seen in server.seen}), 1, "connections")
        with Server() as server, self.open(server.url + "/close_idle") as push:
            for _ in range(5):
                check(push.push(), "ok", 200)
            same(len(server.seen), 5)

    def at_once(self):
        ids = [f"{i:032x}" for i in range(12)]
        with Server() as server, self.open(server.url + "/slow_ok/200", "--pushes", "4") as push:
            push.line(" ".join(ids))
            results = [push.result() for _ in ids]
            same(sorted(r["id"] for r in results), ids)
            same({r["outcome"] for r in results}, {"ok"})
            same(sorted(decode_push(s["body"])[0]["samples"][0][0] for s in server.seen), ids)
            same(server.most, 4)

    def cancel(self):
        with Server() as server, self.open(server.url + "/slow_ok/100", "--pushes", "2") as push:
            for _ in range(3):
                push.line("cancel")
                same(push.process.stdout.readline(), "cancelled\n")
                check(push.push(), "ok", 200)

    def cancel_from_done(self):
        """The first that is done ends the others, done already or not."""
        ids = [f"{i:032x}" for i in range(8)]
        for path in "", "/slow_ok/50", "/close", "/token/t":
            with Server() as server, self.open(server.url + path, "--pushes", "8", "--bearer",
                                               self.secret("t")) as push:
                for _ in range(5):
                    push.line("first " + " ".join(ids))
                    push.result()
                    same(push.process.stdout.readline(), "cancelled\n")
                push.push()
                os.remove(os.path.join(self.folder, "secret"))  # ends before it begins
                push.line("first " + " ".join(ids))
                check(push.result(), "retry", 0, SLOW)
                same(push.process.stdout.readline(), "cancelled\n")

    # ---- who we are
    def secret(self, text, name="secret"):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def bearer(self):
        with Server() as server, self.open(server.url, "--bearer", self.secret("t1\n")) as push:
            check(push.push(), "ok", 200)
            self.secret("t2 \r\n\n")
            check(push.push(), "ok", 200)
            os.remove(os.path.join(self.folder, "secret"))
            check(push.push(), "retry", 0, SLOW, "No such file or directory")
            self.secret("")
            check(push.push(), "retry", 0, SLOW, "no secret in it")
            self.secret("a\r\nX-Injected: b")
            check(push.push(), "retry", 0, SLOW, "more than one line")
            self.secret("x" * 20000)
            check(push.push(), "retry", 0, SLOW, "too large")
            self.secret("t3")
            check(push.push(), "ok", 200)
            same([seen["headers"]["Authorization"] for seen in server.seen],
                 ["Bearer t1", "Bearer t2", "Bearer t3"])

    def basic(self):
        with Server() as server:
            self.one(server, "", "--basic", self.secret("pa:ss wörd\n"), "--user", "me")
            self.one(server, "", "--basic", self.secret("you:pa:ss"))
            check(self.one(server, "", "--basic", self.secret("nocolon")), "retry", 0, SLOW, "USER:")
            same([seen["headers"]["Authorization"] for seen in server.seen],
                 ["Basic bWU6cGE6c3Mgd8O2cmQ=", "Basic eW91OnBhOnNz"])

    # ---- TLS
    def tls(self):
        files = certificates.make(self.folder)
        with Server(certificates.context(files)) as server:
            check(self.one(server, "", "--ca", files["ca"]), "ok", 200)
            check(self.one(server, ""), "retry", 0, SLOW, "(?i)certificate")
            check(self.one(server, "", "--ca", files["other-ca"]), "retry", 0, SLOW, "(?i)certificate")
            check(self.one(server, "", "--ca", "/nonexistent"), "retry", 0, SLOW)
            server.url = server.url.replace("127.0.0.1", "localhost")  # not in the certificate
            check(self.one(server, "", "--ca", files["ca"]), "retry", 0, SLOW, "(?i)name")
        with Server() as server:  # and none at all
            server.url = server.url.replace("http:", "https:")
            check(self.one(server, "", "--ca", files["ca"]), "retry", 0)

    def mutual_tls(self):
        files = certificates.make(self.folder)
        context = certificates.context(files, client_ca=files["ca"])
        with Server(context) as server:
            check(self.one(server, "", "--ca", files["ca"]), "retry", 0)
            check(self.one(server, "", "--ca", files["ca"], "--cert", files["client"], "--key",
                           files["client-key"]), "ok", 200)
            check(self.one(server, "", "--ca", files["ca"], "--cert", files["client-both"]), "ok", 200)
            same(server.seen[0]["certificate"]["subject"], ((("commonName", "client"),),))
            check(self.one(server, "", "--ca", files["ca"], "--cert", "/nonexistent"), "retry", 0, SLOW)
            same(len(server.seen), 2)

    def rotated_certificates(self):
        """Both sides change their authority while the store is open; it takes the new files."""
        first = certificates.make(os.path.join(self.folder, "one"))
        second = certificates.make(os.path.join(self.folder, "two"))
        used = {name: os.path.join(self.folder, name) for name in ("ca", "client-both")}

        def install(files):
            for name, path in used.items():
                os.path.lexists(path) and os.remove(path)
                os.symlink(files[name], path)

        install(first)
        with Server(certificates.context(first, client_ca=first["ca"])) as server:
            options = "--ca", used["ca"], "--cert", used["client-both"]
            with self.open(server.url + "/close_idle", *options) as push:
                check(push.push(), "ok", 200)
                server.context = certificates.context(second, client_ca=second["ca"])
                check(push.push(), "retry", 0, SLOW, "(?i)certificate")
                install(second)
                check(push.push(), "ok", 200)

    # ---- proxies
    def proxy(self):
        with Server() as proxy, Server() as server:
            check(self.one(server, "", "--proxy", proxy.url), "ok", 200)
            same(proxy.seen[0]["path"], server.url + CALL)
            same(server.seen, [])
            check(self.one(server, "", "--proxy", proxy.url, "--no-proxy", "127.0.0.0/8"), "ok", 200)
            same((len(proxy.seen), len(server.seen)), (1, 1))

    def proxy_for_tls(self):
        files = certificates.make(self.folder)
        with Server() as proxy, Server(certificates.context(files)) as server:
            options = ("--proxy", proxy.url.replace("//", "//me:word@"), "--ca", files["ca"], "--tenant", "t",
                       "--bearer", self.secret("t1"))
            check(self.one(server, "", *options), "ok", 200)
            seen, = proxy.seen
            same((seen["method"], seen["path"]), ("CONNECT", f"127.0.0.1:{server.port}"))
            same(seen["headers"]["Proxy-Authorization"], "Basic bWU6d29yZA==")
            # what is for the store is not for the proxy
            same([seen["headers"].get(h) for h in ("Authorization", "X-Scope-OrgID")], [None, None])
            same(server.seen[0]["headers"]["Authorization"], "Bearer t1")
            same(server.seen[0]["headers"].get("Proxy-Authorization"), None)
            proxy.proxy_refuses = True
            check(self.one(server, "", *options), "retry", 0, 0, "407")

    def environment_is_not_read(self):
        names = "http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"
        with Server() as proxy, Server() as server:
            environment = {name: proxy.url for name in names}
            check(self.one(server, "", environment=environment), "ok", 200)
            same((len(proxy.seen), len(server.seen)), (0, 1))
            environment = {"no_proxy": "*", "NO_PROXY": "*"}
            check(self.one(server, "", "--proxy", proxy.url, environment=environment), "ok", 200)
            same((len(proxy.seen), len(server.seen)), (1, 1))


def main():
    names = [n.replace("_", "-") for n, f in vars(Cases).items()
             if callable(f) and n not in ("__init__", "open", "one", "secret")]
    parser = argparse.ArgumentParser()
    parser.add_argument("--push", required=True)
    parser.add_argument("case", nargs="*", choices=[[], *names])
    arguments = parser.parse_args()
    bad = 0
    for name in arguments.case or names:
        with tempfile.TemporaryDirectory(prefix="hone-store-") as folder:
            try:
                getattr(Cases(arguments.push, folder), name.replace("-", "_"))()
            except AssertionError as error:
                print(f"{name}: {error}")
                bad += 1
    print(f"{len(arguments.case or names)} cases, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
