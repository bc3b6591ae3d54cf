"""Fixtures of the short set: one world for all, a new one after a failure, and a round that is judged when its test ends."""

import os
import shutil
import tempfile
import zlib

import pytest

from harness.arena import Arena, Round

SEED = int(os.environ.get("FAIRLEAD_FAULT_SEED", "1"))


class Worlds:
    """The world that tests share; a test that failed may have left it broken, so the next one gets another."""

    def __init__(self):
        self.arena = None

    def get(self):
        if self.arena is None:
            self.arena = Arena(tempfile.mkdtemp(prefix="fairlead-faults-"))
        return self.arena

    def close(self):
        if self.arena is not None:
            self.arena.close()
            shutil.rmtree(self.arena.folder, ignore_errors=True)
            self.arena = None


@pytest.fixture(scope="session")
def worlds():
    made = Worlds()
    yield made
    made.close()


@pytest.fixture
def arena(worlds, request):
    yield worlds.get()
    if getattr(request.node, "has_failed", False):
        worlds.close()


@pytest.fixture
def judged(arena, request):
    """judged(fault, …): a round with these faults, one after the other, under load; fails with everything that the judgement
    finds. The seed is the run's and the test's name: FAIRLEAD_FAULT_SEED repeats it."""
    def run(*faults):
        round_ = Round(arena, "fault", seed=SEED + zlib.crc32(request.node.name.encode())).start()
        for fault in faults:
            fault(arena, round_)
            round_.wait_more(40)
        verdict = round_.judge()
        print(f"{request.node.name}, seed {SEED}: {verdict}")
        verdict.hold()
    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of all logs."""
    report = yield
    item.has_failed = getattr(item, "has_failed", False) or report.failed
    arena = getattr(item, "funcargs", {}).get("arena")
    if report.failed and arena is not None:
        for program in [*arena.nodes, arena.planes.control]:
            report.sections.append((f"log of {program.log_path.name}", program.log_tail()))
        report.sections.append(("log of PostgreSQL", arena.cluster.log_tail()))
    return report
