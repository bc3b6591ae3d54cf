"""Final deliveries sent again: one, several by force, and all that failed."""

import threading
import time

import pytest

from support.database import uuid_of
from support.receiver import Reply
from support.wait import wait_until

NEVER_MADE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def failing_project(planes, attempts=1):
    """Whose breaker stays closed: its endpoints fail as often as a test wants."""
    return planes.project(f"resend-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": attempts},
                          circuit_breaker={"minimum_request_count": 1000000, "consecutive_failure_threshold": 1000000})


def resend(project, delivery_id):
    return project.control.put(f"{project.path}/eventdeliveries/{delivery_id}/resend")


def refused(answer, reason, status=400):
    assert answer.expect(status).json["code"] == reason, answer.body
    return answer.json


def job_of(project, kind):
    """The newest job of that kind, once it has ended."""
    def look():
        jobs = [job for job in project.control.get(f"{project.path}/jobs").expect(200).data["content"] if job["kind"] == kind]
        return jobs[0] if jobs and jobs[0]["state"] not in ("queued", "running") else None
    return wait_until(f"the {kind} job has ended", look)


# Goal: a failed delivery is sent again at once, under its own id, its attempts numbered on. Method: one failure, then an endpoint that
# works; the answer already says Scheduled.
def test_resend_after_failure(planes, receiver):
    project = failing_project(planes)
    path = receiver.new_path()
    receiver.script(path, Reply(500), Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    failed = project.wait_delivery(event_id, "Failure")
    began = time.monotonic()
    answer = resend(project, failed["uid"]).expect(200).data
    assert answer["status"] == "Scheduled" and answer["uid"] == failed["uid"]
    assert answer["updated_at"] > failed["updated_at"]
    arrivals = receiver.wait(path, 2)
    assert arrivals[1].at - began < 5, "the owner was not told: a scan found the row"
    delivery = project.wait_delivery(event_id, "Success")
    assert delivery["metadata"]["num_trials"] == 2
    assert [arrival.webhook_id for arrival in arrivals] == [failed["uid"]] * 2
    assert [attempt["status"] for attempt in project.attempts(failed["uid"])] == [False, True]
    numbers = planes.database.rows("SELECT n FROM attempts WHERE delivery_id = %s ORDER BY n", [uuid_of(failed["uid"])])
    assert numbers == [(1,), (2,)]
    assert planes.database.value("SELECT count(*) FROM failed_deliveries WHERE project_id = %s", [project.uuid]) == 0
    assert project.counts()[2] == 0


# Goal: a resend has the whole retry budget again, however many attempts were made before. Method: two attempts allowed, an endpoint that
# fails five times: 2 + 2 + 1, numbered through.
def test_resend_has_a_fresh_budget(planes, receiver):
    project = failing_project(planes, attempts=2)
    path = receiver.new_path()
    receiver.script(path, *[Reply(500)] * 4, Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    failed = project.wait_delivery(event_id, "Failure")
    for attempts in (4, 5):
        resend(project, failed["uid"]).expect(200)
        wait_until("it is final again", lambda: project.delivery(event_id)["status"] in ("Failure", "Success"))
        assert project.delivery(event_id)["metadata"]["num_trials"] == attempts
    assert project.delivery(event_id)["status"] == "Success"
    assert receiver.count(path) == 5


# Goal: of many who resend the same delivery at once exactly one does, and it arrives once. Method: eight threads.
def test_resend_at_the_same_time(planes, receiver):
    project = failing_project(planes)
    path = receiver.new_path()
    receiver.script(path, Reply(500), Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    failed = project.wait_delivery(event_id, "Failure")
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(resend(project, failed["uid"]).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [400] * 7
    project.wait_delivery(event_id, "Success")
    assert receiver.count(path) == 2


# Goal: what cannot be resent is refused with its reason, and stays as it is. Method: each state, each state of the endpoint, ids that
# are nobody's or another project's.
def test_refusals(planes, receiver):
    project, other = failing_project(planes), failing_project(planes)
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    done = project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Success")
    refused(resend(project, done["uid"]), "delivery_succeeded")
    receiver.script(path, Reply(500))
    failed = project.wait_delivery(project.send(endpoint_id=endpoint["uid"]), "Failure")
    foreign = refused(resend(other, failed["uid"]), "not_found", 404)
    unknown = refused(resend(other, NEVER_MADE), "not_found", 404)
    assert foreign["message"] == unknown["message"]
    refused(resend(project, "nonsense"), "not_found", 404)
    one = f"{project.path}/endpoints/{endpoint['uid']}"
    project.control.put(f"{one}/pause").expect(202)
    refused(resend(project, failed["uid"]), "endpoint_paused")
    waiting = project.send(endpoint_id=endpoint["uid"])
    refused(resend(project, project.delivery(waiting)["uid"]), "delivery_unfinished")
    project.control.delete(one).expect(200)
    refused(resend(project, failed["uid"]), "endpoint_deleted")
    assert project.control.get(f"{project.path}/eventdeliveries/{failed['uid']}").data["status"] == "Failure"


# Goal: forceresend sends successful ones once more, all or none, and skips what is unknown. Method: two successes, a failure, ids of
# another project.
def test_force_resend(planes, receiver):
    project, other = failing_project(planes), failing_project(planes)
    path, broken = receiver.new_path(), receiver.new_path()
    receiver.script(broken, Reply(500))
    good, bad = project.subscribed(receiver.url(path)), project.subscribed(receiver.url(broken))
    events = [project.send(endpoint_id=good["uid"]) for _ in range(2)]
    ids = [project.wait_delivery(event, "Success")["uid"] for event in events]
    failed = project.wait_delivery(project.send(endpoint_id=bad["uid"]), "Failure")["uid"]

    def force(of, body):
        return of.control.post(f"{of.path}/eventdeliveries/forceresend", body)
    refused(force(project, {"ids": [ids[0], failed]}), "delivery_not_succeeded")
    assert receiver.count(path) == 2
    answer = force(project, {"ids": [*ids, ids[0], NEVER_MADE, "nonsense"]}).expect(200)
    assert answer.json["message"] == "2 successful, 0 failed" and answer.data is None
    receiver.wait(path, 4)
    for event in events:
        assert project.wait_delivery(event, "Success")["metadata"]["num_trials"] == 2
    assert force(other, {"ids": ids}).expect(200).json["message"] == "0 successful, 0 failed"
    project.control.put(f"{project.path}/endpoints/{good['uid']}/pause").expect(202)
    assert force(project, {"ids": ids}).expect(200).json["message"] == "0 successful, 2 failed"
    assert receiver.count(path) == 4


# Goal: forceresend's body is checked, naming the field. Method: a table.
@pytest.mark.parametrize("body, reason", [(b"", "body_required"), ({}, "required"), ({"ids": None}, "required"), ({"ids": []}, "required"),
                                          ({"ids": "x"}, "wrong_type"), ({"ids": [1]}, "wrong_type"),
                                          ({"ids": ["x"] * 1001}, "too_many"), ([], "wrong_type")])
def test_force_resend_bad_input(project, body, reason):
    answer = project.control.post(f"{project.path}/eventdeliveries/forceresend", body).expect(400).json
    assert answer["code"] == reason, answer
    assert isinstance(body, (bytes, list)) or answer["field"].startswith("ids")


# Goal: a retry in bulk sends again what failed, each once, and nothing else; its count says how many before. Method: 1,000 failures, one
# success, one failure of another endpoint that the filter leaves out.
def test_batch_retry(planes, receiver):
    project = failing_project(planes)
    path, aside = receiver.new_path(), receiver.new_path()
    receiver.script(path, Reply(500))
    receiver.script(aside, Reply(500))
    endpoint, other = project.subscribed(receiver.url(path)), project.subscribed(receiver.url(aside))
    project.send(endpoint_id=other["uid"])
    for number in range(1000):
        project.send(endpoint_id=endpoint["uid"], data=str(number).encode())
    count = f"{project.path}/eventdeliveries/countbatchretryevents?endpointId={endpoint['uid']}"
    wait_until("all have failed", lambda: project.control.get(count).expect(200).data == {"num": 1000}, 120)
    totals = project.control.get(f"{project.path}/eventdeliveries/statustotals").expect(200).data
    assert totals["totals"] == {"Failure": 1001}, totals
    before = receiver.count(path)
    receiver.script(path, Reply(200))
    answer = project.control.post(f"{project.path}/eventdeliveries/batchretry?status=Failure&endpointId={endpoint['uid']}", {})
    assert answer.expect(200).data is None
    job = job_of(project, "retry_deliveries")
    assert (job["state"], job["total"], job["done"], job["succeeded"]) == ("completed", 1000, 1000, 1000), job
    receiver.wait(path, before + 1000, 60)
    wait_until("all succeeded", lambda: project.counts()[2] == 0)
    totals = project.control.get(f"{project.path}/eventdeliveries/statustotals").expect(200).data
    assert totals["totals"] == {"Success": 1000, "Failure": 1}, totals
    assert receiver.count(path) == before + 1000
    assert receiver.count(aside) == 1
    assert project.control.get(count).expect(200).data == {"num": 0}


# Goal: a project has one retry in bulk at a time; others are not concerned; what cannot be retried is refused. Method: a slow one.
def test_one_batch_retry_at_a_time(planes, receiver):
    project = failing_project(planes)
    path = receiver.new_path()
    receiver.script(path, Reply(500))
    endpoint = project.subscribed(receiver.url(path))
    events = [project.send(endpoint_id=endpoint["uid"]) for _ in range(5)]
    for event in events:
        project.wait_delivery(event, "Failure")
    slow = project.control.post(f"{project.path}/jobs", {"kind": "retry_deliveries", "rate": 1}).expect(201).data
    batch = f"{project.path}/eventdeliveries/batchretry"
    refused(project.control.post(f"{batch}?status=Failure"), "job_running")
    refused(project.control.post(f"{batch}?status=Success"), "invalid_status")
    refused(project.control.post(f"{batch}?status=nonsense"), "invalid_status")
    refused(project.control.post(f"{batch}?startDate=nonsense"), "invalid_date")
    assert project.control.post(f"{batch}?status=Failure&eventId={NEVER_MADE}").expect(200).data is None
    ended = project.control.post(f"{project.path}/jobs/{slow['uid']}/cancel").expect(200).data
    assert ended["state"] == "cancelled" and ended["finished_at"]
    project.control.post(f"{batch}?status=Failure").expect(200)
