# SPDX-License-Identifier: Apache-2.0
"""A server that is as good or as bad as its path says: the store's counterpart in the tests.

It knows the protocol from its documentation, and shares no code with what it tests.
"""
import http.server
import socket
import ssl
import struct
import threading
import time

CALL = "/push.v1.PusherService/Push"


# ---- protobuf by hand: github.com/grafana/pyroscope, api/push/v1/push.proto ----------------------
def fields(data):
    """(number, value) of each field: varints as int, the length-delimited as bytes."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            size = varint()
            assert at + size <= len(data), "a field is cut short"
            yield key >> 3, data[at:at + size]
            at += size
        else:
            raise AssertionError(f"wire type {key & 7}")


def decode_push(data):
    """PushRequest to [{labels: [(name, value)], samples: [(id, pprof)]}]."""
    series = []
    for number, one in fields(data):
        assert number == 1, f"PushRequest has no field {number}"
        labels, samples = [], []
        for inner, value in fields(one):
            parts = dict(fields(value))
            if inner == 1:
                labels.append((parts.get(1, b"").decode(), parts.get(2, b"").decode()))
            elif inner == 2:
                samples.append((parts.get(2, b"").decode(), parts.get(1, b"")))
            else:
                raise AssertionError(f"RawProfileSeries has no field {inner}")
        series.append({"labels": labels, "samples": samples})
    return series


# ---- the server ----------------------------------------------------------------------------------
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        self.server.seen.append({"method": "CONNECT", "path": self.path, "headers": self.headers})
        host, port = self.path.rsplit(":", 1)
        if self.server.proxy_refuses:
            self.answer(407, b"")
            return
        upstream = socket.create_connection((host.strip("[]"), int(port)))
        self.send_response(200)
        self.end_headers()
        pump = threading.Thread(target=copy, args=(self.connection, upstream), daemon=True)
        pump.start()
        copy(upstream, self.connection)
        self.close_connection = True

    def do_POST(self):
        if self.path.startswith("/unread/"):  # an answer, or none, to a request that is not read
            if status := int(self.path.split("/")[2]):
                self.answer(status, b"", None, Connection="close")
            self.close_connection = True
            return
        body = self.body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = {"method": "POST", "path": self.path, "headers": self.headers, "body": body,
                "peer": self.client_address, "time": time.monotonic()}
        if isinstance(self.connection, ssl.SSLSocket):
            seen["certificate"] = self.connection.getpeercert()
        with self.server.lock:
            self.server.seen.append(seen)
            self.server.under_way += 1
            self.server.most = max(self.server.most, self.server.under_way)
        try:
            self.behave()
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def behave(self):
        path = self.path
        if path.startswith("http://"):  # as a proxy is asked
            path = "/" + path.split("/", 3)[3]
        assert path.endswith(CALL), path
        name, _, argument = path[1:-len(CALL)].partition("/")
        getattr(self, "do_" + name.replace("-", "_") if name else "do_ok")(argument)

    def answer(self, status, body, content_type="application/proto", **headers):
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    # each a first part of the path
    def do_ok(self, _):
        self.answer(200, b"")

    def do_names(self, turns):
        """What the letter at its turn says: v, names stay verbatim; e, so in an error; x, nothing at all."""
        turn = turns[len(self.server.seen) - 1]
        if turn == "x":
            self.close_connection = True
            return
        said = {"v": {"X_Hone_Names": "verbatim"}, "e": {"X_Hone_Names": "verbatim"}, "o": {"X_Hone_Names": "other"}}
        self.answer(500 if turn == "e" else 200, b"", **said.get(turn, {}))

    def do_status(self, status):
        self.answer(int(status), b'{"code":"some_code","message":"a reason"}', "application/json")

    def do_rate(self, _):
        self.answer(429, b'{"code":"resource_exhausted","message":"push rate limit (4.0 MiB) '
                         b'exceeded while adding 2.1 MiB"}', "application/json")

    def do_retry_after(self, value):
        self.answer(503, b"", None, Retry_After=value.replace("%20", " "))

    def do_redirect(self, _):
        self.answer(307, b"", None, Location=CALL)

    def do_token(self, token):
        good = self.headers["Authorization"] == "Bearer " + token
        self.answer(200 if good else 401, b"", "application/proto" if good else None)

    def do_html(self, _):
        self.answer(200, b"<html>Sign in</html>", "text/html")

    def do_empty_page(self, _):
        self.answer(200, b"", "text/html")

    def do_wrong_body(self, _):
        self.answer(200, b"\xff\xff\xff")

    def do_slow_ok(self, ms):
        time.sleep(int(ms) / 1000)
        self.answer(200, b"")

    def do_never(self, _):
        self.server.closing.wait(30)
        self.close_connection = True

    def do_drip(self, _):
        """A byte of the answer now and then, for ever."""
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10000:
            if self.server.closing.wait(0.02):
                break
            self.wfile.write(bytes([byte]))
        self.close_connection = True

    def do_half(self, status):
        self.send_response(int(status or 200))
        self.send_header("Content-Type", "application/proto")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)
        self.close_connection = True

    def do_chunked(self, end):
        """With a trailer; or ended where the argument says, within a chunk or after one."""
        self.send_response(200)
        self.send_header("Content-Type", "application/proto")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        data = b"3\r\n\x0a\x01x\r\n0\r\nX-Trailer: y\r\n\r\n"
        self.wfile.write(data[:int(end)] if end else data)
        self.close_connection = bool(end)

    def do_half_header(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\nContent-Le")
        self.close_connection = True

    def do_close(self, _):
        self.close_connection = True

    def do_reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def do_garbage(self, _):
        self.wfile.write(bytes(range(256)) * 4)
        self.close_connection = True

    def do_long_body(self, status):
        self.answer(int(status), b'{"message":"' + b"x" * 1000000 + b'"}', "application/json")

    def do_endless_body(self, status):
        self.send_response(int(status))
        self.send_header("Content-Type", "application/proto")
        self.end_headers()
        self.endless(b"\x0a\x00" * 32768)

    def do_endless_header(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self.endless(b"X-A: " + b"x" * 1000 + b"\r\n")

    def endless(self, data):
        try:
            while not self.server.closing.is_set():
                self.wfile.write(data)
        except OSError:
            pass
        self.close_connection = True

    def do_close_idle(self, _):
        """A good answer, after which the connection is closed without a word."""
        self.answer(200, b"")
        self.close_connection = True

    def do_continue(self, _):
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
        self.answer(200, b"")


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(http.server.ThreadingHTTPServer):
    """On a port of 127.0.0.1. seen: the requests, in order."""
    daemon_threads = True

    def __init__(self, context=None, port=0, handler=Handler):
        super().__init__(("127.0.0.1", port), handler)
        self.seen, self.lock, self.closing = [], threading.Lock(), threading.Event()
        self.under_way = self.most = 0
        self.proxy_refuses = False
        self.context = context
        self.port = self.server_address[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def finish_request(self, request, client_address):
        if self.context:  # in the connection's own thread, so that a bad one hinders no other
            try:
                request.settimeout(10)
                request = self.context.wrap_socket(request, server_side=True)
            except OSError:
                return
        try:
            super().finish_request(request, client_address)
        except OSError:
            pass

    def handle_error(self, request, client_address):
        with self.lock:
            self.seen.append({"method": "broken"})
        super().handle_error(request, client_address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.shutdown()
        self.server_close()
