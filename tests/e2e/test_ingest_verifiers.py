"""Who may send to /ingest/{mask}: each verifier and provider, rotation of their secrets, and their challenges."""

import time

import pytest
import stripe

from support.api import call
from support.sources import BODY, SECRET, VERIFIERS, Source, b64, mac, provider, refused, slack_headers, stripe_header

TIMED = ("stripe", "slack", "standardwebhooks", "svix")


# Goal: each verifier lets its sender in and nobody else; the bytes arrive as they were sent. Method: a good signature; none, one of
# another secret, one of another body, one cut off; the program's own answers and rows.
@pytest.mark.parametrize("name", VERIFIERS)
def test_verifiers(project, receiver, name):
    fields, prove = VERIFIERS[name]
    source = Source(project, receiver, **fields)
    good = prove(BODY)
    cut = {k: v[:-1] for k, v in good.items()}
    wrong = [{}, prove(BODY, secret=SECRET[:-6] + "AAAAAA"), cut, {k: "" for k in good}]
    if name not in ("basic", "api-key"):
        wrong.append(prove(BODY + b" "))
    for headers in wrong:
        refused(source, source.post(headers=headers), "verification_failed")
    answer = source.post(headers=good).expect(200)
    assert answer.data == len(BODY)
    arrival, = source.arrivals()
    assert arrival.body == BODY
    event, = source.events()
    assert event["source_id"] == source.data["uid"] and event["source_metadata"]["name"] == "s"
    assert event["event_type"] == source.data["mask_id"]
    assert not any(value in str(arrival.headers) for value in good.values() if len(value) > 20), "a proof is not passed on"


# Goal: a signed request of another time is refused, either way. Method: signatures of 301 s ago and ahead, and of 290 s ago.
@pytest.mark.parametrize("name", TIMED)
def test_replayed_timestamp(project, receiver, name):
    fields, prove = VERIFIERS[name]
    source = Source(project, receiver, **fields)
    for away in (-310, 310, -100_000_000):
        refused(source, source.post(headers=prove(BODY, at=time.time() + away)), "timestamp_out_of_tolerance")
    source.post(headers=prove(BODY, at=time.time() - 290)).expect(200)


# Goal: our reading of Stripe's scheme is Stripe's own. Method: its library accepts the header that this file makes.
def test_stripe_library_agrees():
    header = stripe_header(BODY)["Stripe-Signature"]
    assert stripe.WebhookSignature.verify_header(BODY.decode(), header, SECRET, tolerance=300)


# Goal: several secrets are good while one replaces another, and the old one ends when it is taken off. Method: rotate in three steps,
# sending with both at each; redacted values keep what they stand for.
def test_rotation(project, receiver):
    fields, prove = VERIFIERS["stripe"]
    source = Source(project, receiver, **fields)
    shown = source.change(verifier={"hmac": {"secret": "new", "secrets": [SECRET]}})["verifier"]["hmac"]
    assert shown["secret"] == "[REDACTED]" and shown["secrets"] == ["[REDACTED]"]
    source.change(verifier={"hmac": shown})
    source.post(headers=prove(BODY)).expect(200)
    source.post(headers=prove(BODY, secret="new")).expect(200)
    source.change(verifier={"hmac": {"secret": "[REDACTED]", "secrets": []}})
    source.post(headers=prove(BODY)).expect(400)
    source.post(headers=prove(BODY, secret="new")).expect(200)


# Goal: X's (Twitter's) challenge is answered by both planes, noted, and by no other source. Method: a token with escapes.
def test_crc_challenge(project, receiver, planes):
    source = Source(project, receiver, **provider("twitter"))
    expected = {"response_token": "sha256=" + b64(mac(SECRET, b"a b+c").digest())}
    for url in (planes.data.url, planes.control.url):
        assert call(url, "GET", source.path + "?crc_token=a%20b%2Bc").expect(200).json == expected
        assert call(url, "GET", source.path).expect(400).json["field"] == "crc_token"
        assert call(url, "GET", "/ingest/" + "A" * 16 + "?crc_token=x").status == 404
        assert call(url, "PUT", source.path).status == 405
        other = Source(project, receiver, **provider("github"))
        assert call(url, "GET", other.path + "?crc_token=x").expect(400).json["code"] == "no_challenge"
    shown = project.control.get(f"{project.path}/sources/{source.data['uid']}").expect(200).data
    assert shown["provider_config"]["twitter"]["crc_verified_at"]


# Goal: Slack's handshake is answered with its word, and only a signed one. Method: its url_verification.
def test_slack_handshake(project, receiver):
    source = Source(project, receiver, **provider("slack"))
    body = b'{"token":"t","challenge":"3eZbrw1a","type":"url_verification"}'
    refused(source, source.post(body), "verification_failed")
    answer = source.post(body, slack_headers(body)).expect(200)
    assert answer.body == b"3eZbrw1a" and source.stored() == 0
