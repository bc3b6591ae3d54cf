"""How deliveries prove themselves to an endpoint: OAuth 2.0 client credentials, and client certificates."""

import base64
import json
import ssl
import subprocess
import time
import urllib.parse

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support.receiver import Receiver, Reply, no_listener
from support.wait import wait_until

REDACTED = "[REDACTED]"


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out",
                     "ca.pem", "-subj", "/CN=Test authority", "-days", "2")
        self.make("server", "-days", "2", names="subjectAltName=IP:127.0.0.1\n")

    def openssl(self, *arguments):
        return subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True).stdout

    def make(self, name, *validity, names="subjectAltName=DNS:client.test\n"):
        """A certificate and its key, as PEM texts."""
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out",
                     f"{name}.csr", "-subj", f"/CN={name}")
        (self.folder / f"{name}.ext").write_text(names)
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
                     "-extfile", f"{name}.ext", *(validity or ("-days", "2")))
        return {"client_cert": (self.folder / f"{name}.pem").read_text(), "client_key": (self.folder / f"{name}.key").read_text()}

    def server_context(self, wants_client=ssl.CERT_NONE):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        context.load_verify_locations(self.folder / "ca.pem")
        context.verify_mode = wants_client
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def planes(make_planes, authority):
    """Planes that trust the test's authority."""
    with make_planes(FAIRLEAD_TLS_CA_FILE=str(authority.folder / "ca.pem")) as made:
        yield made


def token_reply(token, **fields):
    return Reply(body=json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 3600, **fields}).encode())


def shared_secret(url, **fields):
    return {"type": "oauth2", "oauth2": {"url": url, "client_id": "client-1", "authentication_type": "shared_secret",
                                         "client_secret": "s&cret =1", **fields}}


