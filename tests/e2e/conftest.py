"""Fixtures: one migrated template database a session, both planes once a module over a copy of it, a receiver, a project a test."""

import os
import re

import pytest

from support.database import Database
from support.dns import DnsServer
from support.planes import migrate, new_master_key, temporary_planes
from support.receiver import Receiver
from support.wait import SLOWNESS

os.environ.setdefault("PYTEST_TIMEOUT", str(240 * SLOWNESS))  # a test's own; wins over pytest.ini


@pytest.fixture(scope="session")
def master_key():
    return new_master_key()


@pytest.fixture(scope="session")
def template(master_key):
    """A database that the program itself migrated."""
    database = Database()
    migrate(database, master_key)
    yield database
    database.drop()


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def dns():
    made = DnsServer()
    yield made
    made.close()


@pytest.fixture(scope="session")
def make_planes(template, master_key, tmp_path_factory):
    """make_planes(**settings): a context of planes over a copy of the template; for fixtures that need settings of their own."""
    def make(**settings):
        return temporary_planes(template, master_key, tmp_path_factory.mktemp("planes"), **settings)
    return make


@pytest.fixture(scope="module")
def planes(make_planes, receiver):
    """Both planes, running; a module's tests share them and stop them cleanly at its end."""
    with make_planes() as made:
        yield made


@pytest.fixture
def own_planes(make_planes):
    """Planes of this test alone, over a database of its own: for tests that kill, stop or start programs themselves."""
    with make_planes() as made:
        yield made


@pytest.fixture
def project(planes, request):
    """This test's own project; explicit strategy: linear, one second, five attempts."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:80]
    return planes.project(f"{name}-{id(request.node)}", strategy={"type": "linear", "duration": 1, "retry_count": 5})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of both programs' logs."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    planes = arguments.get("own_planes") or arguments.get("planes")
    if report.failed and planes is not None:
        for program in [*planes.nodes, planes.control]:
            report.sections.append((f"log of {program.name}", program.log_tail()))
    return report
