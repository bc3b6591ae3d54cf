"""Hostile producers: slow, endless, ambiguous and odd requests are bounded and refused, nothing of them is stored, others go on."""

import errno
import gzip
import os
import resource
import select
import socket
import threading
import time

import pytest

from support.api import Api, event_body
from support.wait import DEADLINE_SECONDS, SLOWNESS, wait_until

SLOW_CONNECTIONS = 2000
CROWDED_MAX = 400  # half of them from one address


@pytest.fixture(scope="module", autouse=True)
def descriptors():
    """The test itself holds thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SLOW_CONNECTIONS + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} file descriptors, the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def crowded(make_planes):
    """Planes that allow few connections."""
    with make_planes(FAIRLEAD_CONNECTIONS_MAX=str(CROWDED_MAX)) as made:
        yield made


class GoodProducer:
    """Sends one event after the other, each on a connection of its own, until it is stopped; keeps every status."""

    def __init__(self, project, endpoint):
        self.project, self.endpoint = project, endpoint
        self.statuses = []
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.is_stopping.wait(0.01):
            try:
                answer = self.project.post_event(event_body(event_type="good", endpoint_id=self.endpoint["uid"]))
                self.statuses.append(answer.status)
            except OSError as error:
                self.statuses.append(repr(error))

    def stop(self):
        """After at least one more answer: gives all statuses."""
        seen = len(self.statuses)
        wait_until("one more good event is answered", lambda: len(self.statuses) > seen)
        self.is_stopping.set()
        self.thread.join(DEADLINE_SECONDS)
        return self.statuses


@pytest.fixture(scope="module")
def target(planes, receiver):
    """What the hostile aim at: nothing is ever stored in it."""
    project = planes.project("hostile-target")
    project.target = project.subscribed(receiver.url("/hostile"))
    return project


@pytest.fixture
def others(planes, target, receiver):
    """Somebody else's events are all accepted during the test, and nothing of the hostile one's is stored."""
    project = planes.project(f"good-{time.time_ns()}")
    producer = GoodProducer(project, project.subscribed(receiver.url(receiver.new_path())))
    try:
        yield producer
    finally:
        statuses = producer.stop()
    assert set(statuses) == {201}, statuses
    assert project.counts()[0] == len(statuses)
    assert target.counts() == (0, 0, 0, 0)
    assert planes.data.process.poll() is None


def connect(plane, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", plane.port), timeout=DEADLINE_SECONDS, source_address=(source, 0))


def head(project, line=None, headers=""):
    line = line or f"POST {project.path}/events HTTP/1.1"
    return f"{line}\r\nHost: x\r\nAuthorization: Bearer {project.key}\r\nContent-Type: application/json\r\n{headers}\r\n".encode("latin-1")


def good_body(project):
    return event_body(event_type="hostile", endpoint_id=project.target["uid"])


def exchange(plane, request, is_ended=False):
    """All that is answered until the server closes; `is_ended`: nothing more will be sent."""
    with connect(plane) as connection:
        try:
            connection.sendall(request)
            if is_ended:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused while we were still sending
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
        return answer


def resident_bytes(plane):
    with open(f"/proc/{plane.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptor_count(plane):
    return len(os.listdir(f"/proc/{plane.process.pid}/fd"))


MEMORY_MAX = 200 * 1024 * 1024 * SLOWNESS  # sanitizers keep what is freed for a while


class SlowCrowd:
    """Connections that have sent the beginning of a request and then a byte now and then."""

    def __init__(self, plane, beginnings, count):
        self.open = {}
        self.answers = []
        self.poll = select.poll()
        for number in range(count):
            connection = connect(plane)
            connection.setblocking(False)
            self.open[connection.fileno()] = (connection, [])
            self.poll.register(connection, select.POLLIN)
            connection.send(beginnings[number % len(beginnings)])

    def trickle(self):
        """A byte on each; keeps what those that ended were answered."""
        for connection, _ in list(self.open.values()):
            try:
                connection.send(b"1")
            except OSError:
                pass  # closed, which the look below finds
        self.look()

    def look(self):
        for number, _ in self.poll.poll(0):
            connection, parts = self.open[number]
            try:
                part = connection.recv(65536)
            except BlockingIOError:
                continue
            except ConnectionError:
                part = b""
            if part:
                parts.append(part)
                continue
            self.answers.append(b"".join(parts))
            self.poll.unregister(connection)
            connection.close()
            del self.open[number]

    def close(self):
        for connection, _ in self.open.values():
            connection.close()


# Goal: thousands of slow heads and bodies are held without harm, and each ends with 408 at the server's deadline however it trickles.
# Method: 2,000 connections of three kinds that send a byte every second; the process's memory and descriptors are watched.
def test_slow_crowd(planes, target, others):
    beginnings = [f"POST {target.path}/events HTTP/1.1\r\nHost: x\r\nX-Slow: ".encode(), head(target, headers="Content-Length: 1000\r\n") + b"{",
                  head(target, headers="Transfer-Encoding: chunked\r\n") + b"1000\r\n{"]
    memory, descriptors_before = resident_bytes(planes.data), descriptor_count(planes.data)
    crowd = SlowCrowd(planes.data, beginnings, SLOW_CONNECTIONS)
    try:
        assert len(crowd.open) == SLOW_CONNECTIONS
        until = time.monotonic() + 45 * SLOWNESS
        while crowd.open and time.monotonic() < until:
            crowd.trickle()
            assert resident_bytes(planes.data) - memory < MEMORY_MAX
            time.sleep(1)
        assert not crowd.open, f"{len(crowd.open)} of them still live"
    finally:
        crowd.close()
    in_time = [answer for answer in crowd.answers if answer.startswith(b"HTTP/1.1 408 ")]
    assert len(in_time) > 0.95 * SLOW_CONNECTIONS, {answer[:60] for answer in crowd.answers}  # a reset may swallow an answer
    assert all(not answer or b"request_timeout" in answer for answer in crowd.answers)
    wait_until("the connections are gone", lambda: descriptor_count(planes.data) < descriptors_before + 100)


# Goal: who takes every connection locks nobody out: those that wait the longest are closed for newcomers, from the same address and
# others. Method: a crowd far over the bound that comes again and again; good producers meanwhile, at two addresses.
def test_full_house(crowded, receiver):
    project = crowded.project("full-house")
    endpoint = project.subscribed(receiver.url(receiver.new_path()))
    body = event_body(event_type="good", endpoint_id=endpoint["uid"])
    request = head(project, headers=f"Connection: close\r\nContent-Length: {len(body)}\r\n") + body
    before = descriptor_count(crowded.data)
    is_over = threading.Event()

    def crowd():
        held = []
        for _ in range(20_000):
            if is_over.is_set():
                break
            try:
                connection = connect(crowded.data)
                connection.send(b"POST / HTTP/1.1\r\nX: ")
                held.append(connection)
            except OSError:
                continue
            if len(held) > 2 * CROWDED_MAX:
                held.pop(0).close()
        for connection in held:
            connection.close()

    def send(source):
        try:
            with connect(crowded.data, source) as connection:
                connection.sendall(request)
                return connection.recv(65536).startswith(b"HTTP/1.1 201 ")
        except OSError:
            return False

    attacker = threading.Thread(target=crowd)
    attacker.start()
    try:
        wait_until("the house is full", lambda: descriptor_count(crowded.data) >= before + CROWDED_MAX // 2)
        for _ in range(20):
            assert send("127.0.0.2"), "another address is not touched"
            wait_until("the same address gets through", lambda: send("127.0.0.1"))
            assert descriptor_count(crowded.data) <= before + CROWDED_MAX + 100
    finally:
        is_over.set()
        attacker.join(DEADLINE_SECONDS)
    assert project.counts()[0] >= 40


BOMB = gzip.compress(b" " * 10_000_000)
# name → (request line or None, headers, body, acceptable statuses; none: closed without a word)
REFUSED = {
    "gzip": (None, f"Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n", BOMB, {415}),
    "deflate": (None, "Content-Encoding: deflate\r\nContent-Length: 2\r\n", b"{}", {415}),
    "coding-list": (None, "Content-Encoding: identity, gzip\r\nContent-Length: 2\r\n", b"{}", {415}),
    "coding-vertical-tab": (None, "Transfer-Encoding:\x0bchunked\r\n", b"0\r\n\r\n", {400}),
    "coding-identity": (None, "Transfer-Encoding: identity\r\nContent-Length: 2\r\n", b"{}", {400}),
    "coding-quoted": (None, 'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n", {400}),
    "coding-no-name": (None, ": chunked\r\n", b"0\r\n\r\n", {400}),
    "coding-in-http10": ("POST {path}/events HTTP/1.0", "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", {400}),
    "length-with-space": (None, "Content-Length: 1 1\r\n", b"{}", {400}),
    "length-huge": (None, "Content-Length: 99999999999999999999999\r\n", b"{}", {400, 413}),
    "length-10-gb": (None, "Content-Length: 10000000000\r\n", b"{}", {413}),
    "chunk-extension-endless": (None, "Transfer-Encoding: chunked\r\n", b"1;a=" + b"x" * 300_000, {400}),
    "chunk-size-endless": (None, "Transfer-Encoding: chunked\r\n", b"0" * 300_000, {400}),
    "chunk-bare-lf": (None, "Transfer-Encoding: chunked\r\n", b"2\n{}\n0\n\n", {400}),
    "chunk-negative": (None, "Transfer-Encoding: chunked\r\n", b"-2\r\n{}\r\n0\r\n\r\n", {400}),
    "chunks-endless": (None, "Transfer-Encoding: chunked\r\n", (b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 100, {413}),
    "trailers-endless": (None, "Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n0\r\n" + b"X-T: 1\r\n" * 50_000, {400, 413, 431}),
    "header-1-mb": (None, "X: " + "x" * 1_000_000 + "\r\n", b"", {431}),
    "target-1-mb": ("POST /" + "x" * 1_000_000 + " HTTP/1.1", "", b"", {414, 431}),
    "nul-in-target": ("POST /\0 HTTP/1.1", "", b"", {400}),
    "control-in-method": ("PO\x01ST / HTTP/1.1", "", b"", {400}),
    "tab-for-space": ("POST\t/\tHTTP/1.1", "", b"", {400}),
    "two-spaces": ("POST  / HTTP/1.1", "", b"", {400}),
    "http-0.9": ("GET /", "", b"", {400}),
    "http-2": ("PRI * HTTP/2.0", "", b"SM\r\n\r\n", {400, 505}),
    "http-1.2": ("POST {path}/events HTTP/1.2", "Content-Length: 2\r\n", b"{}", {400, 505}),
    "http-lower-case": ("POST {path}/events http/1.1", "Content-Length: 2\r\n", b"{}", {400}),
}


# Goal: what is ambiguous, endless or no HTTP/1.1 is refused with its own status, the connection closes, and nothing behind it is read.
# Method: raw bytes, followed by a good event that must not be stored.
@pytest.mark.parametrize("name", REFUSED)
def test_refused_and_closed(planes, target, others, name):
    line, headers, body, statuses = REFUSED[name]
    request = head(target, line and line.format(path=target.path), headers) + body
    is_framed = bool(statuses & {415})  # well framed: the refusal is the route's, and the connection may go on
    if is_framed:
        request = request.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n", 1)
    event = good_body(target)
    answer = exchange(planes.data, request + head(target, headers=f"Content-Length: {len(event)}\r\n") + event)
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    assert int(answer[9:12]) in statuses, answer[:300]
    assert answer.count(b"X-Content-Type-Options") == 1, answer
    assert b'"status":false' in answer


# Goal: requests that are well framed but are none of ours create nothing. Method: other methods and forms of the target, each with
# the body of a good event.
@pytest.mark.parametrize("line", ["PUT {path}/events HTTP/1.1", "DELETE {path}/events HTTP/1.1", "TRACE {path}/events HTTP/1.1",
                                  "BREW {path}/events HTTP/1.1", "post {path}/events HTTP/1.1", "OPTIONS * HTTP/1.1",
                                  "CONNECT 127.0.0.1:5432 HTTP/1.1", "POST http://x{path}/events HTTP/1.1", "POST /x/..{path}/events HTTP/1.1",
                                  "POST {path}/events/%66anout HTTP/1.1", "POST /{path}/events HTTP/1.1"])
def test_other_requests_create_nothing(planes, target, others, line):
    body = good_body(target)
    answer = exchange(planes.data, head(target, line.format(path=target.path), f"Connection: close\r\nContent-Length: {len(body)}\r\n") + body)
    assert int(answer[9:12]) in (400, 404, 405), answer[:300]


# Goal: bytes that are no HTTP at all end the connection. Method: a TLS hello, noise, and requests cut off in the middle.
@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), os.urandom(2000).replace(b"\n", b"."),
                                   b"\0" * 5000, b"POST", b"\r\n" * 2000], ids=["tls-hello", "noise", "zeros", "half", "empty-lines"])
def test_no_http(planes, target, others, noise):
    answer = exchange(planes.data, noise, is_ended=True)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]


# Goal: a request cut off anywhere creates nothing. Method: a good event's request, ended after every seventh byte but the last.
def test_cut_off_requests(planes, target, others):
    body = good_body(target)
    request = head(target, headers=f"Content-Length: {len(body)}\r\n") + body
    for size in range(0, len(request), 7):
        answer = exchange(planes.data, request[:size], is_ended=True)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]


# Goal: pipelined requests are answered in order; behind a refused one nothing is read. Method: 300 in one write, then good, bad, good.
def test_pipelining(planes, target, others):
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = exchange(planes.data, ask * 300 + ask.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n"))
    assert answer.count(b"HTTP/1.1 200 ") == 301
    body = good_body(target)
    event = head(target, headers=f"Content-Length: {len(body)}\r\n") + body
    answer = exchange(planes.data, ask + head(target, headers="Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") + event)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"X-Content-Type-Options") == 2
    assert b"length_and_coding" in answer


# Goal: who asks without end and never reads is held back, not remembered. Method: requests until the server reads no more.
def test_never_reading(planes, target, others):
    memory = resident_bytes(planes.data)
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
    with connect(planes.data) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(3)
        sent = 0
        while sent < 200_000_000:
            try:
                sent += connection.send(ask)
            except OSError as error:
                assert isinstance(error, TimeoutError) or error.errno in (errno.ECONNRESET, errno.EPIPE), error
                break
        assert sent < 200_000_000
        assert resident_bytes(planes.data) - memory < MEMORY_MAX
