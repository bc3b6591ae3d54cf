"""A project's own limit on the events that it may send."""

from support.api import event_body
from support.wait import wait_until


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
