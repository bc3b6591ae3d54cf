"""A scripted receiver: a plain HTTP server whose answers a test lays down per path, and which keeps every byte that arrives."""

import itertools
import socket
import socketserver
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

from support.wait import DEADLINE_SECONDS, wait_until


class Gate:
    """Holds answers back until it is opened."""

    def __init__(self):
        self.event = threading.Event()

    def open(self):
        self.event.set()


@dataclass
class Reply:
    status: int = 200
    body: bytes = b"ok"
    headers: dict = field(default_factory=dict)
    delay: float = 0.0       # seconds before the answer
    gate: Gate | None = None  # the answer waits for it
    drop: bool = False       # closes the connection instead of answering


@dataclass
class Arrival:
    path: str
    headers: list  # (name as sent, value), in order
    body: bytes
    at: float       # time.monotonic()
    wall: float     # time.time()
    connection: int
    peer: dict | None = None  # what ssl's getpeercert gives, if the sender showed a certificate

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def header_map(self):
        return dict(self.headers)

    @property
    def webhook_id(self):
        return self.header("webhook-id")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        """A sender that gave up during the handshake is what some tests want."""


class Receiver:
    """`tls`: a server-side ssl.SSLContext, for https."""

    def __init__(self, tls=None):
        self.lock = threading.Lock()
        self.by_path = defaultdict(list)
        self.scripts = {}
        self.gates = []
        self.connections = itertools.count(1)
        self.names = itertools.count(1)
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def setup(self):
                if tls is not None:
                    self.request.settimeout(30)
                    self.request = tls.wrap_socket(self.request, server_side=True)
                self.peer = self.request.getpeercert() if tls is not None else None
                super().setup()

            def handle(self):
                number = next(outer.connections)
                self.connection.settimeout(600)
                try:
                    while outer.serve_one(self.rfile, self.wfile, number, self.peer or None):
                        pass
                except (OSError, ValueError):
                    pass  # the sender went away: what it had sent whole is recorded

        self.scheme = "http" if tls is None else "https"
        self.server = _Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        for gate in self.gates:
            gate.open()
        self.server.shutdown()
        self.server.server_close()

    def new_path(self):
        """A path that no other test uses."""
        return f"/hook-{next(self.names)}"

    def url(self, path):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def script(self, path, *replies):
        """The answers at a path, one after the other; the last one stays."""
        with self.lock:
            self.scripts[path] = list(replies)

    def hold(self, path):
        """From now on answers at the path wait until the gate is opened."""
        gate = Gate()
        self.gates.append(gate)
        self.script(path, Reply(gate=gate))
        return gate

    def arrivals(self, path):
        with self.lock:
            return list(self.by_path[path])

    def count(self, path):
        with self.lock:
            return len(self.by_path[path])

    def wait(self, path, count=1, seconds=None):
        """The arrivals at the path, once there are at least `count`."""
        wait_until(f"{count} arrivals at {path}", lambda: self.count(path) >= count, seconds)
        return self.arrivals(path)

    def next_reply(self, path):
        replies = self.scripts.get(path)
        if not replies:
            return Reply()
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def serve_one(self, source, sink, connection, peer=None):
        """One request; False when the connection is to be closed."""
        line = source.readline(65536)
        if not line:
            return False
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers = []
        while (line := source.readline(65536)) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
            headers.append((name, value.strip(" ")))
        fields = {name.lower(): value for name, value in headers}
        length = int(fields.get("content-length", 0))
        body = source.read(length)
        if len(body) < length:
            return False
        with self.lock:
            self.by_path[path].append(Arrival(path, headers, body, time.monotonic(), time.time(), connection, peer))
            reply = self.next_reply(path)
        if method != "POST":
            reply = Reply(405, b"POST only")
        if reply.gate is not None:
            reply.gate.event.wait(DEADLINE_SECONDS * 2)
        if reply.delay:
            time.sleep(reply.delay)
        if reply.drop:
            return False
        return self.answer(sink, reply, fields)

    @staticmethod
    def answer(sink, reply, fields):
        head = [f"HTTP/1.1 {reply.status} Scripted", f"Content-Length: {len(reply.body)}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        sink.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + reply.body)
        sink.flush()
        return fields.get("connection", "").lower() != "close" and \
            reply.headers.get("Connection", "").lower() != "close"


def no_listener():
    """A port of 127.0.0.1 that refuses connections."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
