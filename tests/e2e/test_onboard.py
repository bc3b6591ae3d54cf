"""Onboarding: many endpoints in one request, from JSON or a CSV file, checked as a whole before anything is written."""

import json
import socket

import pytest

from support.api import Api
from support.wait import wait_until

BOUNDARY = "----WebKitFormBoundaryX7mA"


def form(content, name="file", boundary=BOUNDARY, before=b"", head="Content-Type: text/csv\r\n"):
    content = content if isinstance(content, bytes) else content.encode()
    return (b"--" + boundary.encode() + b"\r\n" + before + f'Content-Disposition: form-data; name="{name}"; filename="a.csv"\r\n{head}\r\n'.encode()
            + content + b"\r\n--" + boundary.encode() + b"--\r\n")


def post_form(project, body, query="", content_type=f"multipart/form-data; boundary={BOUNDARY}"):
    return project.control.post(f"{project.path}/onboard{query}", body, headers={"Content-Type": content_type})


def post_items(project, items, query=""):
    return project.control.post(f"{project.path}/onboard{query}", {"items": items})


def listed(project, what):
    content, cursor = [], ""
    while True:
        page = project.control.get(f"{project.path}/{what}?perPage=1000{cursor}").expect(200).data
        content += page["content"]
        if not page["pagination"]["has_next_page"]:
            return content
        cursor = f"&direction=next&next_page_cursor={page['pagination']['next_page_cursor']}"


# Goal: items become endpoints with subscriptions, credentials and types, at work at once. Method: three of them, and an event for each.
def test_json_items(project, receiver):
    paths = [receiver.new_path() for _ in range(3)]
    items = [{"name": "one", "url": receiver.url(paths[0])},
             {"name": "two", "url": receiver.url(paths[1]), "event_type": "invoice.paid", "auth_username": "u", "auth_password": "p:w"},
             {"name": "three", "url": receiver.url(paths[2]), "event_type": "order.*"}]
    answer = post_items(project, items).expect(202).data
    assert (answer["batch_count"], answer["total_items"]) == (1, 3)
    assert answer["message"]
    endpoints = {e["name"]: e for e in listed(project, "endpoints")}
    assert endpoints.keys() == {"one", "two", "three"}
    assert endpoints["two"]["authentication"]["basic_auth"]["username"] == "u"
    for s in listed(project, "subscriptions"):
        owner = s["endpoint_metadata"]
        assert s["name"] == f"{owner['name']}-{owner['uid']}-subscription"
    assert {t["name"] for t in project.control.get(f"{project.path}/event-types").data} == {"*", "invoice.paid"}
    project.send("invoice.paid")
    project.send("order.placed")
    receiver.wait(paths[0], 2)
    arrival = receiver.wait(paths[1])[0]
    assert arrival.header("Authorization") == "Basic dTpwOnc="
    receiver.wait(paths[2])
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert [receiver.count(path) for path in paths] == [2, 1, 1]


# Goal: a CSV file is read as RFC 4180 has it, its columns in any order and case. Method: quotes, commas, CRLF and LF, a byte order mark,
# empty lines and a column that is not ours.
def test_csv(project, receiver):
    url = receiver.url(receiver.new_path())
    text = ('\ufeffURL, Name ,comment,event_type,AUTH_USERNAME,auth_password\r\n' f'{url}a,"A, ""quoted""",x,"invoice.paid",user,"p,""w"\n\r\n'
            f'"{url}b",B,"line\r\nbreak",,,\n' f'{url}c,Ü')
    answer = post_form(project, form(text)).expect(202).data
    assert (answer["batch_count"], answer["total_items"]) == (1, 3)
    endpoints = {e["url"][-1]: e for e in listed(project, "endpoints")}
    assert [endpoints[key]["name"] for key in "abc"] == ['A, "quoted"', "B", "Ü"]
    assert endpoints["a"]["authentication"]["basic_auth"]["username"] == "user"
    types = {s["endpoint_metadata"]["url"][-1]: s["filter_config"]["event_types"] for s in listed(project, "subscriptions")}
    assert types == {"a": ["invoice.paid"], "b": ["*"], "c": ["*"]}


