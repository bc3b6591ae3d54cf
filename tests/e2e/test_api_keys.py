"""API keys: many of them, scoped, expiring, with their last use; what ends a key ends it at both planes."""

import datetime
import time

import pytest

from support.api import Api, event_body
from support.wait import wait_until


def soon(seconds):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def make_key(project, **fields):
    made = project.control.post(f"{project.path}/api-keys", {"name": "made", **fields}).expect(201).data
    return made, Api(project.planes.control.url, made["key"]), Api(project.planes.data.url, made["key"])


def event(project):
    return event_body(event_type="any", owner_id="nobody")


# Goal: a key shows its secret once and its mask ever after; nothing of the secret is stored. Method: created, read, listed, and
# looked for in the table.
def test_secret_is_shown_once(planes, project):
    made, control, _ = make_key(project, name="billing service", scope="read_only")
    assert made["key"].startswith(f"CO.{made['mask']}.") and (made["scope"], made["expires_at"]) == ("read_only", None)
    control.get(f"{project.path}/endpoints").expect(200)
    shown = project.control.get(f"{project.path}/api-keys/{made['uid']}").expect(200).data
    listed = project.control.get(f"{project.path}/api-keys?perPage=1").expect(200).data
    assert [key["uid"] for key in listed["content"]] == [made["uid"]] and listed["pagination"]["has_next_page"]
    for answer in (shown, listed["content"][0]):
        assert "key" not in answer and answer["mask"] == made["mask"] and answer["name"] == "billing service"
    assert made["key"].split(".")[2] not in str(planes.database.rows("SELECT api_keys::text FROM api_keys"))


# Goal: a scope is kept at both planes. Method: each scope against a read, a write, a creation of an event by every route of both
# planes, and what a GET makes (a portal token).
@pytest.mark.parametrize("scope,reads,writes,sends", [("full", 200, 201, 201), ("read_only", 200, 403, 403), ("events_only", 403, 403, 201)])
def test_scopes(project, scope, reads, writes, sends):
    _, control, data = make_key(project, scope=scope)
    endpoint = {"name": "e", "url": "https://hooks.example.com"}
    link = project.control.post(f"{project.path}/portal-links", {"name": "l", "owner_id": "o", "auth_type": "refresh_token"}).expect(201).data
    answers = [(control.get(f"{project.path}/endpoints"), reads), (control.get("/api/v1/projects"), reads),
               (control.post(f"{project.path}/endpoints", endpoint), writes),
               (control.delete(f"{project.path}/portal-links/{link['uid']}x"), 404 if writes == 201 else 403),
               (control.get(f"{project.path}/portal-links/{link['uid']}/refresh_token"), 200 if writes == 201 else 403)]
    for plane in (control, data):
        for route in ("/events/fanout", "/events/broadcast"):
            answers.append((plane.post(project.path + route, event(project)), sends))
    for answer, expected in answers:
        assert answer.status == expected, (scope, answer.body)
        if expected == 403:
            assert answer.json["code"] == "insufficient_scope" and answer.json["request_id"]


# Goal: signing secrets and portal tokens are for full keys. Method: both read with a read-only key.
def test_read_only_sees_no_secrets(project):
    endpoint = project.endpoint("http://127.0.0.1:9/in", secret="a-secret-of-mine")
    link = project.control.post(f"{project.path}/portal-links", {"name": "l", "owner_id": "o"}).expect(201).data
    _, control, _ = make_key(project, scope="read_only")
    shown = control.get(f"{project.path}/endpoints/{endpoint['uid']}").expect(200)
    assert b"a-secret-of-mine" not in shown.body and shown.data["secrets"][0]["value"] == "[REDACTED]"
    for path in (f"{project.path}/portal-links/{link['uid']}", f"{project.path}/portal-links"):
        assert link["token"].encode() not in control.get(path).expect(200).body
        assert link["token"].encode() in project.control.get(path).expect(200).body


# Goal: a key ends at its time, exactly, at both planes. Method: a key that lives two seconds is used until it is refused; no use
# begun after its end was accepted.
@pytest.mark.parametrize("plane", ["control", "data"])
def test_expiry(project, plane):
    end = soon(2)
    _, control, data = make_key(project, expires_at=end)
    until = datetime.datetime.fromisoformat(end).timestamp()
    use = (lambda: control.get(f"{project.path}/endpoints")) if plane == "control" else (lambda: data.post(f"{project.path}/events/fanout", event(project)))
    assert use().status in (200, 201)
    last = None
    def is_refused():
        nonlocal last
        begun = time.time()
        answer = use()
        if answer.status == 401:
            return True
        assert begun < until, "accepted after its end"
        last = begun
        return False
    wait_until("the key is refused", is_refused)
    assert time.time() >= until and last is not None


