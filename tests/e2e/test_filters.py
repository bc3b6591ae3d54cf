"""Filters at delivery: events reach only those whose filter lets them pass; what cannot be judged; why an event matched or not."""

import json
import threading

import pytest

from support.api import event_body
from support.database import uuid_of
from support.wait import SLOWNESS, wait_until


def hook(project, receiver, **fields):
    path = receiver.new_path()
    return path, project.endpoint(receiver.url(path), **fields)


def filtered(project, endpoint, types, **scopes):
    """A subscription with one filter for all its types."""
    body = {"name": "filtered", "endpoint_id": endpoint["uid"], "filter_config": {"event_types": types, "filter": scopes}}
    return project.control.post(f"{project.path}/subscriptions", body).expect(201).data


# Goal: a filtered event arrives only where it should, byte for byte, and numbers lose no digit. Method: filters on the body and on
# custom headers, exact at 2^53, events on both sides of each.
def test_filtered_deliveries(project, receiver):
    paths = {}
    for name, scopes in {"large": {"body": {"amount": {"$gt": 9007199254740992}}}, "gold": {"body": {"customer.tier": "gold"}},
                         "tenant": {"headers": {"x-tenant": "7"}}, "all": {}}.items():
        paths[name], endpoint = hook(project, receiver, owner_id="shop")
        filtered(project, endpoint, ["invoice.*"], **scopes)
    events = [(b'{"amount":9007199254740993,"customer":{"tier":"gold"}}', {}), (b'{"amount":9007199254740992}', {}),
              (b'{ "customer" : {"tier":"silver"} }', {"X-Tenant": "7"}), (b'{"amount":"9007199254740993"}', {"X-Tenant": "8"})]
    ids = [project.send("invoice.paid", data, owner_id="shop", custom_headers=headers) for data, headers in events]
    expected = {"large": {events[0][0]}, "gold": {events[0][0]}, "tenant": {events[2][0]}, "all": {data for data, _ in events}}
    for name, bodies in expected.items():
        assert {arrival.body for arrival in receiver.wait(paths[name], len(bodies))} == bodies, name
    assert [len(project.deliveries(event_id)) for event_id in ids] == [3, 1, 2, 1]
    assert sum(receiver.count(path) for path in paths.values()) == 7


# Goal: a filter that was acknowledged decides from the next event on. Method: create, disable, change and delete one, an event after each.
def test_changes_at_once(project, receiver):
    path, endpoint = hook(project, receiver)
    subscription = project.subscribe(endpoint, ["paid"])
    base = f"{project.path}/subscriptions/{subscription['uid']}/filters"

    def matched():
        return len(project.deliveries(project.send("paid", b'{"n":1}', endpoint_id=endpoint["uid"])))
    assert matched() == 1
    made = project.control.post(base, {"event_type": "paid", "body": {"n": 2}}).expect(201).data
    assert matched() == 0
    project.control.put(f"{base}/{made['uid']}", {"body": {"n": 1}}).expect(200)
    assert matched() == 1
    project.control.put(f"{base}/{made['uid']}", {"enabled_at": None}).expect(200)
    assert matched() == 0
    project.control.delete(f"{base}/{made['uid']}").expect(200)
    assert matched() == 1
    receiver.wait(path, 3)


# Goal: a filter that cannot be read, or takes too long, hurts its own subscription alone and leaves a delivery that says why. Method: one
# row spoiled in the database; one regular expression that no automaton holds, on a long text; a good subscription beside each.
@pytest.mark.parametrize("kind", ["unreadable", "costly"])
def test_unevaluable_filter(planes, project, receiver, kind):
    good, good_endpoint = hook(project, receiver, owner_id="o")
    _, bad_endpoint = hook(project, receiver, owner_id="o")
    filtered(project, good_endpoint, ["*"], body={"a": {"$regex": "b"}})
    costly = {"a": {"$regex": "(a|b)*a(a|b){60}"}}
    subscription = filtered(project, bad_endpoint, ["*"], body=costly)
    text = "b" * 800_000
    if kind == "unreadable":
        text = "b"
        with planes.database.connect() as connection:
            version = connection.execute("SELECT next_config_version(%s)", [project.uuid]).fetchone()[0]
            connection.execute("UPDATE filters SET body = %s, version = %s WHERE subscription_id = %s",
                               ['{"a":{"$unknown":1}}', version, uuid_of(subscription["uid"])])
    event_id = project.send("t", json.dumps({"a": text}).encode(), owner_id="o")
    assert json.loads(receiver.wait(good)[0].body) == {"a": text}
    wait_until("both are visible", lambda: len(project.deliveries(event_id)) == 2)
    bad, = [each for each in project.deliveries(event_id) if each["endpoint_id"] == bad_endpoint["uid"]]
    assert bad["status"] == "Discarded"
    assert bad["description"].startswith("filter is unreadable" if kind == "unreadable" else "filter takes more")