# Goal: other parts of the form and other ways to write its head do not matter. Method: a part before, an unquoted boundary, a bare head.
def test_forms(project, receiver):
    text = f"name,url\nx,{receiver.url('/forms')}\n"
    before = b'Content-Disposition: form-data; name="other"\r\n\r\nnot a file\r\n--' + BOUNDARY.encode() + b"\r\n"
    for body, content_type in ((form(text, before=before), f'multipart/form-data; boundary="{BOUNDARY}"'),
                               (form(text, head=""), f"multipart/form-data; charset=utf-8; BOUNDARY={BOUNDARY}")):
        data = post_form(project, body, "?dry_run=true", content_type).expect(200).data
        assert data == {"total_rows": 1, "valid_count": 1, "errors": []}


# Goal: a thousand items are written, in batches, within the request; the same again changes nothing. Method: twice, the lists between.
def test_thousand(project, receiver):
    items = [{"name": f"e{n}", "url": receiver.url(f"/thousand/{n}"), "event_type": f"type.{n % 7}"} for n in range(1000)]
    for _ in range(2):
        answer = post_items(project, items).expect(202).data
        assert (answer["batch_count"], answer["total_items"]) == (20, 1000)
        assert len(listed(project, "endpoints")) == len(listed(project, "subscriptions")) == 1000


# Goal: an endpoint with an equal URL is used again as it is. Method: one made by hand, named and secured otherwise.
def test_existing_endpoint(project, receiver):
    url = receiver.url(receiver.new_path())
    made = project.endpoint(url, name="mine", secret="kept")
    post_items(project, [{"name": "theirs", "url": url, "event_type": "a", "auth_username": "u", "auth_password": "p"}]).expect(202)
    endpoint, = listed(project, "endpoints")
    assert (endpoint["uid"], endpoint["name"], endpoint["secrets"][0]["value"]) == (made["uid"], "mine", "kept")
    assert not endpoint["authentication"]
    subscription, = listed(project, "subscriptions")
    assert (subscription["name"], subscription["filter_config"]["event_types"]) == (f"theirs-{made['uid']}-subscription", ["a"])


# Goal: two rows with one URL make one endpoint; a project that allows one subscription for it gives that one both types. Method: both kinds
# of project.
@pytest.mark.parametrize("many", [True, False])
def test_one_url_twice(planes, receiver, many):
    project = planes.project(f"onboard-twice-{many}", multiple_endpoint_subscriptions=many)
    url = receiver.url(receiver.new_path())
    post_items(project, [{"name": "x", "url": url, "event_type": t} for t in ("a", "b", "a")]).expect(202)
    assert len(listed(project, "endpoints")) == 1
    types = sorted(s["filter_config"]["event_types"] for s in listed(project, "subscriptions"))
    assert types == ([["a"], ["b"]] if many else [["a", "b"]])


ROWS = [
    ({"url": "http://127.0.0.1/"}, "name"), ({"name": "", "url": "http://127.0.0.1/"}, "name"), ({"name": " ", "url": "http://127.0.0.1/"}, "name"),
    ({"name": 5, "url": "http://127.0.0.1/"}, "name"), ({"name": "n" * 201, "url": "http://127.0.0.1/"}, "name"), ({"name": "x"}, "url"),
    ({"name": "x", "url": None}, "url"), ({"name": "x", "url": 5}, "url"), ({"name": "x", "url": "nonsense"}, "url"), ({"name": "x", "url": "ftp://127.0.0.1/"}, "url"),
    ({"name": "x", "url": "http://10.0.0.1/"}, "url"), ({"name": "x", "url": "http://127.0.0.1/" + "x" * 2100}, "url"),
    ({"name": "x", "url": "http://127.0.0.1/", "event_type": "a*"}, "event_type"), ({"name": "x", "url": "http://127.0.0.1/", "event_type": []}, "event_type"),
    ({"name": "x", "url": "http://127.0.0.1/", "auth_username": "u"}, "auth_password"),
    ({"name": "x", "url": "http://127.0.0.1/", "auth_password": "p"}, "auth_username"),
    ({"name": "x", "url": "http://127.0.0.1/", "auth_username": "u:v", "auth_password": "p"}, "auth_username"), (5, ""), ("text", ""), ([], ""), (None, "")]


