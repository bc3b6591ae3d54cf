"""What was acknowledged by the control plane holds for the very next event at the data plane."""

import time

from support.api import Api, event_body
from support.receiver import Reply
from support.wait import SLOWNESS, wait_until

ROUNDS = 1000


# Goal: an event sent right after a subscription was acknowledged is delivered, 1,000 times in a row. Method: each round makes a
# subscription for a type of its own (every fourth round for an endpoint that is new too) and at once posts an event of that type;
# no pause lies between. In the end every event arrived exactly once.
def test_event_right_after_its_subscription(planes, project, receiver):
    control = Api(planes.control.url, project.key, keep=True)
    data = Api(planes.data.url, project.key, keep=True)
    path, endpoint = receiver.new_path(), None
    for number in range(ROUNDS):
        if number % 4 == 0:
            endpoint = control.post(f"{project.path}/endpoints", {"name": f"e{number}", "url": receiver.url(path),
                                                                  "owner_id": f"owner-{number}"}).expect(201).data
            owner = f"owner-{number}"
        control.post(f"{project.path}/subscriptions", {"name": f"s{number}", "endpoint_id": endpoint["uid"],
                                                       "filter_config": {"event_types": [f"round.{number}"]}}).expect(201)
        data.post(f"{project.path}/events/fanout", event_body(str(number).encode(), event_type=f"round.{number}",
                                                               owner_id=owner)).expect(201)
    receiver.wait(path, ROUNDS, 60 * SLOWNESS)
    assert sorted(int(a.body) for a in receiver.arrivals(path)) == list(range(ROUNDS))


# Goal: an unsubscribed event is not delivered and says why; the same right after the subscription was deleted. Method: as above,
# with a deletion acknowledged before each event.
def test_event_right_after_its_unsubscription(project, receiver):
    path = receiver.new_path()
    endpoint = project.endpoint(receiver.url(path), owner_id="gone")
    for number in range(20):
        subscription = project.subscribe(endpoint, ["*"])
        project.control.delete(f"{project.path}/subscriptions/{subscription['uid']}").expect(200)
        event_id = project.send("gone", str(number).encode(), owner_id="gone")
        event = project.event(event_id)
        assert (event["status"], event["failure_reason"]) == ("Success", "no subscription matched")
        assert project.deliveries(event_id) == []
    assert receiver.count(path) == 0


# Goal: a retry uses the endpoint's current URL. Method: the first URL fails; the endpoint is moved; the next attempt is at the
# new one, and the attempts show both.
def test_retry_uses_the_current_url(project, receiver):
    old, new = receiver.new_path(), receiver.new_path()
    receiver.script(old, Reply(500))
    endpoint = project.subscribed(receiver.url(old))
    event_id = project.send(endpoint_id=endpoint["uid"])
    receiver.wait(old)
    project.control.put(f"{project.path}/endpoints/{endpoint['uid']}", {"name": endpoint["name"], "url": receiver.url(new)}).expect(202)
    receiver.wait(new)
    delivery = project.wait_delivery(event_id, "Success")
    urls = [attempt["url"] for attempt in project.attempts(delivery["uid"])]
    assert urls[0] == receiver.url(old)
    assert urls[-1] == receiver.url(new)


# Goal: a key revoked or unknown is refused at once, a new project's key is accepted at once. Method: both against the data plane.
def test_new_key_is_known_at_once(planes, receiver):
    path = receiver.new_path()
    for number in range(20):
        project = planes.project(f"new-key-{number}-{time.time_ns()}")
        endpoint = project.subscribed(receiver.url(path))
        project.send(endpoint_id=endpoint["uid"])
    receiver.wait(path, 20)
    wait_until("nothing waits", lambda: planes.database.value("SELECT count(*) FROM queue") == 0)
