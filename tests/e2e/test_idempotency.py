"""One key, one event: de-duplicated by a unique constraint, also among concurrent requests."""

import threading

from support.api import Api, event_body
from support.wait import wait_until


# Goal: the same key and content answer like the first time, and store and send nothing. Method: three times, over both routes in.
def test_same_key_and_content(planes, project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    body = event_body(b'{"n":1}', event_type="once", endpoint_id=endpoint["uid"], idempotency_key="k-1")
    first = project.post_event(body).expect(201).data
    assert first["is_duplicate_event"] is False
    for post in (project.data.post, project.control.post):
        again = post(f"{project.path}/events", body).expect(201).data
        assert again == {"uid": first["uid"], "is_duplicate_event": True}
    receiver.wait(path)
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert project.counts() == (1, 1, 0, 1)
    assert receiver.count(path) == 1


# Goal: the same key with anything else is a 409 that stores nothing. Method: another body, type, target and header.
def test_same_key_other_content(project, receiver):
    path = receiver.new_path()
    endpoint, other = project.subscribed(receiver.url(path)), project.subscribed(receiver.url(path))
    base = {"event_type": "once", "endpoint_id": endpoint["uid"], "idempotency_key": "k-2"}
    project.post_event(event_body(b'{"n":1}', **base)).expect(201)
    before = project.counts()[:2]
    for body in (event_body(b'{"n":2}', **base), event_body(b'{ "n":1}', **base), event_body(b'{"n":1}', **{**base, "event_type": "x"}),
                 event_body(b'{"n":1}', **{**base, "endpoint_id": other["uid"]}),
                 event_body(b'{"n":1}', **base, custom_headers={"X-A": "1"})):
        refused = project.post_event(body).expect(409)
        assert refused.json["status"] is False
        assert refused.json["code"]
    assert project.counts()[:2] == before


# Goal: fifty requests with one key at the same moment make one event, all answered with its id. Method: threads behind a barrier.
def test_concurrent_same_key(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    body = event_body(b'{"n":1}', event_type="race", endpoint_id=endpoint["uid"], idempotency_key="k-race")
    barrier, answers = threading.Barrier(50), []

    def post():
        api = Api(project.planes.data.url, project.key)
        barrier.wait()
        answers.append(api.post(f"{project.path}/events", body))

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status for a in answers] == [201] * 50
    assert len({a.data["uid"] for a in answers}) == 1
    assert sorted(a.data["is_duplicate_event"] for a in answers) == [False] + [True] * 49
    receiver.wait(path)
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert project.counts() == (1, 1, 0, 1)
    assert receiver.count(path) == 1


# Goal: one key with two bodies at the same moment: one event, the others 409. Method: as above.
def test_concurrent_same_key_other_content(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    barrier, answers = threading.Barrier(20), []

    def post(number):
        api = Api(project.planes.data.url, project.key)
        body = event_body(b'{"n":%d}' % number, event_type="race", endpoint_id=endpoint["uid"], idempotency_key="k-fight")
        barrier.wait()
        answers.append(api.post(f"{project.path}/events", body))

    threads = [threading.Thread(target=post, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [201] + [409] * 19
    assert project.counts()[0] == 1


# Goal: keys belong to a project. Method: the same key in two projects.
def test_key_is_per_project(planes, project, receiver):
    other = planes.project(f"other-{id(project)}")
    ids = set()
    for one in (project, other):
        endpoint = one.subscribed(receiver.url(receiver.new_path()))
        ids.add(one.send(endpoint_id=endpoint["uid"], idempotency_key="shared"))
    assert len(ids) == 2


# Goal: the Idempotency-Key header is the same as the field; two different ones are refused. Method: both forms.
def test_header_form(project, receiver):
    endpoint = project.subscribed(receiver.url(receiver.new_path()))
    body = event_body(event_type="once", endpoint_id=endpoint["uid"])
    first = project.post_event(body, headers={"Idempotency-Key": "h-1"}).expect(201).data
    again = project.post_event(event_body(event_type="once", endpoint_id=endpoint["uid"], idempotency_key="h-1")).expect(201).data
    assert again == {"uid": first["uid"], "is_duplicate_event": True}
    mixed = event_body(event_type="once", endpoint_id=endpoint["uid"], idempotency_key="h-2")
    assert project.post_event(mixed, headers={"Idempotency-Key": "h-3"}).expect(400).json["field"] == "idempotency_key"
