"""Failures: when they are tried again, what holds them, and what ends them."""

import time
from datetime import datetime, timezone

import pytest

from support.api import event_body
from support.receiver import Receiver, Reply, no_listener
from support.wait import SLOWNESS, wait_until

def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))

# Goal: an explicit linear strategy is kept: all attempts counted, one second apart, then Failure. Method: an endpoint that always
# fails, three attempts.
def test_linear_strategy(planes, receiver):
    project = planes.project(f"linear-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": 3})
    path = receiver.new_path()
    receiver.script(path, Reply(500, b"broken"))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    delivery = project.wait_delivery(event_id, "Failure")
    arrivals = receiver.arrivals(path)
    assert len(arrivals) == 3
    gaps = [after.at - before.at for before, after in zip(arrivals, arrivals[1:])]
    assert all(0.95 <= gap <= 2.5 * SLOWNESS for gap in gaps), gaps
    assert delivery["metadata"]["num_trials"] == 3
    assert delivery["metadata"]["strategy"] == "linear"
    assert delivery["description"]
    attempts = project.attempts(delivery["uid"])
    assert [attempt["status"] for attempt in attempts] == [False, False, False]
    assert all(attempt["http_status"].startswith("500") and attempt["response_data"] == "broken" for attempt in attempts)
    assert project.counts()[2] == 0

# Goal: a delivery that fails once is Retry with its next time, and succeeds at it. Method: one 503 without Retry-After.
def test_retry_then_success(project, receiver):
    path = receiver.new_path()

    receiver.script(path, Reply(500), Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    receiver.wait(path, 2)
    delivery = project.wait_delivery(event_id, "Success")
    assert delivery["metadata"]["num_trials"] == 2
    assert [a["status"] for a in project.attempts(delivery["uid"])] == [False, True]

# Goal: without a strategy of its own a project has the default schedule: 5 s, then 5 min, ±20 %. Method: a failing endpoint; the
# times that the API shows after the first and the second attempt.
def test_default_schedule(planes, receiver):
    project = planes.project(f"default-{time.time_ns()}")
    path = receiver.new_path()
    receiver.script(path, Reply(500))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    first = receiver.wait(path, 1)[0]
    delivery = project.wait_delivery(event_id, "Retry")
    wait = moment(delivery["metadata"]["next_send_time"]).timestamp() - first.wall
    assert 4.0 <= wait <= 6.0 + SLOWNESS, wait
    assert delivery["metadata"]["retry_limit"] == 10
    second = receiver.wait(path, 2)[1]
    assert 3.9 <= second.at - first.at <= 7.0 + 2 * SLOWNESS

    def second_is_recorded():
        shown = project.delivery(event_id)
        return shown if shown["metadata"]["num_trials"] == 2 and shown["status"] == "Retry" else None
    delivery = wait_until("the second attempt is recorded", second_is_recorded)
    wait = moment(delivery["metadata"]["next_send_time"]).timestamp() - second.wall
    assert 240 <= wait <= 360 + SLOWNESS, wait

# Goal: Retry-After of a 429 or 503 holds the whole endpoint, in seconds and as a date; others are not held. Method: a second event
# for the same endpoint is sent while it is held; both arrive after the time that was asked for.
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_holds_the_endpoint(project, receiver, status, form):
    path, other_path = receiver.new_path(), receiver.new_path()
    endpoint, other = project.subscribed(receiver.url(path)), project.subscribed(receiver.url(other_path))
    seconds = 3
    value = str(seconds)
    if form == "date":
        value = datetime.fromtimestamp(time.time() + seconds, timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.script(path, Reply(status, headers={"Retry-After": value}), Reply(200))
    first_id = project.send(endpoint_id=endpoint["uid"])
    first = receiver.wait(path)[0]
    project.wait_delivery(first_id, "Retry")
    second_id = project.send(endpoint_id=endpoint["uid"])
    project.send(endpoint_id=other["uid"])
    receiver.wait(other_path)
    assert receiver.count(path) == 1
    later = receiver.wait(path, 3)[1:]
    least = seconds - 0.05 if form == "seconds" else seconds - 1.05
    assert all(arrival.at - first.at >= least for arrival in later), [a.at - first.at for a in later]
    for event_id in (first_id, second_id):
        project.wait_delivery(event_id, "Success")

# Goal: whatever goes wrong is retried and named: a dropped connection, a redirect, a 404, a 400. Method: one failure of each kind,
# then success; the first attempt tells the kind. The receiver is the test's own, because on a connection that was used before, one
# that closes without a word counts as a stale connection, not as an attempt.
@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), Reply(404),
                                   Reply(400)], ids=["reset", "redirect", "404", "400"])
def test_failure_is_retried(project, reply):
    own = Receiver()
    own.script("/own", reply, Reply(200))
    endpoint = project.subscribed(own.url("/own"))
    event_id = project.send(endpoint_id=endpoint["uid"])
    delivery = project.wait_delivery(event_id, "Success")
    assert own.count("/own") == 2
    own.close()
    first = project.attempts(delivery["uid"])[0]
    assert first["status"] is False
    if reply.drop:
        assert first.get("error") and not first.get("http_status")
    else:
        assert first["http_status"].startswith(str(reply.status))


