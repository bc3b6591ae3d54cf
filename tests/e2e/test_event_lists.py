"""What the lists of events and deliveries can be narrowed to: every filter of the contract, alone and together."""

import json
import urllib.parse

import pytest

from support.api import event_body
from support.database import uuid_of
from support.wait import wait_until


def listed(project, what="events", **filters):
    """The ids that the list gives for these filters, newest first; a list value repeats its name."""
    pairs = [(name, v) for name, value in filters.items() for v in (value if isinstance(value, list) else [value])]
    answer = project.control.get(f"{project.path}/{what}?{urllib.parse.urlencode([*pairs, ('perPage', 100)])}").expect(200)
    return [each["uid"] for each in answer.data["content"]]


@pytest.fixture(scope="module")
def shop(planes, receiver):
    """Five events with what filters look at; `sent` holds their ids in order."""
    project = planes.project("lists")
    project.first = project.subscribed(receiver.url("/lists/1"), ["*"], owner_id="cust-1")
    project.second = project.subscribed(receiver.url("/lists/2"), ["order.*"], owner_id="cust-2")
    project.sent = [
        project.send("invoice.paid", b'{"amount":10,"tags":["a","b"],"customer":{"id":7,"tier":"gold"}}', endpoint_id=project.first["uid"], idempotency_key="Key-1"),
        project.send("invoice.voided", b'[1,{"amount":10}]', endpoint_id=project.first["uid"]),
        project.send("order.placed", b'{"amount":10.0,"customer":{"id":8}}', owner_id="cust-2", idempotency_key="key-2"),
        project.send("order.placed", b'"100%_done"', endpoint_id=project.second["uid"], idempotency_key="50%_off"),
        project.send("Order.Shipped", b'{"amount":1e999999,"customer":{"id":7}}'),
    ]
    wait_until("everything is delivered", lambda: project.counts()[2] == 0 and project.event(project.sent[4])["status"] == "Success")
    return project


def pick(project, *numbers):
    return [project.sent[n] for n in sorted(numbers, reverse=True)]


# Goal: `query` finds what the contract says, whatever the case, and nothing else. Method: each thing that it looks at.
@pytest.mark.parametrize("text, expected", [
    ("invoice", (0, 1)), ("INVOICE.P", (0,)), ("order", (2, 3, 4)), ("key-", (0, 2)), ("%_", (3,)), ("%", (3,)), ("_", (3,)), ("nothing", ()),
    ('{"customer":{"id":7}}', (0,)), ('{"amount":10}', (0, 2)), ('{"tags":["b"]}', (0,)), ('{"tags":["c"]}', ()), ('order {"amount":10}', (2,)),
    ('{"amount":10} key-1', (0,)), ("{not json}", ()), ("{}", ()), (" invoice.paid ", (0,)), ("[1]", ())])
def test_query(shop, text, expected):
    assert listed(shop, query=text) == pick(shop, *expected)


# Goal: an id, or its beginning, finds the event. Method: the whole id in either case, prefixes of it, and one that nobody has.
def test_query_by_id(shop):
    target = shop.sent[2]
    for text in (target, target.lower(), target[:25], target[:24].lower()):
        assert target in listed(shop, query=text)
    assert listed(shop, query=target) == [target]
    assert set(listed(shop, query=target[:6])) == set(shop.sent)
    assert listed(shop, query="01JQZZZZZZZZZZZZZZZZZZZZZZ") == []


# Goal: `body` means containment, and holds together with `query`. Method: parts of payloads that are objects, nested, arrays, numbers.
@pytest.mark.parametrize("part, query, expected", [
    ({"amount": 10}, None, (0, 2)), ({"amount": 10.0}, None, (0, 2)), ({"customer": {"tier": "gold"}}, None, (0,)), ({"customer": {}}, None, (0, 2)),
    ({"tags": ["b", "a"]}, None, (0,)), ({"amount": "10"}, None, ()), ({"amount": 10}, "order", (2,)), ({"amount": 10}, '{"customer":{"id":7}}', (0,)),
    ({"amount": 10}, "nothing", ())])
