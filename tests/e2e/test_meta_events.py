"""What a project is told of itself: meta events of its endpoints and deliveries, as signed webhooks of their own."""

import hashlib
import json
import time

import pytest

from support.api import event_body
from support.receiver import Reply, no_listener
from support.signatures import contract_simple, verify_with_libraries
from support.wait import wait_until

EVERY_TYPE = ["project.updated", "endpoint.created", "endpoint.updated", "endpoint.deleted", "eventdelivery.updated", "eventdelivery.success",
              "eventdelivery.failed"]


def telling(planes, url, types=None, attempts=2, **fields):
    """A project that wants to be told at `url`."""
    config = {"is_enabled": True, "type": "http", "event_type": types or EVERY_TYPE, "url": url, "secret": "meta-secret", **fields}
    return planes.project(f"telling-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": attempts}, meta_event=config)


def told(receiver, path, event_type):
    """The bodies of this type that arrived."""
    return [body for body in (json.loads(arrival.body) for arrival in receiver.arrivals(path)) if body["event_type"] == event_type]


def stored(project, query=""):
    return project.control.get(f"{project.path}/meta-events{query}").expect(200).data


def wait_stored(project, event_type, status):
    def look():
        return next((event for event in stored(project)["content"] if event["event_type"] == event_type and event["status"] == status), None)
    return wait_until(f"a {event_type} is {status}", look)


# Goal: endpoints created, changed and deleted are told as signed webhooks with the endpoint as it then was. Method: one of each;
# the contract's headers and both libraries verify.
def test_endpoints_are_told(planes, receiver):
    path = receiver.new_path()
    project = telling(planes, receiver.url(path))
    endpoint = project.endpoint(receiver.url(receiver.new_path()), secret="the-endpoints-own")
    target = f"{project.path}/endpoints/{endpoint['uid']}"
    project.control.put(target, {"name": "renamed", "url": endpoint["url"]}).expect(202)
    project.control.put(f"{target}/pause").expect(202)
    project.control.delete(target).expect(200)
    arrivals = receiver.wait(path, 4)
    created, = told(receiver, path, "endpoint.created")
    assert created["data"]["uid"] == endpoint["uid"] and created["data"]["secrets"][0]["value"] == "the-endpoints-own"
    assert sorted((body["data"]["name"], body["data"]["status"]) for body in told(receiver, path, "endpoint.updated")) == [
        ("renamed", "active"), ("renamed", "paused")]
    deleted, = told(receiver, path, "endpoint.deleted")
    assert deleted["data"]["uid"] == endpoint["uid"]
    for arrival in arrivals:
        assert arrival.header("Content-Type") == "application/json"
        assert arrival.header("X-Convoy-Signature") == contract_simple("meta-secret", arrival.body)
        assert arrival.header("X-Convoy-Idempotency-Key") == hashlib.sha256(arrival.webhook_id.encode()).hexdigest()
        verify_with_libraries("meta-secret", arrival)
    event = wait_stored(project, "endpoint.created", "Success")
    assert event["uid"] in {arrival.webhook_id for arrival in arrivals}
    raw = planes.database.value("SELECT string_agg(encode(sealed, 'escape'), '') FROM meta_events WHERE project_id = %s", [project.uuid])
    assert "the-endpoints-own" not in raw and endpoint["uid"] not in raw


# Goal: how deliveries end is told with the delivery and its last attempt, and each attempt that failed in between. Method: one
# success; one failure after two attempts; numbers of the payload keep their characters.
def test_deliveries_are_told(planes, receiver):
    path, good, bad = receiver.new_path(), receiver.new_path(), receiver.new_path()
    project = telling(planes, receiver.url(path))
    receiver.script(bad, Reply(500, b"no"))
    first, second = project.subscribed(receiver.url(good)), project.subscribed(receiver.url(bad))
    done = project.wait_delivery(project.send("paid", b'{"n":1.50}', endpoint_id=first["uid"], custom_headers={"X-A": "1"},
                                              idempotency_key="key-1"), "Success")
    failed = project.wait_delivery(project.send("lost", b"[1]", endpoint_id=second["uid"]), "Failure")
    wait_until("all are told", lambda: all(told(receiver, path, f"eventdelivery.{kind}") for kind in ("success", "updated", "failed")))
    success, = told(receiver, path, "eventdelivery.success")
    assert any(b'"data":{"n":1.50}' in arrival.body for arrival in receiver.arrivals(path))
    data = success["data"]
    assert (data["uid"], data["status"], data["event_id"], data["endpoint_id"]) == (done["uid"], "Success", done["event_id"], first["uid"])
    assert data["headers"] == {"X-A": ["1"]} and data["idempotency_key"] == "key-1" and data["metadata"]["num_trials"] == 1
    assert data["event_metadata"]["event_type"] == "paid"
    for name in ("target_url", "latency", "event_type", "delivery_mode"):
        assert name not in data
    attempt, = project.attempts(done["uid"])
    assert data["attempt"]["uid"] == attempt["uid"] and data["attempt"]["status"] is True
    assert data["attempt"]["request_http_header"] == attempt["request_http_header"]
    assert data["attempt"]["ip_address"] == attempt["ip_address"]
    failure, = told(receiver, path, "eventdelivery.failed")
    assert (failure["data"]["uid"], failure["data"]["status"], failure["data"]["metadata"]["num_trials"]) == (failed["uid"], "Failure", 2)
    assert failure["data"]["attempt"]["response_data"] == "no" and "500" in failure["data"]["description"]
    update, = told(receiver, path, "eventdelivery.updated")
    assert (update["data"]["uid"], update["data"]["status"]) == (failed["uid"], "Retry")


