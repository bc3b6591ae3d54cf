"""One thread with an asyncio loop that carries all traffic of a run: the receiver, the producers, the samplers, proxies."""

import asyncio
import itertools
import threading
import time
from dataclasses import dataclass

from harness.metrics import parse_sample


class TrafficLoop:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, coroutine, seconds=30):
        """Runs it there and gives its result here."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def spawn(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def close(self):
        self.spawn(self.end())
        self.thread.join(10)
        if not self.thread.is_alive():
            self.loop.close()

    async def end(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=3)
        self.loop.stop()


@dataclass(frozen=True)
class Arrival:
    delivery: str    # webhook-id
    number: int
    endpoint: int    # index of the round's endpoints
    at: float        # time.monotonic() when its last byte had arrived
    wall: float      # time.time()
    peer: int        # the sender's port
    connection: int
    status: int      # what it was answered


class ReceiverConnection(asyncio.Protocol):
    """Just as much HTTP/1.1 as the data plane sends: a head, a counted body, kept connections."""

    def __init__(self, receiver):
        self.receiver, self.buffer, self.transport, self.peer = receiver, b"", None, 0
        self.number = next(receiver.connections)

    def connection_made(self, transport):
        self.transport = transport
        self.peer = (transport.get_extra_info("peername") or ("", 0))[1]

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            lines = self.buffer[:end].decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            total = end + 4 + int(fields.get("content-length", 0))
            if len(self.buffer) < total:
                return
            body, self.buffer = self.buffer[end + 4:total], self.buffer[total:]
            self.receiver.take(self, lines[0].split(" ")[1], fields, body)

    def answer(self, status):
        if not self.transport.is_closing():
            self.transport.write(f"HTTP/1.1 {status} Scripted\r\nContent-Length: 2\r\n\r\nok".encode())


class FastReceiver:
    """Keeps a ledger per round: paths are /<round>/<endpoint>. `answer` of a round decides (status, seconds of delay)."""

    def __init__(self, traffic):
        self.traffic = traffic
        self.connections = itertools.count(1)
        self.ledgers, self.scripts = {}, {}
        self.server = traffic.call(self.listen())
        self.port = self.server.sockets[0].getsockname()[1]

    async def listen(self):
        return await asyncio.get_running_loop().create_server(lambda: ReceiverConnection(self), "127.0.0.1", 0, backlog=4096)

    def open_ledger(self, name, script):
        self.ledgers[name], self.scripts[name] = [], script

    def url(self, ledger, endpoint):
        return f"http://127.0.0.1:{self.port}/{ledger}/{endpoint}"

    def take(self, connection, path, fields, body):
        _, ledger, endpoint = path.split("/")
        status, delay = self.scripts[ledger](fields["webhook-id"], int(body))
        self.ledgers[ledger].append(Arrival(fields["webhook-id"], int(body), int(endpoint), time.monotonic(), time.time(),
                                            connection.peer, connection.number, status))
        if delay:
            self.traffic.loop.call_later(delay, connection.answer, status)
        else:
            connection.answer(status)


class Sampler:
    """Asks a node's /metrics twenty times a second for as long as it lives."""
    PERIOD = 0.05

    def __init__(self, traffic, admin_port):
        self.port, self.samples, self.pid = admin_port, [], None
        self.task = traffic.spawn(self.run())

    async def run(self):
        reader = writer = None
        while True:
            pid, begin = self.pid, time.monotonic()
            if pid is not None:
                try:
                    if writer is None:
                        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), 2)
                    text = await asyncio.wait_for(self.ask(reader, writer), 60)
                    if pid == self.pid:
                        self.samples.append(parse_sample(text, begin, time.monotonic(), pid))
                except (OSError, EOFError, ValueError, asyncio.TimeoutError):
                    if writer is not None:
                        writer.close()
                    reader = writer = None
            await asyncio.sleep(self.PERIOD)

    @staticmethod
    async def ask(reader, writer):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: node\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return (await reader.readexactly(length)).decode()

    def close(self):
        self.task.cancel()

    def last(self):
        return self.samples[-1] if self.samples else None


class Proxy:
    """A TCP relay to PostgreSQL for one node. While it is shut, nothing passes and nothing is closed, as in a cut network."""

    def __init__(self, traffic, target_port):
        self.traffic, self.target_port, self.writers = traffic, target_port, []
        self.server = traffic.call(self.listen())
        self.port = self.server.sockets[0].getsockname()[1]

    async def listen(self):
        self.gate = asyncio.Event()
        self.gate.set()
        return await asyncio.start_server(self.serve, "127.0.0.1", 0)

    async def serve(self, reader, writer):
        self.writers.append(writer)
        await self.gate.wait()
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.close()
            return
        self.writers.append(there_writer)
        await asyncio.gather(self.pump(reader, there_writer), self.pump(there_reader, writer))

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                await self.gate.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def shut(self):
        self.traffic.loop.call_soon_threadsafe(self.gate.clear)

    def open(self, drops):
        """`drops`: what was connected is closed, as after a long cut; otherwise it goes on where it stood."""
        def again():
            if drops:
                for writer in self.writers:
                    writer.transport.abort()
                self.writers.clear()
            self.gate.set()
        self.traffic.loop.call_soon_threadsafe(again)

    def close(self):
        self.open(drops=True)
        self.traffic.loop.call_soon_threadsafe(self.server.close)