# Goal: every row is judged, each fault named by row and field, and nothing is written if there is one; a dry run says the same. Method:
# all faults at once between good rows.
def test_bad_rows(project):
    items = [{"name": "good", "url": "http://127.0.0.1/good"}]
    for bad, _ in ROWS:
        items.append(bad)
    dry = post_items(project, items, "?dry_run=true").expect(200).data
    refused = post_items(project, items).expect(400).json
    assert refused["status"] is False
    assert refused["code"] == "invalid_items"
    assert refused["message"]
    assert refused["request_id"]
    assert refused["data"] == dry
    assert (dry["total_rows"], dry["valid_count"]) == (len(ROWS) + 1, 1)
    assert [(e["row"], e["field"]) for e in dry["errors"]] == [(n, field) for n, (_, field) in enumerate(ROWS, 2)]
    assert all(e["message"] for e in dry["errors"])
    assert listed(project, "endpoints") == []


# Goal: a row with several faults names them all. Method: name, URL and type wrong at once, as CSV.
def test_several_faults_of_a_row(project):
    data = post_form(project, form("name,url,event_type\n,nonsense,a*\n"), "?dry_run=1").expect(200).data
    assert [(e["row"], e["field"]) for e in data["errors"]] == [(1, "event_type"), (1, "name"), (1, "url")]
    assert (data["total_rows"], data["valid_count"]) == (1, 0)


@pytest.mark.parametrize("body, code, field", [
    (b"", "body_required", None), (b"{", "invalid_json", None), (b"[]", "wrong_type", None), ({}, "required", "items"), ({"items": None}, "required", "items"),
    ({"items": {}}, "wrong_type", "items"), ({"items": []}, "required", "items"),
    ({"items": [{"name": "x", "url": "http://127.0.0.1/"}] * 1001}, "too_many", "items")], ids=lambda value: str(value)[:30])
def test_bad_body(project, body, code, field):
    refused = project.control.post(f"{project.path}/onboard", body).expect(400).json
    assert (refused["code"], refused.get("field")) == (code, field)
    assert listed(project, "endpoints") == []


HEAD = b'Content-Disposition: form-data; name="file"\r\n\r\n'
EDGE = b"--" + BOUNDARY.encode()


# Goal: a form or file that cannot be read is refused with a reason. Method: one way of being wrong each.
@pytest.mark.parametrize("body, code, field", [
    (b"", "invalid_form", None), (b"name,url\n", "invalid_form", None), (EDGE, "invalid_form", None), (EDGE + b"\r\n", "invalid_form", None),
    (EDGE + b"\r\n" + HEAD, "invalid_form", None), (EDGE + b"\r\n" + HEAD + b"x", "invalid_form", None), (EDGE + b"--\r\n", "required", "file"),
    (form("name,url\n", name="other"), "required", "file"), ((EDGE + b"\r\n\r\nx\r\n") * 40 + EDGE + b"--", "invalid_form", None),
    (form(""), "required", "file"), (form("name,url\n"), "required", "file"), (form("a,b\n1,2\n"), "invalid_csv", "file"), (form("name\nx\n"), "invalid_csv", "file"),
    (form("name,url,NAME\nx,y,z\n"), "invalid_csv", "file"), (form('name,url\n"x,y\n'), "invalid_csv", "file"), (form('name,url\n"x"y,z\n'), "invalid_csv", "file"),
    (form('name,url\nx"y,z\n'), "invalid_csv", "file"), (form(b"name,url\n\xff,y\n"), "invalid_csv", "file"), (form(b"name,url\nx\x00,y\n"), "invalid_csv", "file"),
    (form("name,url\n" + "x" * 5000 + ",y\n"), "invalid_csv", "file"), (form("name,url" + ",x" * 200 + "\nx,y\n"), "invalid_csv", "file"),
    (form("name,url\n" + "x,http://127.0.0.1/\n" * 1001), "too_many", "file"),
], ids=lambda value: str(value)[-30:])
def test_bad_form(project, body, code, field):
    refused = post_form(project, body).expect(400).json
    assert (refused["code"], refused.get("field")) == (code, field), refused


