"""What goes on beside a measured load: each is a context manager whose end stops it."""

import contextlib
import json
import socket
import subprocess
import threading
import time

from lib.cluster import Failure

STOP_S = 30


@contextlib.contextmanager
def driver(runner, site, traffic, project=None, key=None):
    """Another producer. Gives a dict that holds its report at the end."""
    report = {}
    process = runner.start_driver(site, traffic, project, key)
    try:
        yield report
    finally:
        process.terminate()
        try:
            text, _ = process.communicate(timeout=traffic.seconds + STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            text, _ = process.communicate()
    if process.returncode != 0:
        raise Failure(f"the neighbour's driver failed ({process.returncode}): {text}")
    report.update(json.loads(text))


@contextlib.contextmanager
def thread(work):
    """work(stop) until the event `stop`; its answer is in the dict, its failure is raised at the end."""
    stop, found = threading.Event(), {}

    def run():
        try:
            found["answer"] = work(stop)
        except Exception as error:  # whatever it is, the main thread raises it
            found["error"] = error

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    try:
        yield found
    finally:
        stop.set()
        runner.join(STOP_S)
    if "error" in found:
        raise Failure(f"what ran beside the load failed: {found['error']}")


class SlowProducers:
    """Connections that send their headers, or a body after whole headers, a byte a second; replaced when closed."""

    HEAD = b"POST /api/v1/projects/x/events HTTP/1.1\r\nHost: bench\r\n"
    PERIOD_S = 1

    def __init__(self, port, key, count):
        self._port, self._count = port, count
        body_head = self.HEAD + f"Authorization: Bearer {key}\r\nContent-Length: 100000\r\n\r\n".encode()
        self._starts = [self.HEAD + b"X-Slow: ", body_head]
        self.closed = 0

    def run(self, stop):
        """How often a connection was closed by the server."""
        connections = [None] * self._count
        turn = 0
        try:
            while not stop.is_set():
                begin = time.monotonic()
                for index in range(self._count):
                    if stop.is_set():
                        break
                    connections[index] = self._feed(connections[index], self._starts[index % 2])
                    # Evenly over the period, so that the feeding itself makes no bursts.
                    if index % 100 == 99:
                        stop.wait(max(0, begin + self.PERIOD_S * (index + 1) / self._count - time.monotonic()))
                turn += 1
            return {"turns": turn, "closed by the server": self.closed}
        finally:
            for each in connections:
                if each is not None:
                    each.close()

    def _feed(self, connection, start):
        try:
            if connection is None:
                connection = socket.create_connection(("127.0.0.1", self._port), timeout=5)
                connection.sendall(start)
            connection.sendall(b"x")
            return connection
        except OSError:
            self.closed += 1
            connection and connection.close()
            return None
