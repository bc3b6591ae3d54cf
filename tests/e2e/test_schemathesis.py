"""Requests that Schemathesis makes of the document, right ones and wrong ones, against the running servers: no server error, and no
answer that the document does not describe. The seed is fixed and the number of requests bounded; names resolve to nothing, so
that no URL that it makes up leads anywhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import openapi
from support.receiver import Receiver
from support.tenant import Tenant
from support.wait import SLOWNESS

SEED = "20260125"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance")
# Every edge of every schema is much: for the sanitizers' builds the random ones must do.
PHASES = "examples,coverage,fuzzing" if SLOWNESS == 1 else "examples,fuzzing"
# They take away what the others need: tried apart, with ids that nothing has.
DESTRUCTIVE = re.compile("Delete|Revoke")


@pytest.fixture(scope="module")
def planes(make_planes, dns):
    """Planes whose every look-up ends at a DNS server that knows no name."""
    with make_planes(FAIRLEAD_DNS_SERVERS=f"127.0.0.1:{dns.port}") as made:
        yield made


def run(planes, key, folder, operations, ids, examples):
    """One run over these operations; path parameters named in `ids` keep their value. Gives its exit code and what it said."""
    lines = [f'"path.{name}" = "{value}"\n' for name, value in ids.items()]
    (folder / "schemathesis.toml").write_text("[parameters]\n" + "".join(lines))
    command = [str(Path(sys.executable).parent / "st"), "--config-file", str(folder / "schemathesis.toml"), "run", str(DOCUMENT),
               "--url", planes.control.url, "--header", f"Authorization: Bearer {key}", "--checks", CHECKS, "--phases",
               PHASES, "--seed", SEED, "--generation-database", "none", "--max-examples", str(examples), "--no-shrink",
               "--request-timeout", "30", "--workers", "1", "--continue-on-failure", "--warnings", "off", "--suppress-health-check", "all"]
    for operation in operations:
        command += ["--include-operation-id", operation.id]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600 * SLOWNESS, env=environment, check=False)
    return done.returncode, done.stdout + done.stderr


# Goal: no request that can be made from the document meets a server error or an answer that is not in it. Method: Schemathesis
# with its examples, its edge cases and a fixed number of random requests for every operation, with a key of the organisation and
# the ids of a project that has one of everything; operations that delete are tried with random ids.
@pytest.mark.timeout(1500 * SLOWNESS)
def test_schemathesis_finds_nothing(planes, tmp_path):
    receiver = Receiver()
    try:
        tenant = Tenant(planes, receiver, "schemathesis")
        chosen = [each for each in openapi.operations() if each.path.startswith(("/api/", "/healthz", "/openapi.json"))]
        rest = [each for each in chosen if not DESTRUCTIVE.search(each.id)]
        code, said = run(planes, planes.organisation_key, tmp_path, rest, tenant.ids, 5)
        assert code == 0, said[-20000:]
        destructive = [each for each in chosen if DESTRUCTIVE.search(each.id)]
        code, said = run(planes, planes.organisation_key, tmp_path, destructive, {}, 5)
        assert code == 0, said[-20000:]
        if "portal_token" in tenant.secrets:
            portal = [each for each in openapi.operations() if each.path.startswith("/portal-api") and not DESTRUCTIVE.search(each.id)]
            code, said = run(planes, tenant.secrets["portal_token"], tmp_path, portal, tenant.ids, 2)
            assert code == 0, said[-20000:]
    finally:
        receiver.close()
    for plane in (planes.control, planes.data):
        assert '"message":"request_failed' not in plane.log(), plane.log_tail()
