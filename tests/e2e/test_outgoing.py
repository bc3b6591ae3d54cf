"""The connection to an endpoint: kept alive, resolved without blocking, guarded at the dial, and verified under TLS."""

import ssl
import subprocess
import time

import pytest

from support.receiver import Receiver
from support.wait import wait_until


def make_certificates(folder):
    """An authority, and two server certificates of it: for 127.0.0.1 with a name, and for another name only."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=Test authority", "-days", "2")
    for name, subject in (("good", "IP:127.0.0.1,DNS:secure.hooks.test"), ("other", "DNS:somebody-else.test")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        (folder / f"{name}.ext").write_text(f"subjectAltName={subject}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out",
                f"{name}.pem", "-extfile", f"{name}.ext")


def tls_context(folder, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture(scope="module")
def planes(make_planes, certificates, dns):
    """Planes that trust the test's authority and ask the test's DNS server."""
    with make_planes(FAIRLEAD_TLS_CA_FILE=str(certificates / "ca.pem"), FAIRLEAD_DNS_SERVERS=f"127.0.0.1:{dns.port}") as made:
        yield made


@pytest.fixture
def hasty(planes):
    """A project that tries once: its deliveries are final after the first attempt."""
    return planes.project(f"hasty-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": 1})


# Goal: connections are kept and used again. Method: events one after the other arrive on one connection.
def test_connections_are_kept(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    for number in range(5):
        project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    assert len({arrival.connection for arrival in receiver.arrivals(path)}) == 1


# Goal: https works with a certificate that verifies, by address and by name. Method: an authority that the operator added.
def test_tls(hasty, certificates, dns):
    own = Receiver(tls_context(certificates, "good"))
    dns.table["secure.hooks.test"] = ["127.0.0.1"]
    for url in (own.url("/tls"), f"https://secure.hooks.test:{own.port}/tls"):
        endpoint = hasty.subscribed(url)
        hasty.wait_delivery(hasty.send("tls", b'{"n":1}', endpoint_id=endpoint["uid"]), "Success")
    assert [arrival.body for arrival in own.arrivals("/tls")] == [b'{"n":1}'] * 2
    own.close()


# Goal: a certificate for another name, or of an authority that nobody added, is refused, and nothing is sent. Method: both.
def test_tls_is_verified(hasty, certificates, tmp_path):
    make_certificates(tmp_path)
    for context in (tls_context(certificates, "other"), tls_context(tmp_path, "good")):
        own = Receiver(context)
        endpoint = hasty.subscribed(own.url("/tls"))
        delivery = hasty.wait_delivery(hasty.send(endpoint_id=endpoint["uid"]), "Failure")
        attempt, = hasty.attempts(delivery["uid"])
        assert "certificate" in attempt["error"]
        assert own.count("/tls") == 0
        own.close()


# Goal: an https endpoint that speaks plain HTTP is a failed handshake, not a delivery. Method: the plain receiver under https.
def test_tls_against_plain_http(hasty, receiver):
    path = receiver.new_path()
    endpoint = hasty.subscribed(receiver.url(path).replace("http:", "https:"))
    hasty.wait_delivery(hasty.send(endpoint_id=endpoint["uid"]), "Failure")
    assert receiver.count(path) == 0


# Goal: names are resolved by the configured server, absolutely. Method: the test's DNS server; the Host header keeps the name.
def test_names(hasty, receiver, dns):
    path = receiver.new_path()
    dns.table["hooks.example.test"] = ["127.0.0.1"]
    endpoint = hasty.subscribed(f"http://hooks.example.test:{receiver.port}{path}")
    hasty.wait_delivery(hasty.send(endpoint_id=endpoint["uid"]), "Success")
    assert receiver.arrivals(path)[0].header("Host") == f"hooks.example.test:{receiver.port}"
    assert set(name for name in dns.asked if "example" in name) == {"hooks.example.test"}


# Goal: the guard judges the very address that is dialled: a name that leads inside is refused at the dial, also when an allowed
# address stands beside it. Method: names for refused addresses; the attempt names the rule, nothing is dialled.
@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["169.254.169.254"], ["192.168.1.1", "10.1.1.1"]], ids=str)
def test_guard_at_the_dial(hasty, dns, addresses):
    name = f"inside-{addresses[0].replace('.', '-')}.example.test"
    dns.table[name] = addresses
    endpoint = hasty.subscribed(f"http://{name}/")
    delivery = hasty.wait_delivery(hasty.send(endpoint_id=endpoint["uid"]), "Failure")
    attempt, = hasty.attempts(delivery["uid"])
    assert "refused" in attempt["error"]
    assert not attempt.get("http_status")


# Goal: an answer that mixes an allowed and a refused address never leads to the refused one. Method: both in one answer.
def test_mixed_answer(hasty, receiver, dns):
    path = receiver.new_path()
    dns.table["mixed.example.test"] = ["10.0.0.1", "127.0.0.1"]
    endpoint = hasty.subscribed(f"http://mixed.example.test:{receiver.port}{path}")
    event_id = hasty.send(endpoint_id=endpoint["uid"])

    def final():
        shown = hasty.delivery(event_id)
        return shown if shown["status"] in ("Success", "Failure") else None
    delivery = wait_until("the delivery is final", final)
    attempt, = hasty.attempts(delivery["uid"])
    assert not attempt.get("ip_address", "").startswith("10.")


# Goal: an unknown name is a failure that is named. Method: a name that the server does not have.
def test_unknown_name(hasty):
    endpoint = hasty.subscribed("http://nobody.example.test/")
    delivery = hasty.wait_delivery(hasty.send(endpoint_id=endpoint["uid"]), "Failure")
    attempt, = hasty.attempts(delivery["uid"])
    assert attempt["error"]
    assert not attempt.get("ip_address")
