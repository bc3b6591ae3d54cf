"""The quickstart's receiver: takes webhooks at /hooks/<name>, verifies them with the third-party Standard Webhooks library,
and remembers when each arrived. GET / shows the latest to a person, GET /arrivals to a program."""

import argparse
import base64
import collections
import hashlib
import json
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

KEPT = 1000
BODY_MAX = 2 * 1024 * 1024


class Secrets:
    """The signing secrets by hook name, read again when their file changes."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.stamp = None
        self.by_name = {}

    def of(self, name):
        with self.lock:
            stat = os.stat(self.path)
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp != self.stamp:
                with open(self.path, encoding="utf-8") as file:
                    text = file.read()
                self.by_name = json.loads(text) if text.strip() else {}
                self.stamp = stamp
            return self.by_name.get(name, [])


def standard_key(secret):
    """A whsec_ secret as it is; any other is its own UTF-8 bytes, written in the library's form."""
    return secret if secret.startswith("whsec_") else "whsec_" + base64.b64encode(secret.encode()).decode()


def verify(secrets, body, headers):
    """None if one of the secrets signed this request, else why not."""
    why = "no secret is known for this hook"
    for secret in secrets:
        try:
            Webhook(standard_key(secret)).verify(body, headers, json_parse=False)
            return None
        except Exception as error:  # the library's own errors, and whatever a broken signature makes it raise
            why = f"{type(error).__name__}: {error}"
    return why


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not self.path.startswith("/hooks/") or length > BODY_MAX:
            self.close_connection = True
            return self.answer(404 if length <= BODY_MAX else 413, "text/plain", b"no such hook\n")
        body = self.rfile.read(length)
        arrived_at = time.time()
        name = self.path[len("/hooks/"):]
        problem = verify(self.server.secrets.of(name), body, dict(self.headers.items()))
        self.server.arrivals.append({
            "hook": name, "arrived_at": arrived_at, "signature": "valid" if problem is None else problem,
            "webhook_id": self.headers.get("webhook-id", ""), "idempotency_key": self.headers.get("X-Convoy-Idempotency-Key", ""),
            "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()})
        print(f"arrived hook={name} bytes={len(body)} signature={'valid' if problem is None else problem!r}", flush=True)
        if problem is None:
            return self.answer(200, "text/plain", b"ok\n")
        return self.answer(401, "text/plain", b"the signature does not verify\n")

    def do_GET(self):
        if self.path == "/arrivals":
            return self.answer(200, "application/json", json.dumps(list(self.server.arrivals)).encode())
        if self.path == "/healthz":
            return self.answer(200, "text/plain", b"ok\n")
        lines = [f"{len(self.server.arrivals)} webhooks remembered, the latest first\n"]
        for arrival in reversed(self.server.arrivals):
            when = time.strftime("%H:%M:%S", time.localtime(arrival["arrived_at"]))
            lines.append(f"{when}  {arrival['hook']:<14} {arrival['bytes']:>7} bytes  signature {arrival['signature']}")
        return self.answer(200, "text/plain; charset=utf-8", ("\n".join(lines) + "\n").encode())

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """One line a webhook is enough; do_POST prints it."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--secrets", required=True, help="JSON file: hook name → list of signing secrets")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    server.secrets = Secrets(options.secrets)
    server.arrivals = collections.deque(maxlen=KEPT)
    server.serve_forever()


if __name__ == "__main__":
    main()