# Goal: only what was asked for is told, and nothing once it is switched off. Method: one type, then none; other projects' tables
# stay empty.
def test_only_what_was_asked_for(planes, project, receiver):
    path, hook = receiver.new_path(), receiver.new_path()
    asking = telling(planes, receiver.url(path), ["endpoint.deleted"])
    endpoint = asking.subscribed(receiver.url(hook))
    asking.wait_delivery(asking.send(endpoint_id=endpoint["uid"]), "Success")
    asking.control.delete(f"{asking.path}/endpoints/{endpoint['uid']}").expect(200)
    receiver.wait(path)
    assert [event["event_type"] for event in stored(asking)["content"]] == ["endpoint.deleted"]
    shown = asking.control.get(asking.path).expect(200).data
    shown["config"]["meta_event"]["is_enabled"] = False
    asking.control.put(asking.path, shown).expect(202)
    other = asking.endpoint(receiver.url(hook))
    asking.control.delete(f"{asking.path}/endpoints/{other['uid']}").expect(200)
    assert len(stored(asking)["content"]) == 1
    plain = project.subscribed(receiver.url(hook))
    project.wait_delivery(project.send(endpoint_id=plain["uid"]), "Success")
    assert stored(project)["content"] == []


# Goal: a receiver that fails is tried again by the project's strategy, then given up, visibly; resending begins anew. Method:
# two refusals with two attempts, then an answer; list, get and resend.
def test_retries_and_resend(planes, project, receiver):
    path = receiver.new_path()
    asking = telling(planes, receiver.url(path), ["endpoint.created"])
    receiver.script(path, Reply(500, b"down"), Reply(503, b"still down"), Reply(200, b"back"))
    asking.endpoint(receiver.url(receiver.new_path()))
    failed = wait_stored(asking, "endpoint.created", "Failure")
    assert failed["metadata"]["num_trials"] == 2 and failed["attempt"]["response_data"] == "still down"
    assert failed["attempt"]["request_http_header"]["webhook-id"] == failed["uid"]
    one = f"{asking.path}/meta-events/{failed['uid']}"
    assert asking.control.get(one).expect(200).data == failed
    assert asking.control.put(f"{one}/resend").expect(200).data["status"] == "Scheduled"
    done = wait_stored(asking, "endpoint.created", "Success")
    assert (done["uid"], done["metadata"]["num_trials"], done["attempt"]["response_data"]) == (failed["uid"], 1, "back")
    assert len({arrival.webhook_id for arrival in receiver.arrivals(path)}) == 1
    for target in (f"{project.path}/meta-events/{failed['uid']}", f"{asking.path}/meta-events/{asking.id}", f"{asking.path}/meta-events/x"):
        project_or_own = project if target.startswith(project.path) else asking
        random = project_or_own.control.get(target).expect(404).json
        assert "meta event not found" in random["message"]
        project_or_own.control.put(f"{target}/resend").expect(404)


