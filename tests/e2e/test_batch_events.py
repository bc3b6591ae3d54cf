"""Batch creation: an array of events, an answer for each of them, all through the same commit as single ones."""

import json

import pytest

from support.api import Api, event_body
from support.wait import wait_until


def batch(project, items, api=None, headers=None):
    """The answer to a batch of objects or of their bytes, as they stand."""
    parts = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in items]
    return (api or project.data).post(f"{project.path}/events/batch", b"[" + b",".join(parts) + b"]", headers=headers)


def by_index(answer):
    data = answer.expect(201).data
    assert [item["index"] for item in data["items"]] == list(range(len(data["items"])))
    assert data["accepted"] == sum(1 for item in data["items"] if item["status"] == 201)
    assert data["failed"] == sum(1 for item in data["items"] if item["status"] != 201)
    assert data["duplicates"] == sum(1 for item in data["items"] if item.get("is_duplicate_event"))
    return data["items"]


# Goal: each kind of event goes where it would alone, with its exact bytes, whichever plane takes the batch. Method: one of each,
# over both planes, as an array and as an object's "events".
@pytest.mark.parametrize("plane", ["data", "control"])
@pytest.mark.parametrize("wrap", [b"%s", b'{"events":%s}', b' {"Events" : %s }\n'], ids=["array", "object", "spaced"])
def test_every_kind(project, receiver, plane, wrap):
    path, other = receiver.new_path(), receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), owner_id="cust")
    items = [event_body(b'{ "n" : 1.50 }', event_type="a", endpoint_id=endpoint["uid"]),
             event_body(b'{"n":2}', event_type="b", owner_id="cust"),
             event_body(b'{"n":3}', event_type="c", kind="broadcast"),
             event_body(b'{"n":4}', event_type="d", url=receiver.url(other), event_types=["never"])]
    api = getattr(project, plane)
    answer = api.post(f"{project.path}/events/batch", wrap % (b"[" + b" ,\n".join(items) + b"]"))
    answers = by_index(answer)
    assert [item["status"] for item in answers] == [201] * 4
    assert len({item["uid"] for item in answers}) == 4
    assert not any(item["is_duplicate_event"] for item in answers)
    assert {a.body for a in receiver.wait(path, 3)} == {b'{ "n" : 1.50 }', b'{"n":2}', b'{"n":3}'}
    assert [a.body for a in receiver.wait(other)] == [b'{"n":4}']
    for item, event_type in zip(answers, "abcd", strict=True):
        assert project.event(item["uid"])["event_type"] == event_type


BAD_ITEMS = [
    (7, 400, "wrong_type", None), ("text", 400, "wrong_type", None), ([], 400, "wrong_type", None), (None, 400, "wrong_type", None),
    ({}, 400, "required", "kind"), ({"event_type": "x", "data": 1}, 400, "required", "kind"),
    ({"event_type": "x", "data": 1, "kind": "all"}, 400, "invalid_kind", "kind"),
    ({"event_type": "x", "data": 1, "kind": 3}, 400, "wrong_type", "kind"),
    ({"event_type": "x", "data": 1, "endpoint_id": "A", "owner_id": "o"}, 400, "ambiguous_target", "kind"),
    ({"event_type": "x", "data": 1, "kind": "endpoint", "owner_id": "o"}, 400, "required", "endpoint_id"),
    ({"event_type": "x", "data": 1, "endpoint_id": "nobody"}, 404, "not_found", "endpoint_id"),
    ({"event_type": "x", "data": 1, "endpoint_id": "01JQZZZZZZZZZZZZZZZZZZZZZZ"}, 404, "not_found", "endpoint_id"),
    ({"data": 1, "owner_id": "o"}, 400, "required", "event_type"), ({"event_type": 1, "data": 1, "owner_id": "o"}, 400, "wrong_type", "event_type"),
    ({"event_type": "x", "owner_id": "o"}, 400, "required", "data"),
    ({"event_type": "x", "data": 1, "owner_id": "o", "idempotency_key": 5}, 400, "wrong_type", "idempotency_key"),
    ({"event_type": "x", "data": 1, "owner_id": "o", "custom_headers": {"Host": "x"}}, 400, "reserved_header", "custom_headers.Host"),
    ({"event_type": "x", "data": 1, "url": "http://10.0.0.1/"}, 400, "address_refused", "url"),
    ({"event_type": "x", "data": 1, "url": "nonsense"}, 400, None, "url"),
]