def test_bad_boundaries(project):
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="x', "multipart/form-data; boundary=" + "x" * 80):
        assert post_form(project, form("name,url\n"), content_type=content_type).expect(400).json["code"] == "invalid_form"


# Goal: a row with more fields than the head is told. Method: one.
def test_row_too_long(project):
    data = post_form(project, form("name,url\nx,http://127.0.0.1/,more\n"), "?dry_run=true").expect(200).data
    assert [(e["row"], e["field"]) for e in data["errors"]] == [(1, "")]


# Goal: only what onboarding takes is taken. Method: other types, a form elsewhere, a wrong dry_run, an incoming project, https only.
def test_what_is_refused(planes, project):
    assert project.control.post(f"{project.path}/onboard", b"x", headers={"Content-Type": "text/csv"}).status == 415
    assert project.control.post(f"{project.path}/endpoints", form("x"), headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}).status == 415
    good = [{"name": "x", "url": "http://127.0.0.1/"}]
    refused = post_items(project, good, "?dry_run=maybe").expect(400).json
    assert (refused["code"], refused["field"]) == ("invalid_boolean", "dry_run")
    secure = planes.project("onboard-https", ssl={"enforce_secure_endpoints": True})
    errors = post_items(secure, good, "?dry_run=true").expect(200).data["errors"]
    assert [(e["row"], e["field"]) for e in errors] == [(1, "url")]
    organisation = Api(planes.control.url, planes.organisation_key)
    made = organisation.post(f"/api/v1/projects?orgID={planes.organisation_id}", {"name": "onboard-incoming", "type": "incoming"}).expect(201).data
    body = json.dumps({"items": good}).encode()
    refused = organisation.post(f"/api/v1/projects/{made['project']['uid']}/onboard", body).expect(400).json
    assert refused["code"] == "outgoing_only"
    assert listed(project, "endpoints") == listed(secure, "endpoints") == []


# Goal: another project's key onboards nothing, and another's endpoint with the URL is not used. Method: both.
def test_other_project(planes, project):
    other = planes.project("onboard-other")
    theirs = other.endpoint("http://127.0.0.1/same")
    assert other.control.post(f"{project.path}/onboard", {"items": [{"name": "x", "url": "http://127.0.0.1/x"}]}).status == 404
    post_items(project, [{"name": "x", "url": "http://127.0.0.1/same"}]).expect(202)
    assert listed(project, "endpoints")[0]["uid"] != theirs["uid"]
    assert len(listed(other, "endpoints")) == 1


# Goal: a file may have 10 MB, and nothing else more than before. Method: a thousand rows with a column that is not ours, just below and
# above the bound, in a dry run; the same bytes elsewhere, and as a JSON body of the same route.
def test_large_file(project, receiver):
    url = receiver.url("/large")
    rows = "".join(f"endpoint {number},{url}/{number},{'x' * 4000}\n" for number in range(1000))
    head = "name,url,a,b,c,d\n"

    def file_of(size):
        rest = (size - len(head) - len(rows)) // 1000 - 4003
        lines = [f"{line},{'y' * 4000},{'z' * rest}" for line in rows.splitlines()]
        text = head + "\n".join(lines) + "\n"
        return text + "\n" * (size - len(text))
    fits = post_form(project, form(file_of(10 * 1024 * 1024)), "?dry_run=true").expect(200).data
    assert (fits["total_rows"], fits["valid_count"], fits["errors"]) == (1000, 1000, [])
    with socket.create_connection(("127.0.0.1", project.planes.control.port), timeout=10) as stream:  # it does not wait for the body
        stream.sendall(f"POST {project.path}/onboard HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
                       f"Authorization: Bearer {project.key}\r\nContent-Length: {10 * 1024 * 1024 + 70_000}\r\n\r\n".encode())
        assert stream.recv(64).startswith(b"HTTP/1.1 413 ")
    large = json.dumps({"items": [{"name": "n", "url": url}], "x": "y" * 2 * 1024 * 1024}).encode()
    for path in ("onboard", "endpoints"):
        assert project.control.post(f"{project.path}/{path}", large).expect(413).json["code"] == "payload_too_large"
    wrong = project.control.post(f"{project.path}/endpoints", large, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    assert wrong.expect(413).json["code"] == "payload_too_large"
