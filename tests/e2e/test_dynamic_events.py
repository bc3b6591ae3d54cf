"""Dynamic events: the URL stands in the event; its endpoint is used again or made, once."""

import threading

import pytest

from support.api import Api, event_body
from support.signatures import verify_with_libraries
from support.wait import wait_until


def send(project, url, data=b"{}", api=None, **head):
    body = event_body(data, url=url, **{"event_type": "dyn", **head})
    return (api or project.data).post(f"{project.path}/events/dynamic", body)


def endpoints(project):
    return project.control.get(f"{project.path}/endpoints?perPage=100").expect(200).data["content"]


def subscriptions(project):
    return project.control.get(f"{project.path}/subscriptions?perPage=100").expect(200).data["content"]


def catalogue(project):
    return {each["name"] for each in project.control.get(f"{project.path}/event-types").expect(200).data}


# Goal: the first event makes endpoint and subscription as the contract names them, signed with the secret it brings; later ones use
# them, and their secret is not taken. Method: three events over both planes, the receiver's bytes and signatures.
def test_makes_and_reuses(project, receiver):
    path = receiver.new_path() + "?a=1&b=%20"
    url = receiver.url(path)
    first = send(project, url, b'{"n":1}', secret="first-secret-long-enough").expect(201).data
    assert first["is_duplicate_event"] is False
    made = endpoints(project)
    assert len(made) == 1
    endpoint = made[0]
    assert endpoint["url"] == url
    assert endpoint["name"] == f"endpoint-{endpoint['uid']}"
    assert endpoint["advanced_signatures"] is True
    assert [s["value"] for s in endpoint["secrets"]] == ["first-secret-long-enough"]
    subscribed = subscriptions(project)
    assert [(s["name"], s["endpoint_metadata"]["uid"], s["filter_config"]["event_types"]) for s in subscribed] == [
        (f"dynamic-subscription-{endpoint['uid']}", endpoint["uid"], ["*"])]
    send(project, url, b'{"n":2}', api=project.control, secret="another").expect(201)
    send(project, url, b'{"n":3}').expect(201)
    arrivals = receiver.wait(path, 3)
    assert {a.body for a in arrivals} == {b'{"n":1}', b'{"n":2}', b'{"n":3}'}
    for arrival in arrivals:
        verify_with_libraries("first-secret-long-enough", arrival)
    assert [e["uid"] for e in endpoints(project)] == [endpoint["uid"]]
    assert len(subscriptions(project)) == 1
    assert project.event(first["uid"])["endpoints"] == [endpoint["uid"]]


# Goal: a secret that nobody brought is generated. Method: the endpoint of an event without one.
def test_generates_a_secret(project, receiver):
    path = receiver.new_path()
    send(project, receiver.url(path)).expect(201)
    secret = endpoints(project)[0]["secrets"][0]["value"]
    assert len(secret) == 25
    verify_with_libraries(secret, receiver.wait(path)[0])


# Goal: event_types replaces those of the first subscription, its absence leaves them, and the event goes out whatever they are; exact
# names join the catalogue. Method: an event of another type after each change.
def test_event_types(project, receiver):
    path = receiver.new_path()
    url = receiver.url(path)
    def types():
        return [s["filter_config"]["event_types"] for s in subscriptions(project)]
    send(project, url, event_types=["invoice.paid", "order.*", "invoice.paid"]).expect(201)
    assert types() == [["invoice.paid", "order.*"]]
    send(project, url).expect(201)
    assert types() == [["invoice.paid", "order.*"]]
    send(project, url, event_types=["*"]).expect(201)
    assert types() == [["*"]]
    send(project, url, event_types=["never"]).expect(201)
    send(project, url, event_types=[]).expect(201)
    assert types() == [["never"]]
    receiver.wait(path, 5)
    assert {"invoice.paid", "never"} <= catalogue(project)
    assert not {"order.*", "dyn"} & catalogue(project)
    assert len(endpoints(project)) == 1


# Goal: an endpoint that is there is used as it is, with or without a subscription. Method: one of each, then their states.
def test_existing_endpoints(project, receiver):
    bare, full = receiver.new_path(), receiver.new_path()
    unsubscribed = project.endpoint(receiver.url(bare), name="bare", secret="bare-secret")
    subscribed = project.subscribed(receiver.url(full), ["other"], secret="full-secret")
    send(project, receiver.url(bare), secret="ignored").expect(201)
    send(project, receiver.url(full)).expect(201)
    verify_with_libraries("bare-secret", receiver.wait(bare)[0])
    verify_with_libraries("full-secret", receiver.wait(full)[0])
    assert {e["uid"] for e in endpoints(project)} == {unsubscribed["uid"], subscribed["uid"]}
    assert sorted(s["filter_config"]["event_types"] for s in subscriptions(project)) == [["*"], ["other"]]


