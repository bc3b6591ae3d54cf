"""Producers that keep the contract: each event has an idempotency key and is repeated until it is acknowledged."""

import asyncio
import json
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

TCP_CLOSE = 7  # Linux's state of a socket that was reset


@dataclass
class Tried:
    """One event's way to its acknowledgement."""
    began: float
    outcomes: list = field(default_factory=list)  # of the attempts before the last
    uid: str | None = None
    is_duplicate: bool = False
    ended: float | None = None


class Broken(Exception):
    """No answer: `how` is refused, reset, unread (closed before our bytes were read), closed (after), or timeout."""

    def __init__(self, how):
        super().__init__(how)
        self.how = how


class ProducerConnection:
    """A kept connection to one node at a time."""

    def __init__(self, timeout):
        self.timeout, self.port, self.reader, self.writer = timeout, None, None, None

    async def post(self, port, path, key, body):
        """(status, the answer's JSON); raises Broken."""
        if self.port != port:
            self.close()
        request = (f"POST {path} HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        try:
            if self.writer is None:
                self.reader, self.writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), self.timeout)
                self.port = port
            return await asyncio.wait_for(self.exchange(request), self.timeout)
        except asyncio.TimeoutError:
            raise Broken("timeout") from None
        except asyncio.IncompleteReadError:
            state = self.writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            raise Broken("unread" if state == TCP_CLOSE else "closed") from None
        except ConnectionRefusedError:
            raise Broken("refused") from None
        except OSError:
            raise Broken("reset") from None

    async def exchange(self, request):
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        body = await self.reader.readexactly(length)
        if "\r\nconnection: close" in head:
            self.close()
        return int(head.split(" ")[1]), json.loads(body)

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.port = self.reader = self.writer = None


class Load:
    """Numbered events at a bounded rate until stopped. `request(number)` gives (path, body); `ports` are the nodes' and may
    change meanwhile."""

    def __init__(self, traffic, request, key, ports, rate=300, producers=24, timeout=6):
        self.traffic, self.request, self.key, self.ports = traffic, request, key, list(ports)
        self.rate, self.producers, self.timeout = rate, producers, timeout
        self.tried, self.problems, self.outcomes = {}, [], Counter()
        self.acknowledged = 0
        self.is_stopping, self.next_number, self.next_at = False, 0, 0.0
        self.tasks = []

    def start(self):
        """Also after a stop: it goes on with the next number."""
        self.is_stopping, self.next_at = False, time.monotonic()
        self.tasks = [self.traffic.spawn(self.produce(index)) for index in range(self.producers)]
        return self

    def stop(self, seconds):
        """No new events; what was begun is repeated until it is acknowledged, within the time."""
        self.is_stopping = True
        until = time.monotonic() + seconds
        for task in self.tasks:
            try:
                task.result(max(0.1, until - time.monotonic()))
            except TimeoutError:
                task.cancel()
        open_ones = [number for number, tried in self.tried.items() if tried.uid is None]
        if open_ones:
            self.problems.append(f"{len(open_ones)} events were not acknowledged within {seconds} s: {open_ones[:5]}, "
                                 f"outcomes {[self.tried[number].outcomes[-5:] for number in open_ones[:5]]}")

    async def produce(self, index):
        connection = ProducerConnection(self.timeout)
        try:
            while not self.is_stopping:
                wait = self.next_at - time.monotonic()
                self.next_at = max(self.next_at, time.monotonic() - 0.2) + 1 / self.rate
                if wait > 0:
                    await asyncio.sleep(wait)
                number, self.next_number = self.next_number, self.next_number + 1
                await self.send(connection, index, number)
        finally:
            connection.close()

    async def send(self, connection, index, number):
        path, body = self.request(number)
        tried = self.tried[number] = Tried(time.monotonic())
        pause = 0.02
        for attempt in range(2000):
            port = self.ports[(index + attempt) % len(self.ports)]
            try:
                status, answer = await connection.post(port, path, self.key, body)
            except Broken as broken:
                connection.close()
                outcome = broken.how
            else:
                if status == 201:
                    tried.uid, tried.is_duplicate = answer["data"]["uid"], answer["data"]["is_duplicate_event"]
                    tried.ended = time.monotonic()
                    self.acknowledged += 1
                    self.outcomes["acknowledged"] += 1
                    return
                outcome = str(status)
                if status != 503:
                    self.problems.append(f"event {number} was answered {status}: {answer}")
                    return
            tried.outcomes.append(outcome)
            self.outcomes[outcome] += 1
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.4)

    def cut_requests(self):
        """Numbers that a node had stored without answering: the repetition was told that the event is known."""
        return [number for number, tried in self.tried.items() if tried.is_duplicate]
