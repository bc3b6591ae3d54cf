"""Conditional requests: entity tags, 304 for what a client has, 412 instead of a lost update."""

import threading

import pytest

from support.api import Api


def made(project, kind):
    """(path of one object, body of a PUT, status of the PUT, has a GET)."""
    if kind == "project":
        return project.path, {"name": f"renamed {project.id}"}, 202
    if kind == "endpoint":
        endpoint = project.endpoint("https://hooks.example.com/in")
        return f"{project.path}/endpoints/{endpoint['uid']}", {"name": "renamed", "url": endpoint["url"]}, 202
    if kind == "subscription":
        subscription = project.subscribe(project.endpoint("https://hooks.example.com/in"), ["*"])
        return f"{project.path}/subscriptions/{subscription['uid']}", {"name": "renamed"}, 202
    if kind == "event type":
        type_ = project.control.post(f"{project.path}/event-types", {"name": f"a.{project.id}"}).expect(201).data
        return f"{project.path}/event-types/{type_['uid']}", {"description": "renamed"}, 201
    if kind == "portal link":
        link = project.control.post(f"{project.path}/portal-links", {"name": "l", "owner_id": "o"}).expect(201).data
        return f"{project.path}/portal-links/{link['uid']}", {"name": "renamed"}, 202
    key = project.control.post(f"{project.path}/api-keys", {"name": "k"}).expect(201).data
    return f"{project.path}/api-keys/{key['uid']}", {"name": "renamed"}, 202


KINDS = ["project", "endpoint", "subscription", "event type", "portal link", "API key"]


# Goal: a tag names a state; If-None-Match spares what the client has, and an update ends that. Method: for each kind of object that
# can be read alone: read, read again with the tag, in a list, weakened, with another; change, read again.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "event type"])
def test_not_modified(project, kind):
    path, body, status = made(project, kind)
    first = project.control.get(path).expect(200)
    tag = first.headers["etag"]
    assert tag.startswith('"') and tag.endswith('"')
    for sent in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer = project.control.get(path, headers={"If-None-Match": sent})
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag), sent
    project.control.get(path, headers={"If-None-Match": '"other"'}).expect(200)
    project.control.put(path, body).expect(status)
    changed = project.control.get(path, headers={"If-None-Match": tag}).expect(200)
    assert changed.headers["etag"] != tag
    assert project.control.get(path).headers["etag"] == changed.headers["etag"]


# Goal: an update or deletion on the condition of a state that is gone is refused and changes nothing; on the present state it goes
# through. Method: for each kind: two clients hold the same tag, the first updates, the second is refused.
@pytest.mark.parametrize("kind", KINDS)
def test_precondition(project, kind):
    path, body, status = made(project, kind)
    tag = project.control.put(path, body).expect(status).headers["etag"]
    second = project.control.put(path, body, headers={"If-Match": tag}).expect(status).headers["etag"]
    assert second != tag
    methods = [("PUT", body)] + ([("DELETE", None)] if kind != "event type" else [])
    for method, content in methods:
        for stale in (tag, '"nonsense"', 'nonsense', '""'):
            answer = project.control.request(method, path, content, headers={"If-Match": stale}).expect(412)
            assert answer.json["code"] == "precondition_failed" and answer.json["status"] is False and answer.json["request_id"]
    third = project.control.put(path, body, headers={"If-Match": f'"other", {second}'}).expect(status).headers["etag"]
    project.control.put(path, body, headers={"If-Match": "*"}).expect(status)
    if kind != "event type":
        project.control.delete(path, headers={"If-Match": third}).expect(412)
        latest = project.control.put(path, body).expect(status).headers["etag"]
        project.control.delete(path, headers={"If-Match": latest}).expect(200)
        if kind != "project":
            project.control.delete(path, headers={"If-Match": latest}).expect(404)


# Goal: actions are held to the condition too. Method: each of an endpoint's, with a stale tag and with the present one.
def test_actions(project):
    endpoint = project.endpoint("https://hooks.example.com/in")
    path = f"{project.path}/endpoints/{endpoint['uid']}"
    stale = project.control.get(path).headers["etag"]
    tag = project.control.put(path, {"name": "n", "url": endpoint["url"]}).headers["etag"]
    for method, action, body in (("PUT", "/pause", None), ("POST", "/activate", None), ("PUT", "/expire_secret", {"expiration": 1})):
        project.control.request(method, path + action, body, headers={"If-Match": stale}).expect(412)
        tag = project.control.request(method, path + action, body, headers={"If-Match": tag}).headers["etag"]
    assert len(project.control.get(path).data["secrets"]) == 2


# Goal: between check and write nothing is lost. Method: ten clients, each with a connection of its own, take turns as they can:
# read, add one to a number in the description, write on that condition, and again when refused. The sum is that of all.
def test_no_lost_update(project):
    endpoint = project.endpoint("https://hooks.example.com/in", description="0")
    path = f"{project.path}/endpoints/{endpoint['uid']}"
    refusals = []

    def add(times):
        api = Api(project.planes.control.url, project.key, keep=True)
        for _ in range(times):
            for _ in range(10000):
                read = api.get(path).expect(200)
                body = {"name": "n", "url": endpoint["url"], "description": str(int(read.data["description"]) + 1)}
                answer = api.put(path, body, headers={"If-Match": read.headers["etag"]})
                if answer.status == 202:
                    break
                answer.expect(412)
                refusals.append(1)

    threads = [threading.Thread(target=add, args=(10,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert project.control.get(path).data["description"] == "100"
    assert refusals, "nobody met another: the test shows nothing"


# Goal: what changes without a write (a secret's end here) shows in If-None-Match and does not refuse an update. Method: a secret
# that is rotated away at once; the tag from before is not this state's, its revision is.
def test_masked_view_has_the_same_revision(project):
    endpoint = project.endpoint("https://hooks.example.com/in")
    path = f"{project.path}/endpoints/{endpoint['uid']}"
    key = project.control.post(f"{project.path}/api-keys", {"name": "r", "scope": "read_only"}).expect(201).data["key"]
    masked = Api(project.planes.control.url, key).get(path).headers["etag"]
    assert masked != project.control.get(path).headers["etag"]
    project.control.put(path, {"name": "n", "url": endpoint["url"]}, headers={"If-Match": masked}).expect(202)