# Goal: concurrent first uses of one URL make one endpoint and one subscription, and lose no event. Method: threads behind a barrier.
def test_concurrent_first_use(project, receiver):
    path = receiver.new_path()
    url = receiver.url(path)
    barrier, answers = threading.Barrier(30), []

    def post(number):
        api = Api((project.planes.data, project.planes.control)[number % 2].url, project.key)
        barrier.wait()
        answers.append(send(project, url, b'{"n":%d}' % number, api=api))

    threads = [threading.Thread(target=post, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status for a in answers] == [201] * 30
    assert {a.body for a in receiver.wait(path, 30)} == {b'{"n":%d}' % n for n in range(30)}
    assert len(endpoints(project)) == len(subscriptions(project)) == 1
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert project.counts()[:2] == (30, 30)


# Goal: a key stands for URL and content. Method: the same again, another payload, another URL.
def test_idempotency(project, receiver):
    path = receiver.new_path()
    url = receiver.url(path)
    first = send(project, url, b"1", idempotency_key="k").expect(201).data
    assert send(project, url, b"1", idempotency_key="k").expect(201).data == {"uid": first["uid"], "is_duplicate_event": True}
    assert send(project, url, b"2", idempotency_key="k").expect(409).json["code"] == "idempotency_conflict"
    assert send(project, receiver.url(receiver.new_path()), b"1", idempotency_key="k").expect(409).json["field"] == "idempotency_key"
    receiver.wait(path)
    assert project.counts()[0] == 1


# Goal: a deleted endpoint is not used again. Method: delete, then the same URL.
def test_after_deletion(project, receiver):
    path = receiver.new_path()
    url = receiver.url(path)
    send(project, url).expect(201)
    old = endpoints(project)[0]["uid"]
    receiver.wait(path)
    project.control.delete(f"{project.path}/endpoints/{old}").expect(200)
    send(project, url).expect(201)
    new = endpoints(project)
    assert len(new) == 1
    assert new[0]["uid"] != old
    receiver.wait(path, 2)


# Goal: another project's endpoint with the URL is not touched. Method: both projects' endpoints after an event in one.
def test_other_project(planes, project, receiver):
    path = receiver.new_path()
    other = planes.project("dynamic-other")
    theirs = other.subscribed(receiver.url(path), secret="theirs")
    send(project, receiver.url(path), secret="ours").expect(201)
    verify_with_libraries("ours", receiver.wait(path)[0])
    assert [e["uid"] for e in endpoints(other)] == [theirs["uid"]]
    assert endpoints(project)[0]["uid"] != theirs["uid"]
    assert other.counts()[0] == 0


BAD = [
    ({"url": None}, "required", "url"), ({"url": ""}, "required", "url"), ({"url": 5}, "wrong_type", "url"),
    ({"url": "http://127.0.0.1/" + "x" * 2100}, "too_long", "url"), ({"url": "ftp://127.0.0.1/"}, None, "url"),
    ({"url": "http://10.1.2.3/"}, "address_refused", "url"), ({"url": "http://169.254.169.254/"}, "address_refused", "url"),
    ({"url": "http://user@127.0.0.1/"}, None, "url"), ({"url": "http://localhost/"}, None, "url"), ({"url": "/path"}, None, "url"),
    ({"secret": 7}, "wrong_type", "secret"), ({"secret": "s" * 300}, "too_long", "secret"),
    ({"event_types": "x"}, "wrong_type", "event_types"), ({"event_types": {}}, "wrong_type", "event_types"),
    ({"event_types": [1]}, "wrong_type", "event_types.0"), ({"event_types": ["a", ""]}, "required", "event_types.1"),
    ({"event_types": ["a*b"]}, "invalid_pattern", "event_types.0"), ({"event_types": ["x"] * 1001}, "too_many", "event_types"),
    ({"event_type": None}, "required", "event_type"), ({"idempotency_key": 1}, "wrong_type", "idempotency_key"),
]


# Goal: bad input is named, and makes nothing. Method: one fault at a time, then the tables.
@pytest.mark.parametrize("changes, code, field", BAD, ids=lambda value: str(value)[:40])
def test_bad_input(project, changes, code, field):
    head = {"event_type": "x", "url": "http://127.0.0.1:9/", **changes}
    head = {key: value for key, value in head.items() if value is not None}
    refused = project.post_event(event_body(**head), "/dynamic").expect(400).json
    assert code in (None, refused["code"]), refused
    assert refused["field"] == field, refused
    assert refused["message"]
    assert project.counts() == (0, 0, 0, 0)
    assert endpoints(project) == []


# Goal: a project that takes https only makes no http endpoint, and goes on using one that it has. Method: the setting, then both.
def test_https_only(planes, receiver):
    project = planes.project("dynamic-https")
    path = receiver.new_path()
    project.endpoint(receiver.url(path))
    project.control.put(project.path, {"name": "dynamic-https", "config": {"ssl": {"enforce_secure_endpoints": True}}}).expect(202)
    refused = send(project, receiver.url(receiver.new_path())).expect(400).json
    assert (refused["code"], refused["field"]) == ("https_required", "url")
    assert len(endpoints(project)) == 1
    send(project, receiver.url(path)).expect(201)
    receiver.wait(path)
    assert project.counts()[0] == 1


# Goal: who may not write makes nothing. Method: no key, a wrong one, another project's.
def test_who_may(planes, project):
    other = planes.project("dynamic-stranger")
    url = "http://127.0.0.1:9/"
    assert send(project, url, api=Api(planes.data.url, None)).status == 401
    assert send(project, url, api=Api(planes.data.url, other.key)).status == 404
    assert endpoints(project) == endpoints(other) == []