# Goal: what is wrong fails alone, named as if it had come alone; its neighbours are stored and delivered. Method: every fault, each
# between two good events.
def test_bad_items_fail_alone(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    good = {"event_type": "good", "endpoint_id": endpoint["uid"], "data": {}}
    items = [good]
    for bad, *_ in BAD_ITEMS:
        items += [bad, good]
    answers = by_index(batch(project, items))
    for index, (bad, status, code, field) in enumerate(BAD_ITEMS):
        answer = answers[2 * index + 1]
        assert answer["status"] == status, (bad, answer)
        assert code in (None, answer["code"]), (bad, answer)
        assert answer["message"]
        assert answer.get("field") == field, (bad, answer)
        assert "uid" not in answer
    assert all(answer["status"] == 201 for answer in answers[::2])
    receiver.wait(path, len(BAD_ITEMS) + 1)
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert project.counts()[0] == len(BAD_ITEMS) + 1
    assert receiver.count(path) == len(BAD_ITEMS) + 1


# Goal: a batch that cannot be read as a whole is refused as a whole, and stores nothing. Method: one way of being wrong each.
@pytest.mark.parametrize("body, status, code, field", [
    (b"", 400, "invalid_json", None), (b"[", 400, "invalid_json", None), (b"[1] x", 400, "invalid_json", None), (b"7", 400, "not_an_array", None),
    (b"null", 400, "not_an_array", None), (b"[]", 400, "required", "events"), (b"[ ]", 400, "required", "events"),
    (b"{}", 400, "required", "events"), (b'{"events":null}', 400, "required", "events"), (b'{"events":{}}', 400, "wrong_type", "events"),
    (b'{"events":[]}', 400, "required", "events"), (b"[" + b",".join([b"{}"] * 1001) + b"]", 400, "too_many", "events"),
    (b"[" * 200 + b"]" * 200, 400, "invalid_json", None), (b'["\xff"]', 400, "invalid_json", None),
    (b'["' + b"x" * 3_000_000 + b'"]', 413, "payload_too_large", None)], ids=lambda value: str(value)[:30])
def test_bad_batch(project, body, status, code, field):
    for api in (project.data, project.control):
        refused = api.post(f"{project.path}/events/batch", body).expect(status).json
        assert (refused["status"], refused["code"], refused.get("field")) == (False, code, field), refused
    assert project.counts() == (0, 0, 0, 0)


# Goal: the header's key is of one event. Method: a batch with it.
def test_no_key_for_the_whole(project):
    refused = batch(project, [{"event_type": "x", "data": 1, "owner_id": "o"}], headers={"Idempotency-Key": "k"}).expect(400).json
    assert (refused["code"], refused["field"]) == ("not_for_batches", "Idempotency-Key")


# Goal: keys work between items and between batches. Method: one key three times in a batch (same, same, other content), then again.
def test_idempotency(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    one = {"event_type": "x", "endpoint_id": endpoint["uid"], "data": 1, "idempotency_key": "k-1"}
    answers = by_index(batch(project, [one, one, {**one, "data": 2}, {**one, "idempotency_key": "k-2"}]))
    assert [(a["status"], a.get("is_duplicate_event")) for a in answers] == [(201, False), (201, True), (409, None), (201, False)]
    assert answers[0]["uid"] == answers[1]["uid"] != answers[3]["uid"]
    assert (answers[2]["code"], answers[2]["field"]) == ("idempotency_conflict", "idempotency_key")
    again = by_index(batch(project, [one]))
    assert again[0] == {"index": 0, "status": 201, "uid": answers[0]["uid"], "is_duplicate_event": True}
    receiver.wait(path, 2)
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert project.counts() == (2, 2, 0, 2)


# Goal: a thousand at once, all stored before the answer, in their order. Method: the rows right after the answer.
@pytest.mark.parametrize("plane", ["data", "control"])
def test_thousand(project, plane):
    items = [{"event_type": f"t{n}", "data": n, "owner_id": "nobody"} for n in range(1000)]
    answers = by_index(batch(project, items, getattr(project, plane)))
    assert project.counts()[0] == 1000
    stored = project.planes.database.rows("SELECT event_type FROM events WHERE project_id = %s ORDER BY id", [project.uuid])
    assert [row[0] for row in stored] == [f"t{n}" for n in range(1000)]
    assert len({answer["uid"] for answer in answers}) == 1000


# Goal: a batch counts item by item against the project's limits. Method: five a minute, seven sent; a payload over the project's size.
def test_limits(planes):
    project = planes.project("batch-limits", ratelimit={"count": 5, "duration": 60}, max_payload_read_size=100)
    item = {"event_type": "x", "data": 1, "owner_id": "o"}
    answers = by_index(batch(project, [item, {**item, "data": "x" * 200}, *[item] * 5]))
    assert [a["status"] for a in answers] == [201, 413, 201, 201, 201, 429, 429]
    assert (answers[1]["code"], answers[1]["field"]) == ("payload_too_large", "data")
    assert answers[6]["code"] == "project_rate_limited"
    assert project.counts()[0] == 4


# Goal: nobody sends into another's project. Method: no key, a wrong one, another project's key and endpoint.
def test_who_may(planes, project, receiver):
    other = planes.project("batch-other")
    endpoint = other.subscribed(receiver.url(receiver.new_path()))
    item = {"event_type": "x", "data": 1, "endpoint_id": endpoint["uid"]}
    assert batch(project, [item], Api(planes.data.url, None)).status == 401
    assert batch(project, [item], Api(planes.data.url, "CO.aaaaaaaaaaaaaaaa." + "b" * 64)).status == 401
    assert batch(project, [item], Api(planes.data.url, other.key)).status == 404
    foreign, unknown = by_index(batch(project, [item, {**item, "endpoint_id": "01JQZZZZZZZZZZZZZZZZZZZZZZ"}]))
    assert foreign["status"] == unknown["status"] == 404
    assert foreign["message"].replace(endpoint["uid"], "") == unknown["message"].replace("01JQZZZZZZZZZZZZZZZZZZZZZZ", "")
    assert other.counts() == project.counts() == (0, 0, 0, 0)