# Goal: an endpoint that nobody listens at is retried, and the attempt says why. Method: a closed port.
def test_refused_connection(planes, receiver):
    project = planes.project(f"refused-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": 2})
    endpoint = project.subscribed(f"http://127.0.0.1:{no_listener()}/")
    event_id = project.send(endpoint_id=endpoint["uid"])
    delivery = project.wait_delivery(event_id, "Failure")
    attempts = project.attempts(delivery["uid"])
    assert len(attempts) == 2
    assert all(attempt["error"] and attempt["responded_at"] is None for attempt in attempts)

# Goal: the endpoint's timeout covers the whole exchange. Method: one second, and an answer that is held back.
def test_timeout(planes, receiver):
    project = planes.project(f"timeout-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": 1})
    path = receiver.new_path()
    gate = receiver.hold(path)
    endpoint = project.subscribed(receiver.url(path), http_timeout=1)
    event_id = project.send(endpoint_id=endpoint["uid"])
    delivery = project.wait_delivery(event_id, "Failure")
    gate.open()
    attempt, = project.attempts(delivery["uid"])
    assert attempt["error"]

# Goal: 410 disables the endpoint; what waits for it is Discarded with the reason, and so is what comes later; activating ends it.
# Method: one answer 410.
def test_410_disables_the_endpoint(project, receiver):
    path = receiver.new_path()
    receiver.script(path, Reply(410), Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    endpoint_path = f"{project.path}/endpoints/{endpoint['uid']}"
    first_id = project.send(endpoint_id=endpoint["uid"])
    receiver.wait(path)
    wait_until("the endpoint is inactive", lambda: project.control.get(endpoint_path).data["status"] == "inactive")
    later_id = project.send(endpoint_id=endpoint["uid"])
    later = project.wait_delivery(later_id, "Discarded")
    assert later["description"]
    wait_until("the first is final", lambda: project.delivery(first_id)["status"] in ("Failure", "Discarded"))
    assert receiver.count(path) == 1
    project.control.post(f"{endpoint_path}/activate").expect(202)
    last_id = project.send(endpoint_id=endpoint["uid"])
    project.wait_delivery(last_id, "Success")
    assert receiver.count(path) == 2

# Goal: paused, deliveries wait as Scheduled with the reason and none is lost; resumed, they go. Method: pause, send, look, resume.
def test_pause_and_resume(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    pause = f"{project.path}/endpoints/{endpoint['uid']}/pause"
    assert project.control.put(pause).expect(202).data["status"] == "paused"
    event_ids = [project.send("paused", str(number).encode(), endpoint_id=endpoint["uid"]) for number in range(5)]
    # A probe through another endpoint shows that the data plane has worked on while these waited.
    probe_path = receiver.new_path()
    probe = project.subscribed(receiver.url(probe_path))
    project.send(endpoint_id=probe["uid"])
    receiver.wait(probe_path)
    assert receiver.count(path) == 0
    assert all(project.delivery(event_id)["status"] == "Scheduled" for event_id in event_ids)
    assert project.control.put(pause).expect(202).data["status"] == "active"
    receiver.wait(path, 5)
    for event_id in event_ids:
        project.wait_delivery(event_id, "Success")
    assert sorted(int(a.body) for a in receiver.arrivals(path)) == [0, 1, 2, 3, 4]

# Goal: pausing reaches deliveries that are already queued for a retry. Method: fail once, pause before the retry, see no attempt
# beyond the retry's time, resume.
def test_pause_holds_queued_retries(project, receiver):
    path = receiver.new_path()
    receiver.script(path, Reply(500), Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    first = receiver.wait(path)[0]
    pause = f"{project.path}/endpoints/{endpoint['uid']}/pause"
    project.control.put(pause).expect(202)
    probe_path = receiver.new_path()
    receiver.script(probe_path, Reply(500), Reply(500), Reply(200))
    probe = project.subscribed(receiver.url(probe_path))
    project.send(endpoint_id=probe["uid"])
    assert receiver.wait(probe_path, 3)[-1].at - first.at > 1.9
    assert receiver.count(path) == 1
    project.control.put(pause).expect(202)
    project.wait_delivery(event_id, "Success")

# Goal: a deleted endpoint gets nothing more, and what waited for it ends as Discarded with a reason. Method: delete while its
# delivery waits for a retry.
def test_deleted_endpoint(planes, receiver):
    project = planes.project(f"deleted-{time.time_ns()}", strategy={"type": "linear", "duration": 2, "retry_count": 5})
    path = receiver.new_path()
    receiver.script(path, Reply(500))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    project.wait_delivery(event_id, "Retry")
    project.control.delete(f"{project.path}/endpoints/{endpoint['uid']}").expect(200)
    delivery = project.wait_delivery(event_id, "Discarded")
    assert delivery["description"]
    assert receiver.count(path) == 1
    gone = project.post_event(event_body(event_type="late", endpoint_id=endpoint["uid"])).expect(404)
    assert gone.json["field"] == "endpoint_id"

# Goal: a subscription's own strategy wins over the project's. Method: the project allows five attempts, the subscription two.
def test_subscription_strategy_wins(project, receiver):
    path = receiver.new_path()
    receiver.script(path, Reply(500))
    endpoint = project.endpoint(receiver.url(path))
    project.subscribe(endpoint, ["*"], retry_config={"type": "linear", "interval_seconds": 1, "retry_count": 2})
    event_id = project.send(endpoint_id=endpoint["uid"])
    project.wait_delivery(event_id, "Failure")
    assert receiver.count(path) == 2
