"""Work in the background: replays, recovery, what was never sent; progress, rate, cancel, and a crash in the middle."""

import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from support.api import event_body
from support.receiver import Reply
from support.wait import SLOWNESS, wait_until

NEVER_MADE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ENDED = ("completed", "cancelled", "failed")


def moment(**ago):
    return (datetime.now(timezone.utc) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def start(project, kind, **fields):
    return project.control.post(f"{project.path}/jobs", {"kind": kind, **fields}).expect(201).data


def show(project, job):
    return project.control.get(f"{project.path}/jobs/{job['uid']}").expect(200).data


def wait_end(project, job, seconds=None):
    return wait_until(f"job {job['uid']} has ended",
                      lambda: (now := show(project, job)) and now["state"] in ENDED and now, seconds)


def refused(answer, reason, field=None, status=400):
    body = answer.expect(status).json
    assert (body["code"], body.get("field")) == (reason, field), body


# Goal: a replayed event is matched again and delivered anew, with new ids, also to who subscribed later; the event's deliveries show them
# all, and an event that nothing matched shows that something does now. Method: an owner's event, one endpoint before and one after it.
def test_replay_one_event(project, receiver):
    first, later = receiver.new_path(), receiver.new_path()
    unmatched = project.send("order.paid", owner_id="cust-1")
    project.subscribed(receiver.url(first), owner_id="cust-1")
    event = project.send("order.paid", owner_id="cust-1", data=b'{"n": 1}')
    before = project.wait_delivery(event, "Success")
    project.subscribed(receiver.url(later), owner_id="cust-1")
    answer = project.control.put(f"{project.path}/events/{event}/replay").expect(200).data
    assert answer["uid"] == event and answer["data"] == {"n": 1}
    assert receiver.wait(later, 1)[0].body == b'{"n": 1}'
    receiver.wait(first, 2)
    wait_until("three deliveries succeeded", lambda: [d["status"] for d in project.deliveries(event)] == ["Success"] * 3)
    assert len({d["uid"] for d in project.deliveries(event)} - {before["uid"]}) == 2
    page = project.control.get(f"{project.path}/eventdeliveries?perPage=1&eventId={event}&status=Success").expect(200).data
    assert page["pagination"]["has_next_page"] is True
    assert project.event(unmatched)["failure_reason"] == "no subscription matched"
    project.control.put(f"{project.path}/events/{unmatched}/replay").expect(200)
    receiver.wait(later, 2)
    assert "failure_reason" not in project.event(unmatched)
    refused(project.control.put(f"{project.path}/events/{NEVER_MADE}/replay"), "not_found", status=404)


# Goal: a replay in bulk takes on what the list's filters select, says how many, and its count says so before. Method: three events to one
# endpoint, two to another; searches are refused; nothing to do is no job.
def test_batch_replay(project, receiver):
    path, aside = receiver.new_path(), receiver.new_path()
    endpoint, other = project.subscribed(receiver.url(path)), project.subscribed(receiver.url(aside))
    events = [project.send(endpoint_id=endpoint["uid"]) for _ in range(3)] + [project.send(endpoint_id=other["uid"]) for _ in range(2)]
    for event in events:
        project.wait_delivery(event, "Success")
    query = f"endpointId={endpoint['uid']}"
    assert project.control.get(f"{project.path}/events/countbatchreplayevents?{query}").expect(200).data == {"num": 3}
    answer = project.control.post(f"{project.path}/events/batchreplay?{query}").expect(200)
    assert answer.json["message"] == "3 successful, 0 failed" and answer.data is None
    receiver.wait(path, 6)
    job = project.control.get(f"{project.path}/jobs").expect(200).data["content"][0]
    job = wait_end(project, job)
    assert (job["kind"], job["state"], job["total"], job["done"], job["deliveries"]) == ("replay_events", "completed", 3, 3, 3), job
    assert receiver.count(aside) == 2
    for name in ("query", "body"):
        for method, route in (("POST", "batchreplay"), ("GET", "countbatchreplayevents")):
            refused(project.control.request(method, f"{project.path}/events/{route}?{name}=x"), "unsupported", name)
    nothing = project.control.post(f"{project.path}/events/batchreplay?idempotencyKey=none").expect(200)
    assert nothing.json["message"] == "0 successful, 0 failed"
    assert len(project.control.get(f"{project.path}/jobs").expect(200).data["content"]) == 1


# Goal: "recover failed" and "send what was never sent" are different jobs: each sends its own, once, also when it is started again.
# Method: an endpoint with one failure, one success, and one event from before it subscribed to its type.
def test_recover_and_send_missing(planes, receiver):
    project = planes.project(f"recover-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": 1})
    path = receiver.new_path()
    receiver.script(path, Reply(500), Reply(200))
    endpoint = project.endpoint(receiver.url(path), owner_id="cust-2")
    project.subscribe(endpoint, ["order.paid"])
    since = moment(minutes=1)
    failed = project.send("order.paid", owner_id="cust-2")
    project.wait_delivery(failed, "Failure")
    project.wait_delivery(project.send("order.paid", owner_id="cust-2"), "Success")
    missed = project.send("order.refunded", owner_id="cust-2")
    stranger = project.send("order.refunded", owner_id="cust-3")
    project.send("order.unknown", owner_id="cust-2")
    project.subscribe(endpoint, ["order.refunded"])
    fields = {"endpoint_id": endpoint["uid"], "since": since}
    preview = project.control.post(f"{project.path}/jobs", {"kind": "recover_failed", "dry_run": True, **fields}).expect(200).data
    assert preview == {"kind": "recover_failed", "total": 1}
    for _ in range(2):
        job = wait_end(project, start(project, "recover_failed", **fields))
        assert job["state"] == "completed" and job["error"] == "", job
    receiver.wait(path, 3)
    project.wait_delivery(failed, "Success")
    assert project.deliveries(missed) == []
    job = wait_end(project, start(project, "send_missing", **fields))
    assert (job["done"], job["succeeded"], job["skipped"], job["deliveries"]) == (2, 1, 1, 1), job
    project.wait_delivery(missed, "Success")
    job = wait_end(project, start(project, "send_missing", **fields))
    assert (job["succeeded"], job["deliveries"]) == (0, 0), job
    assert receiver.count(path) == 4
    assert project.deliveries(stranger) == []