def test_body(shop, part, query, expected):
    filters = {"body": json.dumps(part), **({"query": query} if query else {})}
    assert listed(shop, **filters) == pick(shop, *expected)


# Goal: what is no part of a payload is refused. Method: other JSON, and none.
@pytest.mark.parametrize("text", ["{}", "[]", "1", "null", '"x"', "{", "text", '{"a":1} x', '{"a":"\\u0000"}'])
def test_bad_body(shop, text):
    refused = shop.control.get(f"{shop.path}/events?body={urllib.parse.quote(text)}").expect(400).json
    assert (refused["code"], refused["field"]) == ("invalid_search", "body")


# Goal: a number that the database cannot hold is found in nothing, and is no failure. Method: as part of both parameters.
def test_number_out_of_range(shop):
    for name in ("body", "query"):
        assert listed(shop, **{name: '{"amount":1e999999}'}) == []


# Goal: the other filters select exactly. Method: each alone, repeated, as a bracketed array, in pairs, and with what nobody has.
def test_filters(shop):
    first, second = shop.first["uid"], shop.second["uid"]
    nobody = "01JQZZZZZZZZZZZZZZZZZZZZZZ"
    for filters, expected in (
            ({"idempotencyKey": "Key-1"}, (0,)), ({"idempotencyKey": "key-1"}, ()), ({"idempotencyKey": "50%_off"}, (3,)),
            ({"endpointId": first}, (0, 1, 4)), ({"endpointId": second}, (2, 3)), ({"endpointId": [first, second]}, (0, 1, 2, 3, 4)),
            ({"endpointId[]": [first, second]}, (0, 1, 2, 3, 4)), ({"endpointId[0]": first, "endpointId[1]": second}, (0, 1, 2, 3, 4)),
            ({"endpointId": nobody}, ()), ({"endpointId": "x"}, ()), ({"endpointId": ["", first]}, (0, 1, 4)), ({"ownerId": "cust-2"}, (2, 3)), ({"ownerId": "cust-1"}, (0, 1)),
            ({"ownerId": "nobody"}, ()), ({"ownerId": "cust-2", "endpointId": first}, ()), ({"sourceId": nobody}, ()), ({"brokerMessageId": "x"}, ()),
            ({"idempotencyKey": "key-2", "ownerId": "cust-2", "query": "placed"}, (2,)), ({"startDate": "2020-01-01T00:00:00", "endDate": "2020-01-02T00:00:00"}, ())):
        assert listed(shop, **filters) == pick(shop, *expected), filters


# Goal: the same of deliveries. Method: each of their filters.
def test_delivery_filters(shop):
    def events(**filters):
        ids = listed(shop, "eventdeliveries", **filters)
        return [shop.control.get(f"{shop.path}/eventdeliveries/{each}").data["event_id"] for each in ids]
    first, second = shop.first["uid"], shop.second["uid"]
    assert len(events()) == 5
    for filters, expected in (
            ({"endpointId": first}, (0, 1, 4)), ({"endpointId[]": second}, (2, 3)), ({"eventId": shop.sent[1]}, (1,)), ({"idempotencyKey": "Key-1"}, (0,)),
            ({"idempotencyKey": "none"}, ()), ({"eventType": "order.placed"}, (2, 3)), ({"event_type": "order.placed"}, (2, 3)), ({"event_type": "order"}, ()),
            ({"status": "Success"}, (0, 1, 2, 3, 4)), ({"status": ["Failure", "Discarded"]}, ()), ({"status[]": ["Success", "Failure"]}, (0, 1, 2, 3, 4)),
            ({"status": "Success", "idempotencyKey": "key-2"}, (2,)), ({"idempotencyKey": "key-2", "eventId": shop.sent[0]}, ()), ({"brokerMessageId": "x"}, ())):
        assert events(**filters) == pick(shop, *expected), filters
    refused = shop.control.get(f"{shop.path}/eventdeliveries?status=Done").expect(400).json
    assert (refused["code"], refused["field"]) == ("invalid_status", "status")