# Goal: deleted, a key ends at once where it was deleted and within a second at the data plane. Method: used at both, deleted.
def test_deletion(project):
    made, control, data = make_key(project)
    control.get(f"{project.path}/endpoints").expect(200)
    data.post(f"{project.path}/events/fanout", event(project)).expect(201)
    project.control.delete(f"{project.path}/api-keys/{made['uid']}").expect(200)
    began = time.monotonic()
    control.get(f"{project.path}/endpoints").expect(401)
    wait_until("the data plane refuses it", lambda: data.post(f"{project.path}/events/fanout", event(project)).status == 401)
    assert time.monotonic() - began < 2
    project.control.get(f"{project.path}/api-keys/{made['uid']}").expect(404)


# Goal: the last use is told, of either plane, and a second use within the minute writes nothing. Method: one key for each plane; the
# row's version in the table (xmin) stays as it is over more uses.
@pytest.mark.parametrize("plane", ["control", "data"])
def test_last_use(planes, project, plane):
    made, control, data = make_key(project)
    path = f"{project.path}/api-keys/{made['uid']}"
    assert project.control.get(path).data["last_used_at"] is None
    use = (lambda: control.get(f"{project.path}/endpoints").expect(200)) if plane == "control" else \
        (lambda: data.post(f"{project.path}/events/fanout", event(project)).expect(201))
    use()
    wait_until("the use is told", lambda: project.control.get(path).data["last_used_at"])
    row = lambda: planes.database.value("SELECT xmin::text FROM api_keys WHERE mask = %s", [made["mask"]])
    before = row()
    for _ in range(20):
        use()
    assert row() == before


# Goal: name and expiry change, the rest does not; what is wrong is named. Method: table.
def test_changes_and_bad_fields(project):
    made, control, _ = make_key(project, expires_at=soon(3600))
    path = f"{project.path}/api-keys/{made['uid']}"
    assert project.control.put(path, {"name": "renamed"}).expect(202).data["expires_at"] is not None
    changed = project.control.put(path, {"expires_at": None}).expect(202).data
    assert (changed["name"], changed["expires_at"]) == ("renamed", None)
    assert project.control.put(path, {"scope": "full"}).expect(202).data["scope"] == "full"
    for method, where, body, field in [
            ("POST", f"{project.path}/api-keys", {}, "name"), ("POST", f"{project.path}/api-keys", {"name": " "}, "name"),
            ("POST", f"{project.path}/api-keys", {"name": 1}, "name"), ("POST", f"{project.path}/api-keys", {"name": "k" * 256}, "name"),
            ("POST", f"{project.path}/api-keys", {"name": "k", "scope": "admin"}, "scope"),
            ("POST", f"{project.path}/api-keys", {"name": "k", "expires_at": "tomorrow"}, "expires_at"),
            ("POST", f"{project.path}/api-keys", {"name": "k", "expires_at": soon(-1)}, "expires_at"),
            ("PUT", path, {"name": None}, "name"), ("PUT", path, {"scope": "read_only"}, "scope")]:
        answer = project.control.request(method, where, body).expect(400)
        assert answer.json["field"] == field, answer.body


# Goal: keys of another project are like none; keys of the organisation are managed by its own. Method: both, with a project's key
# and the organisation's.
def test_reach(planes, project):
    made, _, _ = make_key(project)
    other = planes.project(f"other-of-{project.id}")
    for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
        other.control.request(method, f"{other.path}/api-keys/{made['uid']}", body).expect(404)
    project.control.get("/api/v1/api-keys").expect(403)
    organisation = Api(planes.control.url, planes.organisation_key)
    organisation.get(f"/api/v1/api-keys/{made['uid']}").expect(404)
    own = organisation.post("/api/v1/api-keys", {"name": "reader of all", "scope": "read_only"}).expect(201).data
    assert own["project_id"] is None
    reader = Api(planes.control.url, own["key"])
    reader.get(f"{project.path}/endpoints").expect(200)
    reader.post("/api/v1/projects", {"name": "no", "type": "outgoing"}).expect(403)
    organisation.delete(f"/api/v1/api-keys/{own['uid']}").expect(200)
    reader.get(f"{project.path}/endpoints").expect(401)