def number(value, size=None):
    raw = value.to_bytes(size or (value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


CURVES = {"ES256": (ec.SECP256R1(), "P-256", 32), "ES384": (ec.SECP384R1(), "P-384", 48), "ES512": (ec.SECP521R1(), "P-521", 66)}


def make_key(algorithm):
    """A new key: as a JWK with its private half, and what PyJWT verifies with."""
    if algorithm in CURVES:
        curve, name, size = CURVES[algorithm]
        key = ec.generate_private_key(curve)
        numbers = key.private_numbers()
        public = numbers.public_numbers
        return {"kty": "EC", "crv": name, "kid": "key-1", "x": number(public.x, size), "y": number(public.y, size),
                "d": number(numbers.private_value, size)}, key.public_key()
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.private_numbers()
    public = numbers.public_numbers
    jwk = {"kty": "RSA", "kid": "key-1", "n": number(public.n), "e": number(public.e), "d": number(numbers.d)}
    if algorithm.startswith("PS"):  # with the primes; the others go without
        jwk |= {"p": number(numbers.p), "q": number(numbers.q), "dp": number(numbers.dmp1), "dq": number(numbers.dmq1),
                "qi": number(numbers.iqmp)}
    return jwk, key.public_key()


def assertion_settings(url, jwk, algorithm):
    return {"type": "oauth2", "oauth2": {"url": url, "client_id": "client-1", "authentication_type": "client_assertion", "signing_key": jwk,
                                         "signing_algorithm": algorithm, "issuer": "issuer-1", "subject": "subject-1"}}


def form_of(arrival):
    return dict(urllib.parse.parse_qsl(arrival.body.decode(), keep_blank_values=True, strict_parsing=True))


# Goal: a delivery carries a token that was asked for as RFC 6749 says, and the kept one serves the next ones. Method: a scripted
# token server; three deliveries, one request for a token; what is stored of the attempts does not hold it.
def test_token_is_fetched_once_and_masked(project, receiver):
    path, tokens = receiver.new_path(), receiver.new_path()
    receiver.script(tokens, token_reply("token-1", token_type="Token"))
    endpoint = project.subscribed(receiver.url(path), authentication=shared_secret(receiver.url(tokens), scope="a b", audience="aud"))
    for _ in range(3):
        delivery = project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    assert [arrival.header("Authorization") for arrival in receiver.arrivals(path)] == ["Token token-1"] * 3
    asked, = receiver.arrivals(tokens)
    assert asked.header("Content-Type") == "application/x-www-form-urlencoded"
    assert asked.header("Accept") == "application/json"
    assert form_of(asked) == {"grant_type": "client_credentials", "client_id": "client-1", "client_secret": "s&cret =1", "scope": "a b",
                              "audience": "aud"}
    attempt, = project.attempts(delivery["uid"])
    assert attempt["request_http_header"]["Authorization"] == "***"
    assert "token-1" not in project.planes.logs() and "s&cret" not in project.planes.logs()


# Goal: however many deliveries wait, the server is asked once. Method: its answer is held back until many wait.
def test_tokens_are_fetched_single_flight(project, receiver):
    path, tokens = receiver.new_path(), receiver.new_path()
    receiver.script(tokens, Reply(body=token_reply("t").body, delay=1))
    endpoint = project.subscribed(receiver.url(path), authentication=shared_secret(receiver.url(tokens)))
    for _ in range(40):
        project.send(endpoint_id=endpoint["uid"])
    receiver.wait(path, 40)
    assert receiver.count(tokens) == 1


# Goal: every algorithm signs an assertion that another library accepts, with the claims of RFC 7523. Method: PyJWT verifies what
# the token server received; a key with and without its primes.
@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_assertion(project, receiver, algorithm):
    path, tokens = receiver.new_path(), receiver.new_path()
    receiver.script(tokens, token_reply("from-assertion"))
    jwk, public = make_key(algorithm)
    endpoint = project.subscribed(receiver.url(path), authentication=assertion_settings(receiver.url(tokens), jwk, algorithm))
    project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    asked = form_of(receiver.arrivals(tokens)[0])
    assert asked["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in asked and asked["client_id"] == "client-1"
    claims = jwt.decode(asked["client_assertion"], public, algorithms=[algorithm], audience=receiver.url(tokens), issuer="issuer-1",
                        options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]})
    assert claims["sub"] == "subject-1" and claims["exp"] - claims["iat"] == 300 and abs(claims["iat"] - time.time()) < 120
    assert jwt.get_unverified_header(asked["client_assertion"]) == {"alg": algorithm, "kid": "key-1", "typ": "JWT"}


# Goal: an endpoint that forgot a kept token gets a fresh one within the same attempt; a fresh one that it refuses too is a failure.
# Method: 401 to the second request, and to everything after.
def test_refused_token_is_replaced_once(project, receiver):
    path, tokens = receiver.new_path(), receiver.new_path()
    receiver.script(tokens, token_reply("old"), token_reply("new"))
    endpoint = project.subscribed(receiver.url(path), authentication=shared_secret(receiver.url(tokens)))
    receiver.script(path, Reply(), Reply(401), Reply())
    project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    delivery = project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    assert delivery["metadata"]["num_trials"] == 1
    assert [a.header("Authorization") for a in receiver.arrivals(path)] == ["Bearer old", "Bearer old", "Bearer new"]
    assert receiver.count(tokens) == 2


# Goal: a token is not used beyond its life, and one about to end is renewed in good time. Method: a life of 1500 ms given in
# milliseconds as a text, under names of their own.
def test_tokens_expire(project, receiver):
    path, tokens = receiver.new_path(), receiver.new_path()
    short = Reply(body=json.dumps({"tok": "short", "life": "1500"}).encode())
    receiver.script(tokens, short, Reply(body=json.dumps({"tok": "next", "life": 3600000}).encode()))
    settings = shared_secret(receiver.url(tokens), expiry_time_unit="milliseconds",
                             field_mapping={"access_token": "tok", "token_type": "kind", "expires_in": "life"})
    endpoint = project.subscribed(receiver.url(path), authentication=settings)
    project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")

    def next_token_is_used():
        project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
        return receiver.arrivals(path)[-1].header("Authorization") == "Bearer next"
    wait_until("the next token is used", next_token_is_used)
    assert receiver.count(tokens) == 2


# Goal: a token server that fails makes a failed attempt that says so, the endpoint is not asked, and the delivery is tried again.
# Method: refusals of every kind, then a token.
@pytest.mark.parametrize("reply", [Reply(401, b'{"error":"invalid_client"}'), Reply(200, b"not json"), Reply(201, token_reply("x").body),
                                   Reply(200, b'{"token_type":"Bearer"}'), Reply(200, b'{"access_token":"a b\\u0000"}'), Reply(drop=True)],
                         ids=["refused", "no json", "not 200", "no token", "unusable", "dropped"])
def test_failing_token_server(project, receiver, reply):
    path, tokens = receiver.new_path(), receiver.new_path()
    # A request that finds its kept connection closed is repeated on a new one: that is not yet a failure.
    receiver.script(tokens, *[reply] * (2 if reply.drop else 1), token_reply("at-last"))
    endpoint = project.subscribed(receiver.url(path), authentication=shared_secret(receiver.url(tokens)))
    delivery = project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    first = min(project.attempts(delivery["uid"]), key=lambda attempt: attempt["requested_at"])
    assert first["status"] is False and "token" in first["error"], first
    assert receiver.count(path) == 1
    if reply.status == 401:
        assert "invalid_client" in first["error"]


# Goal: an endpoint whose token server hangs hurts nobody else, and its own attempts end by its timeout. Method: a token server
# that never answers beside an ordinary endpoint of the same project.
def test_hanging_token_server(project, receiver):
    path, tokens, other = receiver.new_path(), receiver.new_path(), receiver.new_path()
    receiver.hold(tokens)
    stuck = project.subscribed(receiver.url(path), authentication=shared_secret(receiver.url(tokens)), http_timeout=2)
    healthy = project.subscribed(receiver.url(other))
    event = project.send(endpoint_id=stuck["uid"])
    for _ in range(200):
        project.send(endpoint_id=stuck["uid"])
    receiver.wait(tokens)
    begin = time.monotonic()
    for _ in range(20):
        project.wait_delivery(project.send(endpoint_id=healthy["uid"]), "Success")
    assert time.monotonic() - begin < 10
    delivery = project.wait_delivery(event, "Retry")
    assert "did not answer in time" in project.attempts(delivery["uid"])[0]["error"]
    assert receiver.count(path) == 0


# Goal: a change of the settings is in force at once: no token of the old ones is used. Method: other client, other server.
def test_changed_settings_get_their_own_token(project, receiver):
    path, first, second = receiver.new_path(), receiver.new_path(), receiver.new_path()
    receiver.script(first, token_reply("first"))
    receiver.script(second, token_reply("second"))
    endpoint = project.subscribed(receiver.url(path), authentication=shared_secret(receiver.url(first)))
    project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    project.control.put(f"{project.path}/endpoints/{endpoint['uid']}", {
        "name": endpoint["name"], "url": endpoint["url"], "authentication": shared_secret(receiver.url(second))}).expect(202)
    project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    assert [a.header("Authorization") for a in receiver.arrivals(path)] == ["Bearer first", "Bearer second"]


# Goal: secrets come back redacted, and sent back so they stay what they were. Method: get, put it back, deliver.
def test_redacted_settings_sent_back_stay(project, receiver):
    path, tokens = receiver.new_path(), receiver.new_path()
    receiver.script(tokens, token_reply("t"))
    jwk, public = make_key("ES256")
    for settings in (shared_secret(receiver.url(tokens)), assertion_settings(receiver.url(tokens), jwk, "ES256")):
        endpoint = project.subscribed(receiver.url(path), authentication=settings)
        shown = project.control.get(f"{project.path}/endpoints/{endpoint['uid']}").expect(200).data
        oauth = shown["authentication"]["oauth2"]
        assert oauth["client_id"] == "client-1"
        if "client_secret" in settings["oauth2"]:
            assert oauth["client_secret"] == REDACTED
        else:
            assert oauth["signing_key"]["d"] == REDACTED and oauth["signing_key"]["x"] == jwk["x"]
        again = project.control.put(f"{project.path}/endpoints/{endpoint['uid']}", shown).expect(202).data
        assert again["authentication"] == shown["authentication"]
        project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
        asked = form_of(receiver.arrivals(tokens)[-1])
        if "client_secret" in asked:
            assert asked["client_secret"] == "s&cret =1"
        else:
            jwt.decode(asked["client_assertion"], public, algorithms=["ES256"], audience=receiver.url(tokens))
    stored = project.planes.database.value("SELECT string_agg(authentication::text, '') FROM endpoints WHERE project_id = %s", [project.uuid])
    assert "s&cret" not in stored and jwk["d"] not in stored and "client-1" not in stored


GOOD_EC, _ = make_key("ES256")
OTHER_EC, _ = make_key("ES256")


# Goal: settings that a delivery could not use are refused, naming the field. Method: a table of one fault each.
@pytest.mark.parametrize(("change", "field"), [
    ({"url": None}, "url"), ({"url": "http://10.0.0.1/token"}, "url"), ({"url": "ftp://x.test/"}, "url"), ({"url": 5}, "url"),
    ({"client_id": None}, "client_id"), ({"authentication_type": None}, "authentication_type"),
    ({"authentication_type": "password"}, "authentication_type"), ({"authentication_type": "shared_secret"}, "client_secret"),
    ({"authentication_type": "shared_secret", "client_secret": REDACTED}, "client_secret"),
    ({"expiry_time_unit": "days"}, "expiry_time_unit"), ({"signing_key": None}, "signing_key"),
    ({"signing_key": {**GOOD_EC, "d": None}}, "signing_key.d"), ({"signing_key": {**GOOD_EC, "kid": None}}, "signing_key.kid"),
    ({"signing_key": {**GOOD_EC, "kty": "RSA"}}, "signing_key.kty"), ({"signing_key": {**GOOD_EC, "crv": "P-384"}}, "signing_key.crv"),
    ({"signing_key": {**GOOD_EC, "x": None}}, "signing_key.x"), ({"signing_key": {**GOOD_EC, "x": GOOD_EC["y"]}}, "signing_key.x"),
    ({"signing_key": {**GOOD_EC, "d": OTHER_EC["d"]}}, "signing_key.d"), ({"signing_key": {**GOOD_EC, "d": "+/=="}}, "signing_key.d"),
    ({"signing_key": {**GOOD_EC, "d": REDACTED}}, "signing_key.d"), ({"signing_key": "a key"}, "signing_key"),
    ({"signing_algorithm": "HS256"}, "signing_algorithm"), ({"signing_algorithm": "RS256"}, "signing_key.kty"),
    ({"issuer": None}, "issuer"), ({"subject": None}, "subject"), ({"field_mapping": ["a"]}, "field_mapping"),
    ({"scope": 1}, "scope"), ({"audience": {}}, "audience"),
])
def test_bad_settings_are_refused(project, change, field):
    settings = assertion_settings("https://tokens.example.test/", GOOD_EC, "ES256")
    settings["oauth2"] = {**settings["oauth2"], **change}
    for target, body, prefix in (("endpoints", {"name": "e", "url": "https://hooks.example.test/", "authentication": settings},
                                  "authentication.oauth2."), ("endpoints/oauth2/test", {"oauth2": settings["oauth2"]}, "oauth2.")):
        answer = project.control.post(f"{project.path}/{target}", body).expect(400).json
        assert prefix + field in json.dumps(answer), answer


# Goal: settings can be tried out: 200 with the token, or with why there is none. Method: a good server, a refusing one, no server,
# and a body without settings.
def test_trying_out(project, receiver):
    tokens, refusing = receiver.new_path(), receiver.new_path()
    receiver.script(tokens, token_reply("tried", expires_in="60"))
    receiver.script(refusing, Reply(400, b'{"error":"invalid_scope"}'))

    def trial(url):
        answer = project.control.post(f"{project.path}/endpoints/oauth2/test", {"oauth2": shared_secret(url)["oauth2"]}).expect(200)
        assert answer.json["status"] is True
        return answer.data
    good = trial(receiver.url(tokens))
    assert (good["success"], good["access_token"], good["token_type"]) == (True, "tried", "Bearer") and "error" not in good
    refused = trial(receiver.url(refusing))
    assert refused["success"] is False and "invalid_scope" in refused["error"] and "access_token" not in refused
    assert trial(f"http://127.0.0.1:{no_listener()}/")["success"] is False
    project.control.post(f"{project.path}/endpoints/oauth2/test", {}).expect(400)
    other = project.planes.project(f"other-{time.time_ns()}")
    project.control.post(f"{other.path}/endpoints/oauth2/test", {"oauth2": shared_secret(receiver.url(tokens))["oauth2"]}).expect(404)


# Goal: a server that wants a certificate gets the endpoint's own; without one the delivery fails and says so. Method: a TLS server
# that requires certificates of the test's authority.
def test_client_certificate(project, authority):
    own = Receiver(authority.server_context(ssl.CERT_REQUIRED))
    shown = project.subscribed(own.url("/with"), mtls_client_cert=authority.make("client-a"))
    assert shown["mtls_client_cert"]["client_key"] == REDACTED
    project.wait_delivery(project.send(endpoint_id=shown["uid"]), "Success")
    assert own.arrivals("/with")[0].peer["subject"] == ((("commonName", "client-a"),),)
    without = project.subscribed(own.url("/without"))
    delivery = project.wait_delivery(project.send(endpoint_id=without["uid"]), "Retry")
    # Under TLS 1.3 the refusal may come as an alert or, if our request crosses it, as a reset.
    assert project.attempts(delivery["uid"])[0]["failure"] in ("tls_handshake", "connection_reset", "write_failed")
    assert own.count("/without") == 0
    own.close()


# Goal: whatever changes of a certificate is in force for the next event, on a connection of its own; a redacted key sent back
# stays. Method: a server that takes any certificate or none, and sees which one a request came under.
def test_changed_certificate_is_in_force(project, authority):
    own = Receiver(authority.server_context(ssl.CERT_OPTIONAL))
    endpoint = project.subscribed(own.url("/m"), mtls_client_cert=authority.make("client-b"))
    plain = project.subscribed(own.url("/m"))
    target = f"{project.path}/endpoints/{endpoint['uid']}"

    def put(**fields):
        return project.control.put(target, {"name": endpoint["name"], "url": endpoint["url"], **fields}).expect(202).data

    def peer(to=endpoint):
        project.wait_delivery(project.send(endpoint_id=to["uid"]), "Success")
        seen = own.arrivals("/m")[-1].peer
        return seen["subject"][0][0][1] if seen else None
    assert (peer(), peer(plain), peer()) == ("client-b", None, "client-b")
    put(mtls_client_cert=project.control.get(target).expect(200).data["mtls_client_cert"])
    assert peer() == "client-b"
    put(mtls_client_cert=authority.make("client-c"))
    assert peer() == "client-c"
    put(description="the certificate stays")
    assert peer() == "client-c"
    assert "mtls_client_cert" not in put(mtls_client_cert={"client_cert": "", "client_key": ""})
    assert peer() is None
    stored = project.planes.database.value("SELECT string_agg(client_certificate::text, '') FROM endpoints WHERE project_id = %s", [project.uuid])
    assert stored is None
    own.close()


# Goal: what is no pair, no PEM, expired or half is refused, naming the half. Method: a table.
def test_bad_certificates_are_refused(project, authority):
    pair, other = authority.make("client-d"), authority.make("client-e")
    expired = authority.make("client-f", "-days", "-1")
    locked = authority.openssl("ec", "-in", "client-d.key", "-aes128", "-passout", "pass:x").decode()
    for given, field, reason in (
            ({**pair, "client_key": other["client_key"]}, "client_key", "key_mismatch"), (expired, "client_cert", "certificate_expired"),
            ({"client_cert": "no PEM", "client_key": pair["client_key"]}, "client_cert", "invalid_certificate"),
            ({**pair, "client_key": "no PEM"}, "client_key", "invalid_key"), ({**pair, "client_key": locked}, "client_key", "invalid_key"),
            ({"client_cert": pair["client_cert"]}, "client_key", "required"), ({"client_key": pair["client_key"]}, "client_cert", "required"),
            ({**pair, "client_key": REDACTED}, "client_key", "required"), ({**pair, "client_cert": 5}, "client_cert", "wrong_type")):
        answer = project.control.post(f"{project.path}/endpoints", {"name": "e", "url": "https://hooks.example.test/",
                                                                    "mtls_client_cert": given}).expect(400).json
        text = json.dumps(answer)
        assert f"mtls_client_cert.{field}" in text and reason in text and "BEGIN" not in text, answer