# Goal: another project's filters find nothing of this one. Method: its ids, keys and texts, asked elsewhere.
def test_other_project(planes, shop):
    other = planes.project("lists-other")
    for filters in ({"query": shop.sent[0]}, {"query": "invoice"}, {"idempotencyKey": "Key-1"}, {"endpointId": shop.first["uid"]}, {"ownerId": "cust-1"},
                    {"body": '{"amount":10}'}):
        assert listed(other, **filters) == []


# Goal: an idempotency key is looked up by an index, in the table and beyond the 72 hours that a key is kept. Method: the plan that PostgreSQL
# makes for the list's condition, without the key's own row.
def test_key_has_an_index(shop):
    database = shop.planes.database
    plan = "\n".join(row[0] for row in database.rows(
        "EXPLAIN SELECT * FROM events WHERE project_id = %s AND idempotency_key = 'Key-1' ORDER BY id DESC LIMIT 20", [shop.uuid]))
    assert "Seq Scan" not in plan, plan
    assert plan.count("idempotency_key_id_idx") == database.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"), plan


# Goal: a search that takes too long ends with a 504 that says so. Method: a payload search while the events table is locked for longer.
def test_search_timeout(planes, shop):
    with planes.database.connect() as blocker:
        blocker.cursor().execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        refused = shop.control.get(f"{shop.path}/events?body=%7B%22a%22%3A1%7D").expect(504).json
        blocker.rollback()
    assert refused["code"] == "timeout"
    assert listed(shop, query="invoice.paid") == pick(shop, 0)


# Goal: a dynamic event is found like others. Method: by its endpoint.
def test_dynamic(planes, receiver):
    project = planes.project("lists-dynamic")
    made = project.post_event(event_body(b"{}", event_type="x", url=receiver.url("/lists/dynamic")), "/dynamic").expect(201).data
    endpoint, = project.control.get(f"{project.path}/endpoints").data["content"]
    assert listed(project, endpointId=endpoint["uid"]) == [made["uid"]]


# Goal: a replay up to the last second that can be written replays what it counted. Method: one event, and what arrives again.
def test_replay_to_the_end_of_time(project, receiver):
    path = receiver.new_path()
    event = project.send(endpoint_id=project.subscribed(receiver.url(path))["uid"])
    receiver.wait(path, 1)
    answer = project.control.post(f"{project.path}/events/batchreplay?endDate=9999-12-31T23:59:59").expect(200)
    assert answer.json["message"] == "1 successful, 0 failed"
    receiver.wait(path, 2)
    assert len(project.deliveries(event)) == 2


# Goal: an endpoint's events include those that matched nothing, and come in order beside what it was sent. Method: matched and unmatched events to
# two endpoints and their owner, by endpoint, by both, by owner, a page of two at a time and from the other end.
def test_events_of_an_endpoint(project, receiver):
    first, second = (project.subscribed(receiver.url(receiver.new_path()), ["wanted"], owner_id="cust") for _ in range(2))
    sent = [(target, project.send(event_type, endpoint_id=target["uid"]))
            for target, event_type in ((first, "wanted"), (first, "other"), (second, "wanted"), (first, "wanted"), (second, "other"))]
    to_owner = project.send("wanted", owner_id="cust")
    everything = [event for _, event in sent] + [to_owner]
    of_first = [event for target, event in sent if target is first] + [to_owner]
    assert listed(project, endpointId=first["uid"]) == of_first[::-1]
    assert listed(project, endpointId=first["uid"], sort="ASC") == of_first
    assert listed(project, endpointId=[first["uid"], second["uid"]]) == listed(project, ownerId="cust") == everything[::-1]
    assert listed(project, ownerId="cust", endpointId=second["uid"]) == [event for event in everything[::-1] if event not in of_first[:-1]]
    assert listed(project, endpointId=first["uid"], query="other") == [sent[1][1]]
    seen, cursor = [], ""
    while True:
        page = project.control.get(f"{project.path}/events?endpointId={first['uid']}&perPage=2{cursor}").expect(200).data
        seen += [event["uid"] for event in page["content"]]
        if not page["pagination"]["has_next_page"]:
            break
        cursor = f"&next_page_cursor={page['pagination']['next_page_cursor']}"
    assert seen == of_first[::-1]


