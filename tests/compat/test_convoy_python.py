"""The Python client that the wire's reference published (convoy-python 0.2.0), unmodified, given only a URL and a key.

Left out, as they cannot reach any server of this wire: its groups (an older wire), event_delivery.batchresend (fails before it
sends), and endpoint.find without a final slash in the URL (it leaves one out). Its verifier knows simple signatures; of advanced
ones it reads the parts and checks the time, but does not put the time before the body, so `signed_text` does that here."""

import pytest
from convoy.convoy import Convoy
from convoy.utils.webhook import Webhook

from support import openapi
from support.receiver import Reply
from support.signatures import advanced_timestamp
from support.wait import wait_until


@pytest.fixture
def client(planes, project):
    return Convoy({"api_key": project.key, "uri": planes.control.url + project.path, "project_id": project.id})


def ok(answer, status=200):
    body, code = answer
    assert code == status and body["status"] is True, answer
    return body["data"]


def signed_text(arrival, header, is_advanced):
    """What the verifier is to make a signature of."""
    body = arrival.body.decode()
    return f"{advanced_timestamp(arrival.header(header))},{body}" if is_advanced else body


def make_endpoint(client, url, **fields):
    return ok(client.endpoint.create({}, {"name": "by the client", "url": url, "description": "d", **fields}), 201)


# Goal: endpoints and subscriptions are made, read, listed, changed and deleted by the client. Method: its calls in that order.
def test_endpoints_and_subscriptions(planes, project, client, receiver):
    endpoint = make_endpoint(client, receiver.url(receiver.new_path()), secret="a secret of mine", events=["*"])
    assert endpoint["secrets"][0]["value"] == "a secret of mine"
    slashed = Convoy({"api_key": project.key, "uri": planes.control.url + project.path + "/", "project_id": project.id})
    assert ok(slashed.endpoint.find(endpoint["uid"], {})) == endpoint
    changed = ok(client.endpoint.update(endpoint["uid"], {}, {"name": "changed", "url": endpoint["url"]}), 202)
    assert (changed["name"], changed["description"]) == ("changed", "d")
    subscription = ok(client.subscription.create({}, {
        "name": "s", "endpoint_id": endpoint["uid"], "filter_config": {"event_types": ["invoice.paid"]},
        "alert_config": {"count": 0, "threshold": ""}, "retry_config": {"duration": "10s", "retry_count": 3, "type": "linear"},
        "source_id": ""}), 201)
    assert ok(client.subscription.find(subscription["uid"], {}))["filter_config"]["event_types"] == ["invoice.paid"]
    assert [each["uid"] for each in ok(client.subscription.all({}))["content"]] == [subscription["uid"]]
    assert ok(client.subscription.update(subscription["uid"], {}, {"name": "renamed"}), 202)["name"] == "renamed"
    assert ok(client.subscription.delete(subscription["uid"], {}, {})) is None
    assert ok(client.endpoint.delete(endpoint["uid"], {}, {})) is None
    assert ok(client.endpoint.all({}))["content"] == []


# Goal: the client pages. Method: five endpoints, two on a page, forwards by next_page_cursor until there is no next page, and
# one page back.
def test_pages(client, receiver):
    made = [make_endpoint(client, receiver.url(receiver.new_path()))["uid"] for _ in range(5)]
    seen, query = [], {"perPage": 2}
    while True:
        page = ok(client.endpoint.all(query))
        seen.append([each["uid"] for each in page["content"]])
        if not page["pagination"]["has_next_page"]:
            break
        query = {"perPage": 2, "direction": "next", "next_page_cursor": page["pagination"]["next_page_cursor"]}
    assert [uid for each in seen for uid in each] == list(reversed(made)) and [len(each) for each in seen] == [2, 2, 1]
    back = ok(client.endpoint.all({"perPage": 2, "direction": "prev", "prev_page_cursor": page["pagination"]["prev_page_cursor"]}))
    assert [each["uid"] for each in back["content"]] == seen[1]


# Goal: sources are made, read, listed, changed and deleted by the client. Method: its calls in that order.
@pytest.mark.skipif(not openapi.has("CreateSource"), reason="the document has no sources")
def test_sources(client):
    source = ok(client.source.create({}, {"name": "gh", "type": "http", "provider": "github", "verifier": {"hmac": {"secret": "s"}}}), 201)
    assert ok(client.source.find(source["uid"], {}))["mask_id"] == source["mask_id"]
    assert [each["uid"] for each in ok(client.source.all({}))["content"]] == [source["uid"]]
    changed = ok(client.source.update(source["uid"], {}, {"name": "renamed", "type": "http", "is_disabled": True}), 202)
    assert (changed["name"], changed["is_disabled"]) == ("renamed", True)
    assert ok(client.source.delete(source["uid"], {}, {})) is None