# Goal: pages go both ways and keep to the dates. Method: seven meta events in pages of three.
def test_pages(planes, receiver):
    project = telling(planes, receiver.url(receiver.new_path()), ["endpoint.created"])
    for _ in range(7):
        project.endpoint(receiver.url("/x"))
    first = stored(project, "?perPage=3")
    assert first["pagination"]["has_next_page"] and not first["pagination"]["has_prev_page"]
    second = stored(project, f"?perPage=3&next_page_cursor={first['pagination']['next_page_cursor']}")
    back = stored(project, f"?perPage=3&direction=prev&prev_page_cursor={second['pagination']['prev_page_cursor']}")
    ids = [[event["uid"] for event in page["content"]] for page in (first, second, back)]
    assert ids[0] == ids[2] and ids[0] + ids[1] == sorted(ids[0] + ids[1], reverse=True) and len(set(ids[0] + ids[1])) == 6
    assert stored(project, "?startDate=2020-01-01T00:00:00&endDate=2020-01-02T00:00:00")["content"] == []


# Goal: a receiver that hangs or is not there holds up neither another project's meta events nor any delivery. Method: many meta
# events for dead receivers beside a living one.
def test_a_dead_receiver_hurts_nobody(planes, receiver):
    stuck, path, hook = receiver.new_path(), receiver.new_path(), receiver.new_path()
    receiver.hold(stuck)
    hanging = telling(planes, receiver.url(stuck), ["endpoint.created"])
    absent = telling(planes, f"http://127.0.0.1:{no_listener()}/", ["eventdelivery.success"])
    living = telling(planes, receiver.url(path), ["eventdelivery.success"])
    for _ in range(30):
        hanging.endpoint(receiver.url(hook))
    receiver.wait(stuck)
    for project in (absent, living):
        endpoint = project.subscribed(receiver.url(hook))
        for _ in range(10):
            project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    receiver.wait(path, 10, seconds=20)


# Goal: what is told is kept over a restart: in the same transaction as what it tells of. Method: the data plane is killed while
# the receiver holds back, and started again.
def test_nothing_is_forgotten(own_planes, receiver):
    path, hook = receiver.new_path(), receiver.new_path()
    project = telling(own_planes, receiver.url(path), ["eventdelivery.success"])
    gate = receiver.hold(path)
    endpoint = project.subscribed(receiver.url(hook))
    project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    receiver.wait(path)
    own_planes.data.kill()
    gate.open()
    receiver.script(path, Reply())
    own_planes.database.rows("UPDATE meta_events SET next_at = now() WHERE next_at IS NOT NULL RETURNING 1")  # the claim's minute, passed
    own_planes.data.start()
    wait_stored(project, "eventdelivery.success", "Success")
    assert receiver.count(path) >= 2


# Goal: the secret is made if none is given, shown to who may see it, kept sealed, and kept when sent back redacted. Method: each.
def test_secret(planes, receiver):
    path = receiver.new_path()
    project = telling(planes, receiver.url(path), ["endpoint.created"], secret="")
    shown = project.control.get(project.path).expect(200).data
    secret = shown["config"]["meta_event"]["secret"]
    assert len(secret) == 25 and "sealed" not in json.dumps(shown)
    shown["config"]["meta_event"]["secret"] = "[REDACTED]"
    again = project.control.put(project.path, shown).expect(202).data
    assert again["config"]["meta_event"]["secret"] == secret
    project.endpoint(receiver.url("/x"))
    arrival = receiver.wait(path)[0]
    assert arrival.header("X-Convoy-Signature") == contract_simple(secret, arrival.body)
    assert secret not in planes.database.value("SELECT config::text FROM projects WHERE id = %s", [project.uuid])


# Goal: settings that could not be used are refused, naming the field. Method: a table of one fault each.
@pytest.mark.parametrize(("fields", "field"), [
    ({"url": ""}, "url"), ({"url": "http://192.168.0.1/"}, "url"), ({"url": "file:///x"}, "url"), ({"url": 1}, "url"),
    ({"type": "pub_sub"}, "type"), ({"event_type": ["no.such"]}, "event_type"), ({"event_type": "endpoint.created"}, "event_type"),
    ({"secret": 1}, "secret"), ({"secret": "[REDACTED]"}, "secret"), ({"is_enabled": "yes"}, "is_enabled")])
def test_bad_settings(project, fields, field):
    shown = project.control.get(project.path).expect(200).data
    shown["config"]["meta_event"] = {"is_enabled": True, "event_type": ["endpoint.created"], "url": "https://hooks.example.test/", **fields}
    answer = project.control.put(project.path, shown).expect(400).json
    assert f"meta_event.{field}" in json.dumps(answer), answer


# Goal: endpoints that come in many at once are told like any other. Method: two onboarded rows.
def test_onboarded_endpoints_are_told(planes, receiver):
    path = receiver.new_path()
    project = telling(planes, receiver.url(path), ["endpoint.created"])
    items = [{"name": name, "url": receiver.url(f"/{name}"), "event_type": "paid"} for name in ("one", "two")]
    project.control.post(f"{project.path}/onboard", {"items": items}).expect(202)
    receiver.wait(path, 2)
    assert sorted(body["data"]["name"] for body in told(receiver, path, "endpoint.created")) == ["one", "two"]


