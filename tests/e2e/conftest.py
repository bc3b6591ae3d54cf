"""Fixtures: one migrated template database a session, both planes once a module over a copy of it, a receiver, a project a test."""

import os
import re

import pytest

from support.database import Database, make_login_roles
from support.planes import Planes, run_program
from support.receiver import Receiver
from support.wait import SLOWNESS

os.environ.setdefault("PYTEST_TIMEOUT", str(240 * SLOWNESS))  # a test's own; wins over pytest.ini


@pytest.fixture(scope="session")
def master_key():
    done = run_program("fairlead-control", ["keygen"], {})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="session")
def template(master_key):
    """A database that the program itself migrated."""
    database = Database()
    done = run_program("fairlead-control", ["migrate"], {"FAIRLEAD_DATABASE_URL": database.owner_url,
                                                          "FAIRLEAD_MASTER_KEY": master_key})
    assert done.returncode == 0, done.stdout + done.stderr
    make_login_roles()
    yield database
    database.drop()


@pytest.fixture(scope="module")
def database(template):
    made = Database(template)
    yield made
    made.drop()


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def planes(database, master_key, receiver, tmp_path_factory):
    """Both planes, running; a module's tests share them and stop them cleanly at its end."""
    made = Planes(database, master_key, tmp_path_factory.mktemp("planes"))
    try:
        yield made.start()
        made.stop()
    finally:
        made.kill_all()


@pytest.fixture
def own_planes(template, master_key, tmp_path):
    """Planes of this test alone, over a database of its own: for tests that kill, stop or start programs themselves."""
    database = Database(template)
    made = Planes(database, master_key, tmp_path)
    try:
        yield made.start()
        made.stop()
    finally:
        made.kill_all()
        database.drop()


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