# Goal: events are sent, found and listed by the client, and what arrives passes its own verifier. Method: an endpoint of each kind
# of signature; the verifier gets the body and the header as they came, and refuses another body.
@pytest.mark.parametrize("is_advanced", [True, False], ids=["advanced", "simple"])
def test_events_and_their_signatures(project, client, receiver, is_advanced):
    path = receiver.new_path()
    endpoint = make_endpoint(client, receiver.url(path), advanced_signatures=is_advanced)
    ok(client.subscription.create({}, {"name": "s", "endpoint_id": endpoint["uid"]}), 201)
    event = ok(client.event.create({}, {"endpoint_id": endpoint["uid"], "event_type": "invoice.paid",
                                        "data": {"event": "invoice.paid", "data": {"amount": 10, "name": "Zoë"}}}), 201)
    arrival = receiver.wait(path)[0]
    verifier = Webhook(endpoint["secrets"][0]["value"])
    text, header = signed_text(arrival, "X-Convoy-Signature", is_advanced), arrival.header("X-Convoy-Signature")
    assert verifier.verify_signature(text, header) is True
    assert verifier.verify_signature(text + " ", header) == "Invalid signature."
    assert ok(client.event.find(event["uid"], {}))["data"]["data"]["amount"] == 10
    assert [each["uid"] for each in ok(client.event.all({}))["content"]] == [event["uid"]]


# Goal: the verifier accepts what a project with other algorithms sends. Method: SHA512 and base64, advanced and simple.
@pytest.mark.parametrize("is_advanced", [True, False], ids=["advanced", "simple"])
def test_other_algorithms(planes, receiver, is_advanced):
    project = planes.project(f"algorithms-{is_advanced}", signature={"header": "X-Own-Signature",
                                                                    "versions": [{"hash": "SHA512", "encoding": "base64"}]})
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), advanced_signatures=is_advanced)
    project.send(endpoint_id=endpoint["uid"], data=b'{"a":1}')
    arrival = receiver.wait(path)[0]
    verifier = Webhook(endpoint["secrets"][0]["value"], encoding="base64", hash="SHA512")
    # It gives None where it accepts base64, and a text where it refuses.
    text, header = signed_text(arrival, "X-Own-Signature", is_advanced), arrival.header("X-Own-Signature")
    assert verifier.verify_signature(text, header) is None
    assert verifier.verify_signature(text + " ", header) == "Invalid signature."


# Goal: deliveries and their attempts are read by the client. Method: one that failed once, then arrived.
def test_deliveries_and_attempts(project, client, receiver):
    path = receiver.new_path()
    receiver.script(path, Reply(500, b"no"), Reply(200, b"yes"))
    endpoint = make_endpoint(client, receiver.url(path))
    event = ok(client.event.create({}, {"endpoint_id": endpoint["uid"], "event_type": "x", "data": {}}), 201)
    delivery = project.wait_delivery(event["uid"], "Success")
    assert ok(client.event_delivery.find(delivery["uid"], {}))["metadata"]["num_trials"] == 2
    assert [each["uid"] for each in ok(client.event_delivery.all({"eventId": event["uid"]}))["content"]] == [delivery["uid"]]
    attempts = ok(client.delivery_attempt.all(delivery["uid"], {}))
    assert [each["status"] for each in attempts] == [False, True]
    assert ok(client.delivery_attempt.find(delivery["uid"], attempts[0]["uid"], {}))["response_data"] == "no"


# Goal: the client sends a failed delivery again. Method: all attempts fail, then the receiver recovers and the client resends.
@pytest.mark.skipif(not openapi.has("ResendEventDelivery"), reason="the document has no resend")
def test_resend(planes, receiver):
    project = planes.project("resend-by-the-client", strategy={"type": "linear", "duration": 1, "retry_count": 1})
    client = Convoy({"api_key": project.key, "uri": planes.control.url + project.path, "project_id": project.id})
    path = receiver.new_path()
    receiver.script(path, Reply(500))
    endpoint = make_endpoint(client, receiver.url(path))
    event = ok(client.event.create({}, {"endpoint_id": endpoint["uid"], "event_type": "x", "data": {}}), 201)
    delivery = project.wait_delivery(event["uid"], "Failure")
    receiver.script(path, Reply(200))
    assert ok(client.event_delivery.resend(delivery["uid"], {}))["status"] == "Scheduled"
    wait_until("it arrived", lambda: ok(client.event_delivery.find(delivery["uid"], {}))["status"] == "Success")