# Goal: a job that the data plane's death interrupts is finished by its next life: every event is replayed, none twice beyond what was in
# flight, and ledger and receiver agree. Method: 3,000 events, SIGKILL after the first chunks are committed.
def test_survives_a_crash(own_planes, receiver):
    project = own_planes.project("crash", strategy={"type": "linear", "duration": 1, "retry_count": 5})
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    body = lambda number: event_body(str(number).encode(), event_type="load", endpoint_id=endpoint["uid"])
    events = [project.post_event(body(number)).expect(201).data["uid"] for number in range(3000)]
    wait_until("all were delivered", lambda: project.counts()[2] == 0, 60)
    assert receiver.count(path) == len(events)
    job = start(project, "replay_events", rate=3000)
    wait_until("it is under way", lambda: show(project, job)["done"] >= 500)
    own_planes.data.kill()
    killed_at = show(project, job)["done"]
    assert killed_at < len(events), "the job ended before the kill: no crash was tested"
    own_planes.data.start()
    ended = wait_end(project, job, 60)
    assert (ended["state"], ended["done"], ended["deliveries"]) == ("completed", len(events), len(events)), ended
    wait_until("the queue is empty", lambda: project.counts()[2] == 0, 60)
    rows = own_planes.database.rows("SELECT count(*), count(DISTINCT event_id), count(*) FILTER (WHERE status = 2) FROM deliveries "
                                    "WHERE project_id = %s AND job_id IS NOT NULL", [project.uuid])
    assert rows == [(len(events),) * 3]
    arrivals = Counter(arrival.webhook_id for arrival in receiver.arrivals(path))
    assert len(arrivals) == 2 * len(events)
    again = sum(count - 1 for count in arrivals.values())
    assert again <= 200 * SLOWNESS, f"{again} sent twice: more than were in flight"


# Goal: a job keeps to its rate, and cancel ends it: nothing is begun after the answer, what was made stays. Method: 20 a second of 200.
def test_rate_and_cancel(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    events = [project.send(endpoint_id=endpoint["uid"]) for _ in range(200)]
    wait_until("all were delivered", lambda: project.counts()[2] == 0)
    began = time.monotonic()
    job = start(project, "replay_events", rate=20)
    wait_until("60 are done", lambda: show(project, job)["done"] >= 60)
    took = time.monotonic() - began
    assert 1.9 <= took <= 6 * SLOWNESS, took
    cancelled = project.control.post(f"{project.path}/jobs/{job['uid']}/cancel").expect(200).data
    assert cancelled["state"] == "cancelled" and 60 <= cancelled["done"] < 200, cancelled
    wait_until("what was made is delivered", lambda: project.counts()[2] == 0)
    assert receiver.count(path) == len(events) + cancelled["deliveries"]
    # A second job runs to its end meanwhile: the cancelled one has had every chance to go on.
    wait_end(project, start(project, "send_missing", endpoint_id=endpoint["uid"], since=moment(hours=1)))
    assert show(project, job) == cancelled
    again = project.control.post(f"{project.path}/jobs/{job['uid']}/cancel").expect(200).data
    assert again == cancelled
    done = wait_end(project, start(project, "recover_failed", endpoint_id=endpoint["uid"], since=moment(hours=1)))
    refused(project.control.post(f"{project.path}/jobs/{done['uid']}/cancel"), "job_ended")


# Goal: an event for more subscriptions than a chunk holds is replayed whole. Method: 1,200 endpoints of one owner, one replay.
def test_large_fan_out(planes, receiver):
    project = planes.project(f"fan-{time.time_ns()}")
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), owner_id="many")
    for _ in range(1200):
        project.subscribe(endpoint, ["*"])
    event = project.send("big", owner_id="many")
    wait_until("1,201 deliveries", lambda: receiver.count(path) >= 1201, 60)
    project.control.put(f"{project.path}/events/{event}/replay").expect(200)
    receiver.wait(path, 2402, 60)
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert project.counts()[1] == 2402
    assert receiver.count(path) == 2402