# Goal: a poison filter does not slow the events that have nothing to do with it. Method: a flood of events that need it, and beside it
# another project's events, each answered and delivered in time.
def test_poison_filter_slows_nobody(planes, project, receiver):
    other = planes.project(f"neighbour-{project.id.lower()}")
    _, poisoned = hook(project, receiver, owner_id="o")
    filtered(project, poisoned, ["*"], body={"a": {"$regex": "(a|b)*a(a|b){60}"}})
    path = receiver.new_path()
    endpoint = other.subscribed(receiver.url(path))
    data = json.dumps({"a": "b" * 150_000}).encode()
    flood = threading.Thread(target=lambda: [project.send("t", data, owner_id="o") for _ in range(20)])
    flood.start()
    for number in range(20):
        other.send("t", str(number).encode(), endpoint_id=endpoint["uid"])
    receiver.wait(path, 20, 20 * SLOWNESS)
    flood.join()


# Goal: the heavy filters of one project do not hold up another's events that are matched after their answer too. Method: sixty events at
# once, each long to judge, and a broadcast of another project behind them: most of the sixty are matched after it.
def test_heavy_filters_hold_up_no_neighbour(planes, project, receiver):
    other = planes.project(f"light-{project.id.lower()}")
    heavy, endpoint = hook(project, receiver, owner_id="o")
    filtered(project, endpoint, ["*"], body={"a": {"$regex": "(a|b)*a(a|b){60}$"}})
    light = receiver.new_path()
    other.subscribed(receiver.url(light))
    item = event_body(json.dumps({"a": "b" * 15_000 + "a" + "b" * 60}).encode(), event_type="t", owner_id="o")
    taken = project.post_event(b"[" + b",".join([item] * 60) + b"]", "/batch").expect(201).data
    assert taken["accepted"] == 60
    other.send("t")
    receiver.wait(light)
    receiver.wait(heavy, 60, seconds=60 * SLOWNESS)
    behind = planes.database.value("""
        SELECT count(*) FROM deliveries WHERE project_id = %s
           AND created_at > (SELECT created_at FROM deliveries WHERE project_id = %s)""", [project.uuid, other.uuid])
    assert behind >= 30


# Goal: a broadcast gives each endpoint one delivery, of the lowest subscription whose filter lets it pass. Method: two subscriptions of
# one endpoint, the first one's filter fails; an endpoint whose filters all fail.
def test_filtered_broadcast(project, receiver):
    path, endpoint = hook(project, receiver)
    _, silent = hook(project, receiver)
    first = filtered(project, endpoint, ["news"], body={"lang": "de"})
    second = filtered(project, endpoint, ["*"], body={"lang": {"$in": ["de", "fr"]}})
    filtered(project, silent, ["news"], body={"lang": "it"})
    for lang, winner in (("fr", second), ("de", first)):
        event_id = project.send("news", json.dumps({"lang": lang}).encode())
        wait_until("the expansion is done", lambda: project.event(event_id)["status"] == "Success")
        assert [each["subscription_id"] for each in project.deliveries(event_id)] == [winner["uid"]], lang
        why = project.control.get(f"{project.path}/events/{event_id}/matches").expect(200).data["content"]
        assert [each["subscription_id"] for each in why if each["is_match"]] == [winner["uid"]], lang
    receiver.wait(path, 2)


