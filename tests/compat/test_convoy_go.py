"""The official Go client (tests/compat/go), unmodified, given only a URL and a key: each of its tests is a test here."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.planes import base_environment
from support.wait import DEADLINE_SECONDS

HERE = Path(__file__).resolve().parent / "go"
CACHE = Path(__file__).resolve().parents[2] / "build" / "go"
NAMES = sorted(name for path in HERE.glob("*_test.go") for name in re.findall(r"^func (Test\w+)\(", path.read_text(), re.MULTILINE))
CONFIGS = {"TestOtherAlgorithms": {"signature": {"header": "X-Own-Signature", "versions": [{"hash": "SHA512", "encoding": "base64"}]}}}


@pytest.fixture(scope="module")
def program():
    """The tests as one program; modules and objects stay in build/, so that only the first time is slow."""
    go = os.environ.get("FAIRLEAD_GO", "go")
    # go.sum pins every module's hash. Nothing else is asked: the public checksum database does not know the client's module.
    settings = {**base_environment(), "GOMODCACHE": str(CACHE / "modules"), "GOCACHE": str(CACHE / "cache"), "GOTOOLCHAIN": "local",
                "GOFLAGS": "-mod=readonly -modcacherw",
                **{name: os.environ[name] for name in ("GOPROXY", "HTTPS_PROXY", "https_proxy") if name in os.environ}}
    made = CACHE / "compat.test"
    done = subprocess.run([go, "test", "-c", "-o", str(made), "."], cwd=HERE, env=settings, text=True, capture_output=True, timeout=900,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


# Goal and method: as the Go test says. It gets a project of its own, and must have run and passed: no test and a skipped one fail.
@pytest.mark.timeout(1000)  # the first one may have to fetch and compile
@pytest.mark.parametrize("name", NAMES)
def test_go(planes, program, name):
    project = planes.project(f"{name}-{os.urandom(4).hex()}", **{"strategy": {"type": "linear", "duration": 1, "retry_count": 5},
                                                                **CONFIGS.get(name, {})})
    settings = {"CONTROL": f"{planes.control.url}/api/v1", "DATA": f"{planes.data.url}/api/v1", "KEY": project.key,
                "PROJECT": project.id, "SECONDS": str(DEADLINE_SECONDS)}
    done = subprocess.run([str(program), "-test.v", f"-test.run=^{name}$", "-test.timeout=200s"], cwd=HERE, text=True,
                          env={**base_environment(), **{f"FAIRLEAD_COMPAT_{key}": value for key, value in settings.items()}},
                          capture_output=True, timeout=220, check=False)
    assert done.returncode == 0 and f"--- PASS: {name} " in done.stdout, done.stdout + done.stderr