# Goal: a subscription's deliveries are those to its earlier endpoints too. Method: one that moves on twice, and back.
def test_deliveries_of_a_subscription_that_moved(project, receiver):
    endpoints = [project.endpoint(receiver.url(receiver.new_path())) for _ in range(3)]
    subscription = project.subscribe(endpoints[0], ["*"])
    events = []
    for endpoint in (endpoints[0], endpoints[1], endpoints[2], endpoints[0]):
        project.control.put(f"{project.path}/subscriptions/{subscription['uid']}", {"endpoint_id": endpoint["uid"]}).expect(202)
        events.append(project.send("moved"))
    wait_until("all are matched", lambda: project.counts()[1] == len(events))
    answer = project.control.get(f"{project.path}/eventdeliveries?subscriptionId={subscription['uid']}&perPage=100").expect(200)
    assert [delivery["event_id"] for delivery in answer.data["content"]] == events[::-1]


# Goal: an event's endpoints are also those that a replay reached. Method: a broadcast, an endpoint that comes later, a replay.
def test_endpoints_of_a_replayed_event(project, receiver):
    first = project.subscribed(receiver.url(receiver.new_path()))
    event = project.send()
    project.wait_delivery(event, "Success")
    second = project.subscribed(receiver.url(receiver.new_path()))
    project.control.put(f"{project.path}/events/{event}/replay").expect(200)
    wait_until("it was replayed", lambda: len(project.deliveries(event)) == 3)
    shown, = project.control.get(f"{project.path}/events").expect(200).data["content"]
    assert set(shown["endpoints"]) == {first["uid"], second["uid"]}


# Goal: deliveries are found by what became of them, alone and together. Method: one that succeeded, one that failed for good, one that is tried
# again, one that was discarded, one that waits; each status by itself, all that did not succeed, and with an endpoint.
def test_deliveries_by_status(project, receiver):
    ends = {}
    for status in ("Success", "Failure", "Retry", "Discarded", "Scheduled"):
        endpoint = project.subscribed(receiver.url(receiver.new_path()))
        ends[status] = (endpoint, project.send(endpoint_id=endpoint["uid"]))
        project.wait_delivery(ends[status][1], "Success")
    for number, status in ((1, "Retry"), (3, "Failure"), (4, "Discarded")):
        project.planes.database.rows("UPDATE deliveries SET status = %s WHERE event_id = %s RETURNING 1", [number, uuid_of(ends[status][1])])
    project.control.put(f"{project.path}/endpoints/{ends['Scheduled'][0]['uid']}/pause").expect(202)
    ends["Scheduled"] = (ends["Scheduled"][0], project.send(endpoint_id=ends["Scheduled"][0]["uid"]))

    def found(**filters):
        pairs = [(name, v) for name, value in filters.items() for v in (value if isinstance(value, list) else [value])]
        answer = project.control.get(f"{project.path}/eventdeliveries?{urllib.parse.urlencode([*pairs, ('perPage', 100)])}").expect(200)
        return [each["event_id"] for each in answer.data["content"]]

    for status, (endpoint, event) in ends.items():
        assert event in found(status=status) and (len(found(status=status)) == 1 or status == "Success")
        assert found(status=status, endpointId=endpoint["uid"])[0] == event
        assert found(status=status, endpointId=ends["Retry" if status != "Retry" else "Failure"][0]["uid"]) == []
    troubles = [event for status, (_, event) in ends.items() if status != "Success"]
    assert found(status=["Retry", "Scheduled", "Discarded", "Failure"]) == sorted(troubles, reverse=True)
    assert len(found(status=["Success", "Retry"])) == 3
