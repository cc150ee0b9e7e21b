#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""expose.py SERVE AGENT: the endpoints as scrapers, probes, hone-agent status and bad clients meet them."""
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import exposition

METRICS = """build_info ready window_seconds frequency_hertz windows_total config_reload_success
samples_total samples_lost_total stacks_truncated_total unwind_errors_total processes_tracked
binaries_cached binaries_cached_bytes profiles_written_total profile_bytes_total memory_bytes
spool_bytes spool_files spool_oldest_seconds push_requests_total push_retries_total
push_dropped_profiles_total push_dropped_bytes_total push_latency_seconds
last_success_timestamp_seconds k8s_watch_connected k8s_watch_relists_total
symbolization_total cache_evictions_total groups_refused_total binaries_unreadable_total""".split()


class Server:
    def __init__(self, *not_ready, deadline=0, pause=0):
        """Milliseconds; a deadline of 0 is the agent's."""
        self.process = subprocess.Popen([sys.argv[1], str(deadline), str(pause), *not_ready],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait() == 0, "the server failed"
        self.process.stdout.close()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, request):
        """Everything that comes back until the end."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)

    def get(self, path, method="GET", host="localhost"):
        answer = self.raw(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert answer, f"cut without an answer: {method} {path}"
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body


def read_all(connection):
    data = b""
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part


def metrics_are_well_formed(server):
    status, headers, body = server.get("/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    families = exposition.parse(body.decode())
    missing = [name for name in METRICS if "hone_agent_" + name not in families]
    assert not missing, missing
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                 "process_start_time_seconds"):
        assert families[name][1][0][2] > 0, name

    def value(name, **labels):
        return [v for n, l, v in families["hone_agent_" + name][1]
                if labels.items() <= l.items() and not n.endswith(("_bucket", "_sum"))]
    main = "http://main:4040 team"
    assert value("samples_total", result="counted") == [1000]
    assert value("symbolization_total", result="foreign") == [7]
    assert value("cache_evictions_total", cache="binaries") == [5]
    assert value("cache_refused_total", cache="pods") == [6]
    assert value("verdicts_repeated_total") == [8]
    assert value("windows_early_total") == [2]
    assert value("k8s_left_out_total", reason="too_big") == [9]
    assert value("binaries_unreadable_total") == [3]
    assert value("push_requests_total", store=main, code="429") == [4]
    assert value("push_requests_total", code="other") == [1]
    assert value("push_dropped_profiles_total", store=main, reason="refused") == [1]
    assert value("push_latency_seconds", store=main) == [10]
    assert value("last_success_timestamp_seconds", store=main) == [1700000000]
    assert value("spool_oldest_seconds") == [90]
    assert value("handed_over_profiles") == [4]
    assert value("handed_over_oldest_seconds") == [7]
    assert value("handed_over_refused_total") == [1]
    assert value("push_pending_profiles", store='file:///a"b\\c\nd') == [0]
    assert not any("pid" in l for _, s in families.values() for _, l, _ in s)
    assert [l["state"] for _, l, _ in families["hone_agent_heap_bytes"][1]] == ["used", "free"]
    assert documented() == families.keys(), documented() ^ families.keys()


def documented():
    """Names in the table of metrics; "`a`, `b`" in a row are two, and "process_…" has no prefix."""
    with open(os.path.join(os.path.dirname(__file__), "../../../docs/agent.md"),
              encoding="utf-8") as file:
        chapter = file.read().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    names = [name for row in re.findall(r"^\| (`.*?) \|", chapter, re.M)
             for name in re.findall(r"`(\w+)[^`]*`", row)]
    return {name if name.startswith("process_") else "hone_agent_" + name for name in names}


def a_wrong_exposition_is_seen(_server):
    """The reader that judges is itself judged."""
    good = "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"c\"} 1\n"
    exposition.parse(good)
    for bad in (good[:-1], good + "a_total{b=\"c\"} 2\n", good.replace("_total", ""),
                good.replace('"c"', '"c\\x"'), good.replace("1\n", "one\n"),
                good + "\n", good.replace("# HELP a_total x\n", ""), good + "c 1\n",
                good.replace("a_total{", "a_total {")):
        try:
            exposition.parse(bad)
        except exposition.Wrong:
            continue
        raise AssertionError(f"taken: {bad!r}")


def status_is_json(server):
    status, headers, body = server.get("/status")
    assert status == 200 and headers["content-type"] == "application/json"
    value = json.loads(body)
    assert value["samples"] == {"counted": 1000, "foreign": 7}
    assert value["stores"][0]["state"] == "waiting"
    assert value["stores"][0]["dropped"] == {"refused": 1}
    assert value["targets"][0]["service"] == "shop" and value["targets"][0]["unit"] is None
    assert value["targets"][0]["container"] == "api\\u001b[31m\\ufffd"
    assert len(value["targets"]) == 500 and value["targets_total"] == 1001
    assert value["ready"] is True


def probes(server):
    assert server.get("/healthz")[::2] == (200, b"ok\n")
    assert server.get("/readyz")[::2] == (200, b"ready\n")
    with Server("no store was reached") as other:
        assert other.get("/healthz")[0] == 200
        assert other.get("/readyz")[::2] == (503, b"no store was reached\n")


def other_requests_are_refused(server):
    assert server.get("/")[0] == 404
    assert server.get("/metrics/../status")[0] == 404
    status, headers, _ = server.get("/metrics", "POST")
    assert status == 405 and headers["allow"] == "GET, HEAD"
    status, headers, body = server.get("/metrics", "HEAD")
    assert status == 200 and int(headers["content-length"]) > 1000 and not body
    assert headers["connection"].lower() == "close"


def other_names_are_refused(server):
    """A page of evil.example whose name leads to this machine by now reads nothing."""
    for host in ("evil.example", f"evil.example:{server.port}", "localhost.evil.example", "x" * 300,
                 "127.0.0.1.evil.example"):
        status, _, body = server.get("/status", host=host)
        assert status == 421 and b"shop" not in body, (host, status)
    for host in ("localhost", "LocalHost:80", "127.0.0.1", f"127.0.0.1:{server.port}", "[::1]:7071",
                 "10.0.0.7:7071", "[::1]"):
        assert server.get("/status", host=host)[0] == 200, host
    assert b" 200 OK" in server.raw(b"GET /healthz HTTP/1.0\r\n\r\n")


def what_is_no_request_is_refused(server):
    for request in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: " + b"x" * 100000 + b"\r\n\r\n",
                    b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n",
                    b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100000):
        try:
            answer = server.raw(request)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        assert not answer or re.match(rb"HTTP/1.[01] [45]\d\d ", answer), (request[:30], answer[:60])
    assert server.get("/healthz")[0] == 200


def drip(connection, stop):
    """A byte now and then, so that the connection is never silent."""
    try:
        for byte in b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 1000:
            if stop.wait(0.1):
                return
            connection.sendall(bytes([byte]))
    except OSError:
        pass


def slow_clients_are_cut(_server):
    """All places are taken by clients that are not done; the next one is served when they are cut."""
    with Server(deadline=1000) as server:
        slow, stop = [server.connect() for _ in range(16)], threading.Event()
        threads = [threading.Thread(target=drip, args=(c, stop)) for c in slow[:8]]
        for thread in threads:
            thread.start()
        for connection in slow[8:12]:  # asks, and takes no answer
            connection.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            assert server.get("/healthz")[0] == 200
            for connection in slow[:8] + slow[12:]:
                ready, _, _ = select.select([connection], [], [], 20)
                assert ready, "a slow client was not cut"
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for connection in slow:
                connection.close()
        assert server.get("/healthz")[0] == 200


def who_waits_for_others_is_not_cut(_server):
    """A client comes while an answer is made for another, which takes longer than the deadline."""
    question = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Server(deadline=1000, pause=1500) as server, server.connect() as first:
        assert server.get("/healthz")[0] == 200  # so the first one is known
        server.process.send_signal(signal.SIGSTOP)
        first.sendall(question % b"/readyz")
        with server.connect() as second:
            second.sendall(question % b"/healthz")
            server.process.send_signal(signal.SIGCONT)
            assert read_all(first).endswith(b"ready\n")
            assert read_all(second).endswith(b"ok\n"), "cut for the time the other one took"


def many_clients_at_once(server):
    """More than there is room for: they wait their turn, and nobody is turned away."""
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(server.get("/metrics")[0]))
               for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50, statuses


def an_idle_server_sleeps(server):
    """Nothing to do costs nothing: no timer runs on."""
    def switches():
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", file.read())[1])
    server.get("/healthz")
    for _ in range(30):  # its last timer is gone when the last deadline is over
        before = switches()
        time.sleep(1)
        if switches() == before:
            return
    raise AssertionError("it wakes up for nothing")


def agent(*arguments, environment=None):
    """Exit code, standard output and standard error of hone-agent."""
    result = subprocess.run([sys.argv[2], *arguments], capture_output=True, text=True, check=False,
                            env={**os.environ, **(environment or {})})
    return result.returncode, result.stdout, result.stderr


def status_for_people(server):
    address = f"127.0.0.1:{server.port}"
    # A proxy of the environment is not asked for what is on this machine.
    code, out, error = agent("status", "--address", address,
                             environment={"http_proxy": "http://127.0.0.1:1"})
    assert code == 0 and not error, (code, error)
    assert re.search(r"^samples +counted 1000, foreign 7$", out, re.M), out
    assert re.search(r"^ +500 +1 +shop +.* example.com/shop/cmd/api$", out, re.M), out
    assert re.search(r"^  dropped +refused 1$", out, re.M), out
    assert re.search(r"^memory +stacks 1.0 MiB, bpf 4.0 MiB$", out, re.M), out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", out), "control characters"
    code, out, error = agent("status", "--address=" + address, "--json")
    assert code == 0 and json.loads(out)["version"] == "1.2.3"
    code, out, error = agent("status", "--address", "127.0.0.1:1")
    assert code == 1 and not out and "127.0.0.1:1" in error
    assert agent("status", "--nonsense")[0] == 2
    assert agent("status", "--address", "localhost")[0] == 2


def status_asks_where_the_agent_listens(server):
    """As the agent itself would find it: flag, environment, file."""
    with tempfile.TemporaryDirectory() as folder:
        def write(text):
            path = os.path.join(folder, "agent.yaml")
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            return path
        path = write(f"listen: 127.0.0.1:{server.port}\n")
        for words, environment in ((["--config", path], {}), (["--config=" + path], {}),
                                   ([], {"HONE_CONFIG": path}),
                                   (["--config", "/dev/null"],
                                    {"HONE_LISTEN": f"127.0.0.1:{server.port}"})):
            code, out, error = agent("status", *words, environment=environment)
            assert code == 0 and "1.2.3 on n1" in out and not error, (words, code, error)
        code, out, error = agent("status", "--config", write('listen: ""\n'))
        assert code == 1 and "not to listen" in error, (code, error)
        code, out, error = agent("status", "--config", write("nonsense: 1\n"))
        assert code == 2 and "agent.yaml:1: " in error and "--address" in error, (code, error)
    code, out, error = agent("status", "--config", "/nowhere/at/all")
    assert code == 2 and "/nowhere/at/all: cannot be read" in error, (code, error)


def the_configuration_is_checked(_server):
    code, out, error = agent("--check-config", "--store", "http://x", "--config", "/dev/null")
    assert code == 0 and not error and "  - url: http://x\n" in out, (code, out, error)
    code, out, error = agent("--check-config", "--window", "1", "--config", "/dev/null")
    assert code == 2 and not out and "--window: wants a time" in error, (code, out, error)
    assert agent("--check-config", "--config", "/nowhere/at/all")[0] == 2
    assert agent("--help")[1].count("\n  --") > 20


def main():
    tests = [metrics_are_well_formed, a_wrong_exposition_is_seen, status_is_json, probes,
             other_requests_are_refused, other_names_are_refused, what_is_no_request_is_refused, slow_clients_are_cut,
             who_waits_for_others_is_not_cut, many_clients_at_once, an_idle_server_sleeps, status_for_people,
             status_asks_where_the_agent_listens, the_configuration_is_checked]
    bad = 0
    with Server() as server:
        for test in tests:
            try:
                test(server)
                print("ok", test.__name__)
            except (AssertionError, exposition.Wrong) as error:
                print("FAILED", test.__name__, error)
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
