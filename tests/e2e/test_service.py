"""Under a service manager or a container engine: start-up and end are told, the watchdog is fed by the work, health is asked."""

import os
import signal
import socket
import time

import psycopg
import pytest
from psycopg import sql

from support.api import call
from support.database import server_url
from support.planes import run_program
from support.wait import DEADLINE_SECONDS, SLOWNESS, wait_until

WATCHDOG_SECONDS = 0.6 * SLOWNESS
PROGRAMS = ["control", "data"]


class Manager:
    """The service manager's end: a datagram socket and what came through it."""

    def __init__(self):
        self.name = f"fairlead-e2e-{os.getpid()}-{time.monotonic_ns()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(f"\0{self.name}")
        self.settings = {"NOTIFY_SOCKET": f"@{self.name}", "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1_000_000))}

    def next(self, seconds=None):
        """The next message's assignments, or nothing within the time."""
        self.socket.settimeout(DEADLINE_SECONDS if seconds is None else seconds)
        try:
            return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())
        except TimeoutError:
            return None

    def until(self, name):
        """The first message with this assignment, and those before it."""
        before = []
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            message = self.next()
            if message and name in message:
                return message, before
            before.append(message)
        raise AssertionError(f"no {name} came, but {before}")

    def discard(self):
        """Forgets what has come until now."""
        while self.next(0.001):
            pass


@pytest.fixture
def manager():
    made = Manager()
    yield made
    made.socket.close()


def fed(manager, times):
    """So many feeds come, each within the watchdog's period."""
    for _ in range(times):
        assert manager.next(WATCHDOG_SECONDS) == {"WATCHDOG": "1"}


def set_reachable(database, is_reachable):
    """Lets the database take connections, or takes it away: from everybody, at once."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
            sql.Identifier(database.name), sql.Literal(is_reachable)))
        if not is_reachable:
            database.close()
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.name])


# Goal: READY once the program serves and not before, feeds within the period from then on, STOPPING at SIGTERM. Method: a manager's
# socket; /readyz is asked the moment READY has come.
@pytest.mark.parametrize("name", PROGRAMS)
def test_start_watchdog_end(own_planes, manager, name):
    program = getattr(own_planes, name)
    program.stop()
    program.start(wait=False, **manager.settings)
    message, before = manager.until("READY")
    assert message["READY"] == "1"
    assert all(set(each) == {"STATUS"} for each in before), before
    call(program.admin_url, "GET", "/readyz").expect(200)
    fed(manager, 6)
    program.terminate()
    message, before = manager.until("STOPPING")
    assert message["STOPPING"] == "1"
    assert program.wait_end() == 0


# Goal: a process that does not work is not fed for. Method: SIGSTOP, listen for three periods; SIGCONT, and the feeding goes on.
@pytest.mark.parametrize("name", PROGRAMS)
def test_frozen_process_is_not_fed_for(own_planes, manager, name):
    program = getattr(own_planes, name)
    program.stop()
    program.start(wait=False, **manager.settings)
    manager.until("READY")
    fed(manager, 2)
    program.process.send_signal(signal.SIGSTOP)
    try:
        manager.discard()
        assert manager.next(3 * WATCHDOG_SECONDS) is None
    finally:
        program.process.send_signal(signal.SIGCONT)
    manager.until("WATCHDOG")
    fed(manager, 2)


# Goal: a database that is away is no reason to be killed, at the start (no READY, a word why) or later. Method: the database takes no
# connections while the data plane starts, then does, then is taken away again: the feeding goes on while /readyz says no.
def test_database_outage_does_not_trip_the_watchdog(own_planes, manager):
    planes = own_planes
    planes.control.stop()
    planes.data.stop()
    set_reachable(planes.database, False)
    planes.data.start(wait=False, **manager.settings)
    message = manager.next()
    assert message is not None and set(message) == {"STATUS"}
    assert message["STATUS"].startswith("waiting to start: ")
    assert planes.database.name in message["STATUS"]
    set_reachable(planes.database, True)
    manager.until("READY")
    set_reachable(planes.database, False)
    try:
        wait_until("the node is not ready", lambda: call(planes.data.admin_url, "GET", "/readyz").status == 503)
        manager.discard()
        fed(manager, 20)
        assert call(planes.data.admin_url, "GET", "/readyz").status == 503
    finally:
        set_reachable(planes.database, True)
    planes.data.wait_ready()


# Goal: a socket that nobody hears stops the start with a word. Method: a path without a manager.
@pytest.mark.parametrize("name", PROGRAMS)
def test_manager_that_is_not_there(own_planes, name):
    program = getattr(own_planes, name)
    program.stop()
    done = run_program(program.name, ["serve"], {**program.settings, "NOTIFY_SOCKET": "/nonexistent/notify"})
    assert done.returncode == 1
    assert "NOTIFY_SOCKET" in done.stderr


# Goal: healthcheck says what the admin port says, with its exit code, and needs no secret for it. Method: ask a ready, a waiting, a
# stopped and a frozen program, with nothing but the admin port's address.
@pytest.mark.parametrize("name", PROGRAMS)
def test_healthcheck(own_planes, name):
    program = getattr(own_planes, name)
    listen = f"FAIRLEAD_{name.upper()}_ADMIN_LISTEN"

    def ask(*arguments, address="127.0.0.1"):
        return run_program(program.name, ["healthcheck", *arguments], {listen: f"{address}:{program.admin_port}"})
    ready = ask()
    assert ready.returncode == 0, ready.stderr
    assert "ready" in ready.stdout
    assert ask("--live").returncode == 0
    assert ask(address="0.0.0.0").returncode == 0
    set_reachable(own_planes.database, False)
    try:
        wait_until("it is not ready", lambda: ask().returncode == 1)
        waiting = ask()
        assert waiting.stdout == ""
        assert "503" in waiting.stderr and "database" in waiting.stderr
        assert ask("--live").returncode == 0
    finally:
        set_reachable(own_planes.database, True)
    program.wait_ready()
    program.process.send_signal(signal.SIGSTOP)
    frozen = ask("--live")
    program.process.send_signal(signal.SIGCONT)
    assert frozen.returncode == 1
    program.wait_ready()
    program.stop()
    stopped = ask("--live")
    assert stopped.returncode == 1
    assert "refused" in stopped.stderr
    nowhere = run_program(program.name, ["healthcheck"], {listen: "nonsense"})
    assert nowhere.returncode == 1
