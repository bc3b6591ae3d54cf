"""Receivers that verify with libraries of their own language: standardwebhooks and svix, from npm and from PyPI."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.signatures import verify_with_libraries, whsec

NODE = Path(__file__).resolve().parent / "node"
BODIES = {"object": b'{"amount": 1.50, "name": "Zo\xc3\xab"}', "array": b"[1,2,3]", "text": b'"a text"', "number": b"12345678901234567890",
          "spaces": b'{ "a" :  1 ,\n "b" : [ ] }', "emoji": '{"mood":"🎉","quote":"\\u00e9"}'.encode(), "null": b"null"}
SECRETS = {"generated": None, "plain": "s3cret-with-ümlaut-and-length", "whsec": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.fixture(scope="module")
def node_libraries(tmp_path_factory):
    """A function from deliveries to both libraries' verdicts; the libraries are installed as their lock file says."""
    npm = shutil.which("npm")
    assert npm, "npm is missing: apt-get install npm"
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "verify.mjs"):
        shutil.copy(NODE / name, folder)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True, timeout=180)

    def verify(deliveries):
        lines = "".join(json.dumps({"secret": whsec(secret), "headers": arrival.header_map,
                                    "body": base64.b64encode(arrival.body).decode()}) + "\n"
                        for secret, arrival in deliveries)
        done = subprocess.run([shutil.which("node"), "verify.mjs"], cwd=folder, input=lines, text=True, capture_output=True, timeout=60,
                              check=True, env={"PATH": os.environ["PATH"]})
        return [json.loads(line) for line in done.stdout.splitlines()]

    return verify


# Goal: every delivery, whatever its body and its endpoint's secret, verifies with all four libraries. Method: one endpoint for
# each kind of secret, one event for each kind of body; what arrived goes to the libraries as it came.
def test_every_delivery_verifies_with_the_libraries(project, receiver, node_libraries):
    deliveries = []
    for secret in SECRETS.values():
        path = receiver.new_path()
        endpoint = project.subscribed(receiver.url(path), **({"secret": secret} if secret else {}))
        for body in BODIES.values():
            project.send("verified", body, endpoint_id=endpoint["uid"])
        deliveries += [(endpoint["secrets"][0]["value"], arrival) for arrival in receiver.wait(path, len(BODIES))]
    assert sorted({arrival.body for _, arrival in deliveries}) == sorted(BODIES.values())
    for secret, arrival in deliveries:
        if arrival.body != BODIES["null"]:  # svix of PyPI insists on a truthy payload
            verify_with_libraries(secret, arrival)
    verdicts = node_libraries(deliveries)
    assert verdicts == [{"standardwebhooks": True, "svix": True}] * len(deliveries), \
        [(each, arrival.body) for each, (_, arrival) in zip(verdicts, deliveries) if each != {"standardwebhooks": True, "svix": True}]


# Goal: while a secret is replaced, receivers with the old and with the new one both verify. Method: an event after expire_secret.
def test_both_secrets_verify_while_one_is_replaced(project, receiver, node_libraries):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    rotated = project.control.put(f"{project.path}/endpoints/{endpoint['uid']}/expire_secret", {"expiration": 1}).expect(200).data
    project.send("verified", b"{}", endpoint_id=endpoint["uid"])
    arrival = receiver.wait(path)[0]
    secrets = [each["value"] for each in rotated["secrets"]]
    assert len(secrets) == 2
    assert node_libraries([(each, arrival) for each in secrets]) == [{"standardwebhooks": True, "svix": True}] * 2


# Goal: the libraries here can say no. Method: a wrong secret, and one changed byte.
def test_libraries_refuse_what_is_wrong(project, receiver, node_libraries):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    project.send("verified", b'{"a":1}', endpoint_id=endpoint["uid"])
    arrival = receiver.wait(path)[0]
    verdicts = node_libraries([("another secret of some length", arrival)])
    arrival.body = b'{"a":2}'
    verdicts += node_libraries([(endpoint["secrets"][0]["value"], arrival)])
    assert all(text is not True for verdict in verdicts for text in verdict.values()), verdicts
