"""Limits of rate: of the events of a project and of all projects, and of the API's requests."""

import json

import pytest

from support.api import Api, event_body
from support.wait import wait_until


@pytest.fixture(scope="module")
def narrow(make_planes):
    """Planes with both limits of the instance: thirty requests and five events a minute."""
    with make_planes(is_started=False) as made:
        made.control.settings["FAIRLEAD_API_REQUESTS_PER_MINUTE_MAX"] = "30"
        made.data.settings["FAIRLEAD_INGEST_EVENTS_PER_MINUTE_MAX"] = "5"
        yield made.start()


def is_refused(answer, code, count):
    """429 with the wire's headers; the next is allowed within the minute's share of one."""
    assert (answer.status, answer.json["code"]) == (429, code), answer.body
    assert answer.headers["x-ratelimit-limit"] == str(count) and answer.headers["x-ratelimit-remaining"] == "0"
    assert 1 <= int(answer.headers["retry-after"]) <= 60 // count
    assert answer.headers["x-ratelimit-reset"] == answer.headers["retry-after"]
    return True


# Goal: a project at its limit gets 429 with the wire's headers, on both planes, and stores nothing; a neighbour is not limited; a
# raised limit counts at once. Method: five events an hour, from both doors; the count of stored events.
def test_a_projects_limit(planes, receiver):
    limited = planes.project("limited", ratelimit={"count": 5, "duration": 3600})
    free = planes.project("unlimited")
    path = receiver.new_path()
    endpoint, other = limited.subscribed(receiver.url(path)), free.subscribed(receiver.url(path))
    for _ in range(5):
        limited.send(endpoint_id=endpoint["uid"])
    body = event_body(b"1", event_type="t", endpoint_id=endpoint["uid"])
    for api in (limited.data, limited.control):
        refused = api.post(f"{limited.path}/events", body)
        assert (refused.status, refused.json["code"]) == (429, "project_rate_limited"), refused.body
        assert refused.headers["x-ratelimit-limit"] == "5" and refused.headers["x-ratelimit-remaining"] == "0"
        assert 1 <= int(refused.headers["retry-after"]) <= 720
        assert refused.headers["x-ratelimit-reset"] == refused.headers["retry-after"]
    for _ in range(20):
        free.send(endpoint_id=other["uid"])
    assert limited.counts()[0] == 5
    limited.control.put(limited.path, {"name": "limited", "config": {"ratelimit": {"count": 0, "duration": 0}}}).expect(202)

    def is_free_again():
        return limited.data.post(f"{limited.path}/events", body).status == 201
    wait_until("the lifted limit counts", is_free_again)


# Goal: the instance's limits turn away what is over them, each by itself: events at their doors, the API's requests at theirs, and
# a project at its own limit takes nothing from the others. Method: one project that is limited to two events is refused five times,
# another sends the instance's other three by each kind of door; then requests until the API's limit, from one whose key is not
# known too; events pass on through the control plane meanwhile.
def test_the_instances_limits(narrow):
    limited, free = narrow.project("limited", ratelimit={"count": 2, "duration": 3600}), narrow.project("free")
    endpoint, other = limited.endpoint("https://example.com/"), free.endpoint("https://example.com/")
    source = free.control.post(f"{free.path}/sources", {"name": "s", "type": "http"}).expect(201).data
    free.subscribe(other, ["*"], source_id=source["uid"])
    for _ in range(2):
        limited.send(endpoint_id=endpoint["uid"])
    for _ in range(5):
        answer = limited.post_event(event_body(b"1", event_type="t", endpoint_id=endpoint["uid"]))
        assert (answer.status, answer.json["code"]) == (429, "project_rate_limited")
    body = event_body(b"1", event_type="t", endpoint_id=other["uid"])
    free.data.post(f"{free.path}/events", body).expect(201)
    anyone = Api(narrow.data.url, None)
    anyone.post(f"/ingest/{source['mask_id']}", {"n": 1}).expect(200)
    batch = free.data.post(f"{free.path}/events/batch", [json.loads(body)] * 3).expect(201).data["items"]
    assert [(each["status"], each.get("code")) for each in batch] == [(201, None), (429, "ingest_rate_limited"),
                                                                      (429, "ingest_rate_limited")], batch
    for door in (free.data, free.control):
        assert is_refused(door.post(f"{free.path}/events", body), "ingest_rate_limited", 5)
    assert is_refused(anyone.post(f"/ingest/{source['mask_id']}", {"n": 1}), "ingest_rate_limited", 5)
    assert free.counts()[0] == 3 and limited.counts()[0] == 2

    stranger = Api(narrow.control.url, free.key[:-1] + ("a" if free.key[-1] != "a" else "b"))
    for _ in range(40):
        stranger.get(free.path).expect(401)
    answers = [free.control.get(free.path) for _ in range(40)]
    counted = [answer.status for answer in answers].index(429)
    assert 10 <= counted < 30, counted
    assert is_refused(answers[counted], "api_rate_limited", 30)
    assert is_refused(limited.control.post(f"{limited.path}/endpoints", {"name": "n", "url": "https://example.com/"}), "api_rate_limited", 30)
    assert is_refused(free.control.post(f"{free.path}/events", body), "ingest_rate_limited", 5)
    Api(narrow.control.url, None).get("/healthz").expect(200)