# Goal: an event for one endpoint stays that endpoint's, however many of its subscriptions match. Method: more than are matched before the
# answer, and another endpoint that subscribes to everything.
def test_many_matches_of_one_endpoint(planes, project, receiver):
    path, endpoint = hook(project, receiver)
    _, stranger = hook(project, receiver)
    project.subscribe(stranger, ["*"])
    with planes.database.connect() as connection:
        version = connection.execute("SELECT next_config_version(%s)", [project.uuid]).fetchone()[0]
        connection.execute(
            """INSERT INTO subscriptions (project_id, id, endpoint_id, name, event_types, version, created_at, updated_at)
               SELECT %s, gen_random_uuid(), %s, 'many-' || n, ARRAY['many'], %s, now(), now() FROM generate_series(1, 1100) n""",
            [project.uuid, uuid_of(endpoint["uid"]), version])
    event_id = project.send("many", endpoint_id=endpoint["uid"])
    wait_until("the expansion is done", lambda: project.event(event_id)["status"] == "Success", 60 * SLOWNESS)
    rows = planes.database.rows("SELECT endpoint_id::text, count(*) FROM deliveries WHERE event_id = %s GROUP BY 1", [uuid_of(event_id)])
    assert rows == [(str(uuid_of(endpoint["uid"])), 1100)]
    receiver.wait(path, 1100, 60 * SLOWNESS)


# Goal: for each subscription the reason why the event matched or not, with the clause that decided; the same before it is sent. Method:
# one subscription for every reason, paged.
def test_why(project, receiver):
    _, ours = hook(project, receiver, owner_id="o")
    _, theirs = hook(project, receiver, owner_id="p")
    made = {
        "no_filter": project.subscribe(ours, ["paid"]),
        "event_type": project.subscribe(ours, ["refund"]),
        "not_addressed": project.subscribe(theirs, ["*"]),
        "matched": filtered(project, ours, ["*"], body={"n": {"$gte": 5}}),
        "filter": filtered(project, ours, ["*"], body={"n": 5, "customer.tier": {"$in": ["gold"]}}),
        "filter_disabled": project.subscribe(ours, ["paid"]),
    }
    project.control.post(f"{project.path}/subscriptions/{made['filter_disabled']['uid']}/filters",
                              {"event_type": "paid", "enabled_at": None}).expect(201)
    data = {"n": 5, "customer": {"tier": "tin"}}
    event_id = project.send("paid", json.dumps(data).encode(), owner_id="o")
    sent = project.control.get(f"{project.path}/events/{event_id}/matches").expect(200).data["content"]
    unsent = project.control.post(f"{project.path}/subscriptions/match",
                                       {"event_type": "paid", "owner_id": "o", "data": data}).expect(200).data["content"]
    assert sent == unsent
    by_subscription = {each["subscription_id"]: each for each in sent}
    assert {reason: by_subscription[each["uid"]]["reason"] for reason, each in made.items()} == {reason: reason for reason in made}
    assert {each["reason"] for each in sent if each["is_match"]} == {"no_filter", "matched"}
    failed = by_subscription[made["filter"]["uid"]]
    assert failed["clause"] == {"scope": "body", "key": "customer.tier", "operator": "$in", "expected": ["gold"], "is_present": True,
                                "actual": "tin"}
    assert (failed["name"], failed["endpoint_id"]) == ("filtered", ours["uid"]) and failed["filter_id"]
    assert {each["subscription_id"] for each in project.deliveries(event_id)} == {made["no_filter"]["uid"], made["matched"]["uid"]}
    page = project.control.get(f"{project.path}/events/{event_id}/matches?perPage=4").expect(200).data
    rest = project.control.get(f"{project.path}/events/{event_id}/matches?perPage=4&next_page_cursor="
                                    f"{page['pagination']['next_page_cursor']}").expect(200).data
    assert page["content"] + rest["content"] == sent
    assert project.control.get(f"{project.path}/events/01JQZZZZZZZZZZZZZZZZZZZZZZ/matches").status == 404


# Goal: a replay is filtered as the filters are now. Method: an event that nothing matched, then a filter that lets it pass.
def test_replay_is_filtered(project, receiver):
    path, endpoint = hook(project, receiver)
    subscription = filtered(project, endpoint, ["paid"], body={"n": 2})
    event_id = project.send("paid", b'{"n":1}', endpoint_id=endpoint["uid"])
    assert project.deliveries(event_id) == []
    project.control.put(f"{project.path}/subscriptions/{subscription['uid']}",
                        {"filter_config": {"event_types": ["paid"], "filter": {"body": {"n": 1}}}}).expect(202)
    project.control.put(f"{project.path}/events/{event_id}/replay").expect(200)
    assert receiver.wait(path)[0].body == b'{"n":1}'
