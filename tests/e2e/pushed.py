# SPDX-License-Identifier: Apache-2.0
"""pushed.py PORT: a store that takes everything, and prints the labels of each profile as JSON."""
import http.server
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "store"))
import server  # noqa: E402  it lies beside the store's own tests


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for series in server.decode_push(body):
            print(json.dumps(dict(series["labels"])), flush=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/proto")
        self.send_header("Content-Length", "0")
        self.end_headers()


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
