"""Which endpoints an event reaches: by owner, everybody, by type; and what is expanded after the answer."""

from collections import Counter

from support.database import uuid_of
from support.wait import SLOWNESS, wait_until


def hooks(project, receiver, count, **fields):
    """`count` endpoints with paths of their own: [(path, endpoint)]."""
    made = []
    for _ in range(count):
        path = receiver.new_path()
        made.append((path, project.endpoint(receiver.url(path), **fields)))
    return made


# Goal: a fan-out reaches all of the owner's endpoints whose subscription matches, and nobody else. Method: two owners.
def test_fanout_by_owner(project, receiver):
    ours, theirs = hooks(project, receiver, 3, owner_id="cust-7"), hooks(project, receiver, 1, owner_id="cust-8")
    for _, endpoint in ours + theirs:
        project.subscribe(endpoint, ["invoice.paid"])
    unsubscribed = hooks(project, receiver, 1, owner_id="cust-7")[0]
    project.subscribe(unsubscribed[1], ["other"])
    event_id = project.send("invoice.paid", b"[7]", owner_id="cust-7")
    for path, _ in ours:
        receiver.wait(path)
    deliveries = project.deliveries(event_id)
    assert {d["endpoint_id"] for d in deliveries} == {e["uid"] for _, e in ours}
    assert receiver.count(theirs[0][0]) == receiver.count(unsubscribed[0]) == 0


# Goal: exact names, prefix globs and * match as the contract says. Method: one endpoint per pattern, one event per name.
def test_event_types(project, receiver):
    patterns = {"invoice.paid": {"invoice.paid"}, "invoice.*": {"invoice.paid", "invoice.line.added"},
                "*": {"invoice.paid", "invoice.line.added", "invoice", "invoice.", "invoicexpaid", "order"}}
    names = patterns["*"]
    paths = {}
    for pattern in patterns:
        (paths[pattern], endpoint), = hooks(project, receiver, 1, owner_id="globs")
        project.subscribe(endpoint, [pattern])
    for name in names:
        project.send(name, f'"{name}"'.encode(), owner_id="globs")
    for pattern, expected in patterns.items():
        arrivals = receiver.wait(paths[pattern], len(expected))
        assert Counter(a.body.decode().strip('"') for a in arrivals) == Counter(expected), pattern


# Goal: a broadcast makes one delivery per endpoint, also where two subscriptions match. Method: count deliveries and arrivals.
def test_broadcast_once_per_endpoint(project, receiver):
    made = hooks(project, receiver, 4)
    for _, endpoint in made:
        project.subscribe(endpoint, ["news"])
        project.subscribe(endpoint, ["*"])
    event_id = project.send("news")
    for path, _ in made:
        receiver.wait(path)
    wait_until("the expansion is done", lambda: project.event(event_id)["status"] == "Success")
    deliveries = project.deliveries(event_id)
    assert Counter(d["endpoint_id"] for d in deliveries) == Counter(e["uid"] for _, e in made)
    assert [receiver.count(path) for path, _ in made] == [1] * 4


# Goal: two subscriptions of one endpoint make two deliveries of a direct event, each visible. Method: count.
def test_one_delivery_per_subscription(project, receiver):
    (path, endpoint), = hooks(project, receiver, 1)
    project.subscribe(endpoint, ["twice"])
    project.subscribe(endpoint, ["*"])
    event_id = project.send("twice", endpoint_id=endpoint["uid"])
    receiver.wait(path, 2)
    assert len(project.deliveries(event_id)) == 2


# Goal: an endpoint that nobody subscribed gets a direct event through a catch-all subscription, made once. Method: two events.
def test_catch_all_subscription(project, receiver):
    (path, endpoint), = hooks(project, receiver, 1)
    for number in range(2):
        project.send("direct", str(number).encode(), endpoint_id=endpoint["uid"])
    receiver.wait(path, 2)
    listed = project.control.get(f"{project.path}/subscriptions?endpointId={endpoint['uid']}").expect(200).data["content"]
    assert [(s["name"], s["filter_config"]["event_types"]) for s in listed] == [(f"{endpoint['name']}-subscription", ["*"])]


# Goal: a fan-out to nobody is accepted and says that nothing matched. Method: an unknown owner.
def test_fanout_to_nobody(project):
    event_id = project.send("lonely", owner_id="nobody")
    event = project.event(event_id)
    assert (event["status"], event["failure_reason"]) == ("Success", "no subscription matched")


# Goal: more than 1,000 matches are expanded after the answer, in chunks, each delivery made once. Method: 2,500 subscriptions, put
# into the database as the control plane would (one configuration number, taken first), over 25 endpoints.
def test_large_fanout(planes, project, receiver):
    made = hooks(project, receiver, 25, owner_id="crowd")
    with planes.database.connect() as connection:
        version = connection.execute("SELECT next_config_version(%s)", [project.uuid]).fetchone()[0]
        for _, endpoint in made:
            connection.execute(
                """INSERT INTO subscriptions (project_id, id, endpoint_id, name, event_types, version, created_at, updated_at)
                   SELECT %s, gen_random_uuid(), %s, 'crowd-' || n, ARRAY['crowd'], %s, now(), now() FROM generate_series(1, 100) n""",
                [project.uuid, uuid_of(endpoint["uid"]), version])
    event_id = project.send("crowd", b'{"many":true}', owner_id="crowd")
    wait_until("the expansion is done", lambda: project.event(event_id)["status"] == "Success", 60 * SLOWNESS)
    count = "SELECT count(*), count(DISTINCT subscription_id) FROM deliveries WHERE event_id = %s"
    assert planes.database.rows(count, [uuid_of(event_id)]) == [(2500, 2500)]
    assert planes.database.value("SELECT matched_count FROM events WHERE id = %s", [uuid_of(event_id)]) == 2500
    for path, _ in made:
        receiver.wait(path, 100, 60 * SLOWNESS)
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert [receiver.count(path) for path, _ in made] == [100] * 25
