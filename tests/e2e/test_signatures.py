"""Every delivery is signed both ways: Standard Webhooks, checked by two third-party libraries and by hand, and the header of the
wire contract (6.4), computed anew."""

import base64
import hashlib
import hmac
import time

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from support.receiver import Reply
from support.signatures import advanced_timestamp, contract_advanced, contract_simple, standard_signature, verify_with_libraries, whsec
from support.wait import wait_until

BODY = '{"amount": 1.50, "name": "Zoë"}'.encode()
SECRETS = {"generated": None, "plain": "s3cret-with-ümlaut-and-length", "whsec": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


def check_standard(secrets, arrival):
    """webhook-signature has one element per secret, each verifies alone, by the libraries and by hand."""
    timestamp = int(arrival.header("webhook-timestamp"))
    assert abs(timestamp - arrival.wall) < 60
    expected = [standard_signature(secret, arrival.webhook_id, timestamp, arrival.body) for secret in secrets]
    elements = arrival.header("webhook-signature").split(" ")
    assert sorted(e for e in elements if e.startswith("v1,")) == sorted(expected)
    for secret in secrets:
        verify_with_libraries(secret, arrival)


# Goal: all three kinds of secrets sign right, in both formats of the contract's header. Method: the receiver's bytes against the
# libraries and an independent computation.
@pytest.mark.parametrize("is_advanced", [True, False], ids=["advanced", "simple"])
@pytest.mark.parametrize("kind", SECRETS)
def test_delivery_is_signed(project, receiver, kind, is_advanced):
    path = receiver.new_path()
    fields = {"secret": SECRETS[kind]} if SECRETS[kind] else {}
    endpoint = project.subscribed(receiver.url(path), advanced_signatures=is_advanced, **fields)
    secret = endpoint["secrets"][0]["value"]
    assert SECRETS[kind] in (None, secret)
    event_id = project.send("signed", BODY, endpoint_id=endpoint["uid"])
    arrival = receiver.wait(path)[0]
    check_standard([secret], arrival)
    header = arrival.header("X-Convoy-Signature")
    if is_advanced:
        timestamp = advanced_timestamp(header)
        assert abs(timestamp - arrival.wall) < 60
        assert header == contract_advanced([secret], timestamp, BODY)
    else:
        assert header == contract_simple(secret, BODY)
    assert arrival.webhook_id == project.delivery(event_id)["uid"]


# Goal: the tests can fail. Method: a wrong secret and one changed byte are refused by the library.
def test_wrong_secret_or_byte_is_refused(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    project.send("signed", BODY, endpoint_id=endpoint["uid"])
    arrival = receiver.wait(path)[0]
    secret = endpoint["secrets"][0]["value"]
    with pytest.raises(WebhookVerificationError):
        Webhook(whsec(secret + "x")).verify(arrival.body, arrival.header_map, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(whsec(secret)).verify(arrival.body.replace(b"1.50", b"1.51"), arrival.header_map, json_parse=False)


# Goal: webhook-id stays over retries, timestamps and signatures are made anew for each attempt. Method: one failure, one success.
def test_retry_is_signed_anew_under_the_same_id(project, receiver):
    path = receiver.new_path()
    receiver.script(path, Reply(500), Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    project.send("signed", BODY, endpoint_id=endpoint["uid"])
    first, second = receiver.wait(path, 2)
    assert first.webhook_id == second.webhook_id
    assert int(second.header("webhook-timestamp")) > int(first.header("webhook-timestamp"))
    for arrival in (first, second):
        check_standard([endpoint["secrets"][0]["value"]], arrival)


# Goal: during a rotation every live secret signs, oldest first. Method: rotate with an expiry far off, and send at once.
def test_rotation(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    old = endpoint["secrets"][0]["value"]
    rotated = project.control.put(f"{project.path}/endpoints/{endpoint['uid']}/expire_secret",
                                  {"secret": "the-new-one", "expiration": 60}).expect(200).data
    assert [s["value"] for s in rotated["secrets"]] == [old, "the-new-one"]
    project.send("signed", BODY, endpoint_id=endpoint["uid"])
    arrival = receiver.wait(path)[0]
    check_standard([old, "the-new-one"], arrival)
    header = arrival.header("X-Convoy-Signature")
    assert header == contract_advanced([old, "the-new-one"], advanced_timestamp(header), BODY)


# Goal: the simple format uses the newest secret during a rotation. Method: as above.
def test_rotation_of_the_simple_format(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), advanced_signatures=False)
    project.control.put(f"{project.path}/endpoints/{endpoint['uid']}/expire_secret", {"secret": "newest", "expiration": 60}).expect(200)
    project.send("signed", BODY, endpoint_id=endpoint["uid"])
    arrival = receiver.wait(path)[0]
    assert arrival.header("X-Convoy-Signature") == contract_simple("newest", BODY)
    check_standard([endpoint["secrets"][0]["value"], "newest"], arrival)


# Goal: an expired secret signs nothing. Method: its expiry is set to the past in the database, as if the time had passed; the next
# configuration change makes the data plane read it.
def test_expired_secret_signs_nothing(planes, project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    project.control.put(f"{project.path}/endpoints/{endpoint['uid']}/expire_secret", {"secret": "kept", "expiration": 60}).expect(200)
    planes.database.rows("""UPDATE endpoints SET secrets = jsonb_set(secrets, '{0,expires_at}', to_jsonb(%s::text))
                             WHERE project_id = %s RETURNING 1""", ["2020-01-01T00:00:00Z", project.uuid])
    project.control.put(f"{project.path}/endpoints/{endpoint['uid']}", {"name": "touched", "url": receiver.url(path)}).expect(202)
    project.send("signed", BODY, endpoint_id=endpoint["uid"])
    check_standard(["kept"], receiver.wait(path)[0])


# Goal: a project's own header, hashes and encodings are used. Method: two versions under another header name.
def test_project_signature_settings(planes, receiver):
    project = planes.project(f"own-header-{time.time_ns()}", signature={"header": "X-Acme-Signature", "versions": [
        {"hash": "SHA256", "encoding": "hex"}, {"hash": "SHA512", "encoding": "base64"}]})
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), secret="two-versions")
    project.send("signed", BODY, endpoint_id=endpoint["uid"])
    arrival = wait_until("the arrival", lambda: receiver.arrivals(path))[0]
    header = arrival.header("X-Acme-Signature")
    timestamp = advanced_timestamp(header)
    signed = f"{timestamp},".encode() + BODY
    v1 = hmac.new(b"two-versions", signed, hashlib.sha256).hexdigest()
    v2 = base64.b64encode(hmac.new(b"two-versions", signed, hashlib.sha512).digest()).decode()
    assert header == f"t={timestamp},v1={v1},v2={v2}"
    assert arrival.header("X-Convoy-Signature") is None