# Goal: an endpoint that came into being with its first event is told, once, as the management API shows it. Method: two dynamic events of
# one URL; a project that asked for other types is told nothing.
def test_dynamic_endpoints_are_told(planes, receiver):
    path, silent, hook = (receiver.new_path() for _ in range(3))
    project, other = telling(planes, receiver.url(path)), telling(planes, receiver.url(silent), ["endpoint.updated"])
    for each in (project, project, other):
        each.data.post(f"{each.path}/events/dynamic", event_body(b"{}", url=receiver.url(hook), event_type="t")).expect(201)
    receiver.wait(hook, 3)
    event = wait_stored(project, "endpoint.created", "Success")
    created, = told(receiver, path, "endpoint.created")
    shown, = project.control.get(f"{project.path}/endpoints").expect(200).data["content"]
    assert created["data"] == shown and shown["secrets"][0]["value"]
    assert event["metadata"]["data"] == created
    assert stored(other)["content"] == [] and receiver.count(silent) == 0


# Goal: an endpoint that is disabled automatically is told once, as the management API shows it, credentials redacted; the deliveries
# that it will not get are told as failed, with the reason. Method: a 410, whose own delivery waits for its retry; another one behind it.
@pytest.mark.parametrize("kind", ["basic_auth", "api_key", "oauth2"])
def test_disabled_endpoints_are_told(planes, receiver, kind):
    path, hook, token = (receiver.new_path() for _ in range(3))
    project = telling(planes, receiver.url(path))
    receiver.script(hook, Reply(410))
    receiver.script(token, Reply(200, b'{"access_token":"t","token_type":"Bearer","expires_in":3600}'))
    credential = {"basic_auth": {"username": "u", "password": "hidden"}, "api_key": {"header_name": "X-Key", "header_value": "hidden"},
                  "oauth2": {"url": receiver.url(token), "client_id": "c", "authentication_type": "shared_secret",
                             "client_secret": "hidden"}}[kind]
    endpoint = project.subscribed(receiver.url(hook), owner_id="owner", support_email="a@example.test",
                                  authentication={"type": kind, kind: credential})
    target = f"{project.path}/endpoints/{endpoint['uid']}"
    first = project.send("t", b"[1]", endpoint_id=endpoint["uid"])
    wait_until("it is disabled", lambda: project.control.get(target).data["status"] == "inactive")
    second = project.send("t", b"[2]", endpoint_id=endpoint["uid"])
    for event_id in (first, second):
        project.wait_delivery(event_id, "Discarded")
    wait_stored(project, "endpoint.updated", "Success")
    wait_until("both are told", lambda: len(told(receiver, path, "eventdelivery.failed")) == 2)
    updated, = told(receiver, path, "endpoint.updated")
    shown = project.control.get(target).expect(200).data
    assert updated["data"] == shown and shown["status"] == "inactive" and "410" in shown["status_reason"]
    failed = {body["data"]["event_id"]: body["data"] for body in told(receiver, path, "eventdelivery.failed")}
    for event_id, trials in ((first, 1), (second, 0)):
        data = failed[event_id]
        assert (data["status"], data["attempt"], data["metadata"]["num_trials"]) == ("Discarded", None, trials)
        assert data["description"].startswith("endpoint is disabled") and data["endpoint_metadata"]["owner_id"] == "owner"
    assert "hidden" not in json.dumps(updated)


# Goal: a delivery whose endpoint is deleted before its retry is told as failed. Method: a refusal, then the deletion.
def test_deliveries_of_deleted_endpoints_are_told(planes, receiver):
    path, hook = receiver.new_path(), receiver.new_path()
    project = telling(planes, receiver.url(path), ["eventdelivery.failed"])
    receiver.script(hook, Reply(500))
    endpoint = project.subscribed(receiver.url(hook))
    event_id = project.send("t", b"[1]", endpoint_id=endpoint["uid"])
    receiver.wait(hook)
    project.control.delete(f"{project.path}/endpoints/{endpoint['uid']}").expect(200)
    project.wait_delivery(event_id, "Discarded")
    receiver.wait(path)
    failed, = told(receiver, path, "eventdelivery.failed")
    assert (failed["data"]["status"], failed["data"]["description"]) == ("Discarded", "endpoint was deleted")
    assert failed["data"]["metadata"]["data"] == [1]
