# SPDX-License-Identifier: Apache-2.0
"""An API server of Kubernetes as far as pods go, over TLS on loopback, which a test can trip up.

It keeps pods and a history of events with versions, answers lists page by page and watches from a
version on, and says 410 for what is older than its history.
"""
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse


def make_pod(number, node="node-1", **metadata):
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"api-7d4f-{number}", "namespace": "shop",
            "uid": f"00000000-0000-0000-0000-{number:012x}",
            "labels": {"team": "a", "pod-template-hash": "7d4f", "not": "asked for"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "api-7d4f", "controller": True}],
            "managedFields": [{"fieldsV1": {f"f:{i}": {} for i in range(20)}}],
            **metadata,
        },
        "spec": {"nodeName": node, "containers": [{"name": "app", "args": ["]}\"{[,"]}]},
        "status": {"containerStatuses": [
            {"name": "app", "containerID": f"containerd://{number:064x}", "lastState": {}}]},
    }


def container(number):
    return f"{number:064x}"


class Refusal(Exception):
    def __init__(self, code, message, headers=()):
        super().__init__(message)
        self.code, self.message, self.headers = code, message, headers


def status(code, message):
    return {"kind": "Status", "status": "Failure", "code": code, "message": message}


class Server:
    """All that follows is guarded by .changed, on which watches wait."""

    def __init__(self, folder):
        self.folder = folder
        self.changed = threading.Condition()
        self.pods, self.events, self.version, self.oldest = {}, [], 100, 0
        self.requests, self.tokens = [], {"token-1"}
        self.continues = {}
        self.next_answers = []   # functions that answer a request instead
        self.end_watches = 0     # raised: watches that are open end
        self.open_watches = 0
        self.connections = []
        self.unpaged = False
        self.raw = None          # bytes for the open watch
        self.cut = False         # break the connection after them
        self.certificate()
        self.publish()
        self.start(0)

    def path(self, name):
        return os.path.join(self.folder, name)

    def certificate(self, name="apiserver"):
        """Another one, from the next start on; nobody is told of it."""
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-keyout", self.path("key.pem"), "-out", self.path("cert.pem"), "-days", "2",
             "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True)

    def publish(self):
        """The certificate becomes the one that clients trust."""
        shutil.copy(self.path("cert.pem"), self.path("ca.pem.new"))
        os.rename(self.path("ca.pem.new"), self.path("ca.pem"))

    def start(self, port):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def setup(self):
                super().setup()
                server.connections.append(self.connection)

            def do_GET(self):
                server.answer(self)

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # connections that break are part of the game

        self.httpd = Threads(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("cert.pem"), self.path("key.pem"))
        self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True,
                                                do_handshake_on_connect=False)
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        with self.changed:
            self.end_watches += 1
            self.changed.notify_all()
        self.httpd.shutdown()
        self.httpd.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself

    # ---- what happens in the cluster

    def change(self, kind, pod):
        with self.changed:
            self.version += 1
            pod["metadata"]["resourceVersion"] = str(self.version)
            uid = pod["metadata"]["uid"]
            if kind == "DELETED":
                self.pods.pop(uid, None)
            else:
                self.pods[uid] = pod
            self.events.append((self.version, {"type": kind, "object": pod}))
            self.changed.notify_all()

    def bookmark(self):
        with self.changed:
            self.version += 1
            self.events.append((self.version, {"type": "BOOKMARK", "object": {
                "kind": "Pod", "metadata": {"resourceVersion": str(self.version)}}}))
            self.changed.notify_all()

    def compact(self):
        """Versions before now are too old from now on."""
        with self.changed:
            self.oldest = self.version
            self.events = []

    def send_raw(self, data, cut=False):
        with self.changed:
            self.raw, self.cut = data, cut
            self.changed.notify_all()

    def close_watches(self):
        with self.changed:
            self.end_watches += 1
            self.changed.notify_all()

    # ---- answers

    def answer(self, handler):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(handler.path).query,
                                            keep_blank_values=True))
        path = urllib.parse.urlsplit(handler.path).path
        with self.changed:
            query["token"] = handler.headers.get("Authorization", "").removeprefix("Bearer ")
            self.requests.append(query)
            instead = self.next_answers.pop(0) if self.next_answers else None
        try:
            if instead:
                instead(handler)
                return
            if path != "/api/v1/pods":
                raise Refusal(404, "no such thing")
            if query["token"] not in self.tokens:
                raise Refusal(401, "Unauthorized")
            if query.get("watch"):
                self.watch(handler, query)
            else:
                self.list(handler, query)
        except Refusal as refusal:
            send(handler, refusal.code, status(refusal.code, refusal.message), refusal.headers)

    def selected(self, query):
        node = query.get("fieldSelector", "").removeprefix("spec.nodeName=")
        return [p for _, p in sorted(self.pods.items())
                if not node or p["spec"]["nodeName"] == node]

    def list(self, handler, query):
        limit = int(query.get("limit", "0"))
        with self.changed:
            metadata = {"resourceVersion": str(self.version)}
            if "continue" in query:
                if query["continue"] not in self.continues:
                    raise Refusal(410, "The provided continue parameter is too old")
                pods = self.continues.pop(query["continue"])
            else:
                pods = self.selected(query)
            if limit and len(pods) > limit and not self.unpaged:
                token = f"token/{len(self.continues)}+{self.version}=="
                self.continues[token] = pods[limit:]
                metadata["continue"] = token
                pods = pods[:limit]
        send(handler, 200, {"kind": "PodList", "apiVersion": "v1", "metadata": metadata,
                            "items": pods})

    def watch(self, handler, query):
        since, end = int(query["resourceVersion"]), time.monotonic() + int(query["timeoutSeconds"])
        with self.changed:
            if since < self.oldest:
                raise Refusal(410, f"too old resource version: {since} ({self.oldest})")
            before = self.end_watches
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.flush()
        with self.changed:
            self.open_watches += 1
        try:
            while self.end_watches == before and time.monotonic() < end:
                with self.changed:
                    lines = [e for v, e in self.events if v > since]
                    since = max([since] + [v for v, _ in self.events])
                    raw, cut, self.raw, self.cut = self.raw, self.cut, None, False
                    if not lines and raw is None:
                        self.changed.wait(0.05)
                        continue
                data = b"".join(json.dumps(e).encode() + b"\n" for e in lines) + (raw or b"")
                chunk(handler, data)
                if cut:
                    handler.connection.shutdown(socket.SHUT_RDWR)
                    return
            chunk(handler, b"")
        finally:
            with self.changed:
                self.open_watches -= 1


def chunk(handler, data):
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
    handler.wfile.flush()


def send(handler, code, document, headers=()):
    data = json.dumps(document).encode()
    handler.send_response(code)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)