# Goal: other projects' jobs and what their filters name do not exist. Method: a stranger's key, and foreign ids in each field.
def test_isolation(planes, receiver):
    mine, other = planes.project(f"mine-{time.time_ns()}"), planes.project(f"other-{time.time_ns()}")
    endpoint = mine.subscribed(receiver.url(receiver.new_path()))
    subscription = mine.control.get(f"{mine.path}/subscriptions").data["content"][0]
    event = mine.send(endpoint_id=endpoint["uid"])
    job = start(mine, "retry_deliveries")
    for job_id in (job["uid"], NEVER_MADE, "nonsense"):
        refused(other.control.get(f"{other.path}/jobs/{job_id}"), "not_found", status=404)
        refused(other.control.post(f"{other.path}/jobs/{job_id}/cancel"), "not_found", status=404)
    assert other.control.get(f"{other.path}/jobs").expect(200).data["content"] == []
    for kind, field, value in (("replay_events", "endpoint_id", endpoint["uid"]), ("replay_events", "event_id", event),
                               ("retry_deliveries", "event_id", event), ("retry_deliveries", "subscription_id", subscription["uid"])):
        for each in (value, NEVER_MADE, "nonsense"):
            refused(other.control.post(f"{other.path}/jobs", {"kind": kind, field: each}), "not_found", field, 404)


# Goal: a job's body is checked, naming the field. Method: a table of missing, wrong-typed and out-of-range fields.
@pytest.mark.parametrize("body, reason, field", [
    (b"", "body_required", None), ([], "wrong_type", None), ({}, "required", "kind"), ({"kind": "x"}, "invalid_kind", "kind"),
    ({"kind": 1}, "wrong_type", "kind"), ({"kind": "replay_events", "rate": 0}, "out_of_range", "rate"),
    ({"kind": "replay_events", "rate": 10001}, "out_of_range", "rate"), ({"kind": "replay_events", "rate": "x"}, "wrong_type", "rate"),
    ({"kind": "replay_events", "since": "yesterday"}, "invalid_time", "since"),
    ({"kind": "replay_events", "since": "2999-01-01T00:00:00Z"}, "invalid_range", "since"),
    ({"kind": "replay_events", "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "invalid_range", "since"),
    ({"kind": "replay_events", "dry_run": "x"}, "wrong_type", "dry_run"),
    ({"kind": "replay_events", "status": ["Failure"]}, "not_for_this_kind", "status"),
    ({"kind": "retry_deliveries", "status": ["Success"]}, "invalid_status", "status"),
    ({"kind": "retry_deliveries", "status": "Failure"}, "wrong_type", "status"),
    ({"kind": "retry_deliveries", "source_id": NEVER_MADE}, "not_for_this_kind", "source_id"),
    ({"kind": "recover_failed", "since": "2026-01-01T00:00:00Z"}, "required", "endpoint_id"),
    ({"kind": "send_missing", "since": "2026-01-01T00:00:00Z"}, "required", "endpoint_id"),
    ({"kind": "recover_failed", "endpoint_id": NEVER_MADE}, "required", "since"),
    ({"kind": "send_missing", "endpoint_id": NEVER_MADE, "since": "2026-01-01T00:00:00Z"}, "not_found", "endpoint_id"),
])
def test_bad_input(project, body, reason, field):
    refused(project.control.post(f"{project.path}/jobs", body), reason, field, 404 if reason == "not_found" else 400)
    assert project.control.get(f"{project.path}/jobs").expect(200).data["content"] == []


# Goal: jobs are listed newest first, in pages both ways. Method: three of them.
def test_list(project):
    made = [start(project, "replay_events")["uid"] for _ in range(3)]
    page = project.control.get(f"{project.path}/jobs?perPage=2").expect(200).data
    assert [job["uid"] for job in page["content"]] == made[:0:-1]
    cursor = page["pagination"]["next_page_cursor"]
    rest = project.control.get(f"{project.path}/jobs?perPage=2&next_page_cursor={cursor}").expect(200).data
    assert [job["uid"] for job in rest["content"]] == made[:1]
    assert rest["pagination"]["has_prev_page"] is True
