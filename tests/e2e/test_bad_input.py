"""Bad input: a clear error with a stable code and the field, nothing stored, and the program goes on."""

import json
import socket

import pytest

from support.api import Api, event_body
from support.database import ulid_of


@pytest.fixture(scope="module")
def shop(planes, receiver):
    """One project for all: nothing is ever stored in it."""
    project = planes.project("bad-input")
    project.target = project.subscribed(receiver.url("/bad-input"), owner_id="cust")
    return project


@pytest.fixture(autouse=True)
def nothing_is_stored(planes, shop, receiver):
    before = shop.counts()
    yield
    assert shop.counts() == before == (0, 0, 0, 0)
    assert receiver.count("/bad-input") == 0
    assert planes.data.process.poll() is None
    assert planes.control.process.poll() is None


def check(answer, status, code, field=None):
    answer.expect(status)
    problem = answer.json
    assert problem["status"] is False
    assert problem["message"]
    assert "data" not in problem
    assert problem["code"] == code, problem
    if field is not None:
        assert problem.get("field") == field, problem
    return problem


def whole(target, **changes):
    """A good body with something changed; None takes a key away."""
    body = {"event_type": "bad", "endpoint_id": target["uid"], "data": {}, **changes}
    return json.dumps({key: value for key, value in body.items() if value is not None}).encode()


MALFORMED = {
    "empty": b"", "text": b"hello", "cut": b'{"event_type":"x"', "trailing-comma": b'{"event_type":"x","data":{},}',
    "single-quotes": b"{'event_type':'x'}", "comment": b'{"event_type":"x" /* no */}', "nan": b'{"event_type":"x","data":NaN}',
    "leading-zero": b'{"event_type":"x","data":01}', "bare-control": b'{"event_type":"a\nb","data":1}',
    "trailing-bytes": b'{"event_type":"x","endpoint_id":"y","data":1} x', "two-values": b'{"data":1}{"data":2}',
    "invalid-utf8": b'{"event_type":"x","data":"\xff\xfe"}', "overlong-utf8": b'{"event_type":"x","data":"\xc0\xaf"}',
    "utf8-surrogate": b'{"event_type":"x","data":"\xed\xa0\x80"}', "lone-surrogate": b'{"event_type":"x","data":"\\ud800"}',
    "nul-escape": b'{"event_type":"x","data":"\\u0000"}', "depth-129": b'{"data":' + b"[" * 129 + b"]" * 129 + b"}",
    "depth-100000": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "byte-order-mark": b'\xef\xbb\xbf{"data":1}',
    "deep-objects": b'{"data":' + b'{"a":' * 200 + b"1" + b"}" * 201,
}


# Goal: whatever is not a JSON object is refused as such, on all three routes. Method: one body per way of being wrong.
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_json(shop, name):
    for route in ("", "/fanout", "/broadcast"):
        check(shop.post_event(MALFORMED[name], route), 400, "invalid_json")


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"text"', b"true"])
def test_body_is_no_object(shop, body):
    check(shop.post_event(body), 400, "not_an_object")


# Goal: a wrong or missing field is named. Method: one change at a time to a good body.
@pytest.mark.parametrize("changes, code, field", [
    ({"event_type": None}, "required", "event_type"),
    ({"event_type": ""}, "required", "event_type"),
    ({"event_type": 7}, "wrong_type", "event_type"),
    ({"event_type": ["x"]}, "wrong_type", "event_type"),
    ({"event_type": "x" * 5000}, "too_long", "event_type"),
    ({"data": None}, "required", "data"),
    ({"endpoint_id": None}, "required", "endpoint_id"),
    ({"endpoint_id": 5}, "wrong_type", "endpoint_id"),
    ({"idempotency_key": {}}, "wrong_type", "idempotency_key"),
    ({"idempotency_key": "k" * 5000}, "too_long", "idempotency_key"),
    ({"custom_headers": "X: 1"}, "wrong_type", "custom_headers"),
    ({"custom_headers": {"X": 1}}, "wrong_type", "custom_headers.X"),
    ({"custom_headers": {"X Y": "1"}}, "invalid_header", "custom_headers.X Y"),
    ({"custom_headers": {"X": "a\r\nEvil: 1"}}, "invalid_header", "custom_headers.X"),
    ({"custom_headers": {"Host": "evil"}}, "reserved_header", "custom_headers.Host"),
    ({"custom_headers": {"Transfer-Encoding": "chunked"}}, "reserved_header", "custom_headers.Transfer-Encoding"),
    ({"custom_headers": {f"X-{n}": "1" for n in range(500)}}, "too_many", "custom_headers"),
    ({"custom_headers": {"X": "v" * 100_000}}, "too_long", "custom_headers"),
], ids=lambda value: str(value)[:40])
def test_wrong_field(shop, changes, code, field):
    check(shop.post_event(whole(shop.target, **changes)), 400, code, field)


def test_fanout_needs_an_owner(shop):
    check(shop.post_event(event_body(event_type="x"), "/fanout"), 400, "required", "owner_id")
    check(shop.post_event(event_body(event_type="x", owner_id=3), "/fanout"), 400, "wrong_type", "owner_id")


# Goal: too large is a 413 before the rest is read. Method: a Content-Length far too large with no body behind it, and endless chunks.
def test_too_large_by_length(shop):
    answer = raw(shop, "Content-Length: 999999999\r\n", b"")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"payload_too_large"' in answer


def test_too_large_in_chunks(shop):
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    answer = raw(shop, "Transfer-Encoding: chunked\r\n", chunk * 64)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"payload_too_large"' in answer


def test_too_large_for_the_limit(shop):
    check(shop.post_event(event_body(b'"' + b"x" * (1024 * 1024) + b'"', event_type="x", endpoint_id=shop.target["uid"])), 413,
          "payload_too_large")


def raw(shop, headers, body, request_line=None, plane=None):
    """Sends bytes that no HTTP client would; gives all that is answered until the server closes."""
    line = request_line or f"POST {shop.path}/events HTTP/1.1"
    head = f"{line}\r\nHost: x\r\nAuthorization: Bearer {shop.key}\r\nContent-Type: application/json\r\n{headers}\r\n"
    with socket.create_connection(("127.0.0.1", (plane or shop.planes.data).port), timeout=30) as connection:
        try:
            connection.sendall(head.encode() + body)
        except OSError:
            pass  # refused while we were still sending
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
        return answer


GOOD_CHUNKED = b"0\r\n\r\n"
SMUGGLED = {
    "length-then-coding": ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", GOOD_CHUNKED),
    "coding-then-length": ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", GOOD_CHUNKED),
    "two-lengths": ("Content-Length: 2\r\nContent-Length: 3\r\n", b"{} "),
    "length-list": ("Content-Length: 2, 2\r\n", b"{}"),
    "signed-length": ("Content-Length: +2\r\n", b"{}"),
    "hex-length": ("Content-Length: 0x2\r\n", b"{}"),
    "unknown-coding": ("Transfer-Encoding: gzip\r\n", b"{}"),
    "coding-list": ("Transfer-Encoding: gzip, chunked\r\n", GOOD_CHUNKED),
    "two-codings": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", GOOD_CHUNKED),
    "folded-header": ("X-A: 1\r\n 2\r\nContent-Length: 2\r\n", b"{}"),
    "space-before-colon": ("Content-Length : 2\r\n", b"{}"),
    "bare-cr": ("X-A: 1\r2\r\nContent-Length: 2\r\n", b"{}"),
    "bare-lf": ("X-A: 1\nContent-Length: 2\r\n", b"{}"),
    "nul": ("X-A: 1\x002\r\nContent-Length: 2\r\n", b"{}"),
    "two-hosts": ("Host: y\r\nContent-Length: 2\r\n", b"{}"),
    "chunk-overflow": ("Transfer-Encoding: chunked\r\n", b"fffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "chunk-garbage": ("Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n"),
}


# Goal: an ambiguous message is a 400 in the envelope and the connection closes, so that nothing behind it is read as a request.
# Method: raw bytes to either plane, followed by a second request that must not be answered.
@pytest.mark.parametrize("plane", ["data", "control"])
@pytest.mark.parametrize("name", SMUGGLED)
def test_ambiguous_framing(shop, planes, name, plane):
    headers, body = SMUGGLED[name]
    answer = raw(shop, headers, body + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", plane=getattr(planes, plane))
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert problem["status"] is False
    assert problem["code"]


def test_headers_and_target_have_limits(shop):
    assert raw(shop, "X-Long: " + "x" * 200_000 + "\r\n", b"").startswith(b"HTTP/1.1 431 ")
    assert raw(shop, "".join(f"X-{n}: 1\r\n" for n in range(2000)), b"").startswith(b"HTTP/1.1 431 ")
    assert raw(shop, "", b"", request_line="POST /" + "x" * 20_000 + " HTTP/1.1").startswith(b"HTTP/1.1 414 ")


def test_wrong_method_and_media_type(shop):
    check(shop.data.put(f"{shop.path}/events", {}), 405, "method_not_allowed")
    check(shop.data.post(f"{shop.path}/events", b"x", headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    check(shop.data.post("/api/v1/nothing", {}), 404, "no_such_route")
    check(shop.control.get("/api/v1/nothing"), 404, "no_such_route")


# Goal: who may not is told nothing else, by both planes alike. Method: no key, malformed ones, an unknown one.
@pytest.mark.parametrize("authorization, code", [
    (None, "authentication_required"), ("Bearer", "authentication_required"), ("Bearer nonsense", "authorization_failed"),
    ("Token CO.x.y", "authorization_failed"), ("Bearer CO.abcdefghijklmnop." + "x" * 64, "authorization_failed"),
])
def test_wrong_key(shop, authorization, code):
    headers = {"Authorization": authorization} if authorization else {}
    stranger = Api(shop.planes.data.url, None)
    check(stranger.post(f"{shop.path}/events", whole(shop.target), headers=headers), 401, code)
    check(stranger.post(f"{shop.path}/events", b"not json", headers=headers), 401, code)
    reader = Api(shop.planes.control.url, None)
    check(reader.get(f"{shop.path}/endpoints", headers=headers), 401, code)


# Goal: another project's objects are 404, the same as ids that nobody has. Method: the same calls with both.
def test_foreign_and_unknown_objects(shop, planes, receiver):
    other = planes.project("bad-input-other")
    foreign = other.subscribed(receiver.url("/bad-input-other"))
    nobody = ulid_of("018f0000-0000-7000-8000-000000000000")
    for endpoint_id in (foreign["uid"], nobody, "not-an-id"):
        check(shop.post_event(whole({"uid": endpoint_id})), 404, "not_found", "endpoint_id")
    for project_id in (other.id, nobody, "not-an-id"):
        path = f"/api/v1/projects/{project_id}"
        check(shop.data.post(f"{path}/events", whole(shop.target)), 404, "not_found")
        check(shop.control.get(f"{path}/endpoints"), 404, "not_found")
    for thing in ("endpoints", "subscriptions", "events", "eventdeliveries"):
        check(shop.control.get(f"{shop.path}/{thing}/{nobody}"), 404, "not_found")
    check(shop.control.get(f"{shop.path}/endpoints/{foreign['uid']}"), 404, "not_found")
    check(shop.control.delete(f"{shop.path}/endpoints/{foreign['uid']}"), 404, "not_found")
    other.control.get(f"{other.path}/endpoints/{foreign['uid']}").expect(200)


REFUSED_URLS = [
    "http://10.0.0.1/", "http://192.168.1.1/", "http://172.16.0.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/",
    "http://0.0.0.0/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[::1]/", "http://[::]/", "http://[fe80::1]/",
    "http://[fc00::1]/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/", "http://192.0.2.1/",
    "http://198.18.0.1/", "http://203.0.113.1/", "http://240.0.0.1/",
]
BAD_URLS = [
    "", "nonsense", "ftp://example.com/", "file:///etc/passwd", "http://", "http:///x", "//example.com/", "http://user:pw@example.com/",
    "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://exa mple.com/", "http://example.com:0/",
    "http://example.com:99999/", "http://localhost/", "http://example.com/\r\nX: 1", "http://example.com/#part", "http://[::1/",
    "javascript:alert(1)",
]


# Goal: an endpoint may not be at a refused address, nor have an odd URL; nothing is stored. Method: create and update.
@pytest.mark.parametrize("url", REFUSED_URLS + BAD_URLS)
def test_refused_endpoint_url(shop, planes, url):
    count = "SELECT count(*) FROM endpoints WHERE project_id = %s"
    before = planes.database.value(count, [shop.uuid])
    for answer in (shop.control.post(f"{shop.path}/endpoints", {"name": "refused", "url": url}),
                   shop.control.put(f"{shop.path}/endpoints/{shop.target['uid']}", {"name": "refused", "url": url})):
        problem = check(answer, 400, answer.json.get("code"), "url")
        if url in REFUSED_URLS:
            assert problem["code"] == "address_refused"
            assert "FAIRLEAD_ALLOW_NETWORKS" in problem["message"] or "169.254" in url
    assert planes.database.value(count, [shop.uuid]) == before
    assert shop.control.get(f"{shop.path}/endpoints/{shop.target['uid']}").data["url"] == shop.target["url"]


# Goal: the ports of well-known internal services are refused outside the networks that the operator allows. Method: a public address.
def test_internal_ports_are_refused(shop):
    for port in (22, 25, 5432, 6379):
        check(shop.control.post(f"{shop.path}/endpoints", {"name": "p", "url": f"http://198.41.0.4:{port}/"}), 400, "port_refused", "url")


# Goal: the management API names the wrong field too. Method: one change at a time.
@pytest.mark.parametrize("path, body, field", [
    ("endpoints", {"url": "http://127.0.0.1:9/"}, "name"),
    ("endpoints", {"name": "x"}, "url"),
    ("endpoints", {"name": 5, "url": "http://127.0.0.1:9/"}, "name"),
    ("endpoints", {"name": "x", "url": "http://127.0.0.1:9/", "http_timeout": "soon"}, "http_timeout"),
    ("endpoints", {"name": "x", "url": "http://127.0.0.1:9/", "http_timeout": -1}, "http_timeout"),
    ("endpoints", {"name": "x", "url": "http://127.0.0.1:9/", "rate_limit": 1.5}, "rate_limit"),
    ("subscriptions", {"endpoint_id": "TARGET"}, "name"),
    ("subscriptions", {"name": "x"}, "endpoint_id"),
    ("subscriptions", {"name": "x", "endpoint_id": "nobody"}, "endpoint_id"),
    ("subscriptions", {"name": "x", "endpoint_id": "TARGET", "filter_config": {"event_types": "x"}}, "filter_config.event_types"),
    ("subscriptions", {"name": "x", "endpoint_id": "TARGET", "delivery_mode": "twice"}, "delivery_mode"),
], ids=lambda value: str(value)[:50])
def test_wrong_management_field(shop, path, body, field):
    body = {key: shop.target["uid"] if value == "TARGET" else value for key, value in body.items()}
    answer = shop.control.post(f"{shop.path}/{path}", body)
    assert answer.status in (400, 404), answer
    assert answer.json["code"]
    assert answer.json["field"] == field, answer.json
    listed = shop.control.get(f"{shop.path}/{path}").data["content"]
    assert len(listed) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name":"\xff"}', b'{"name":"\\u0000","url":"http://127.0.0.1:9/"}',
                                  b'{"name":"x","url":"http://127.0.0.1:9/"} x'])
def test_malformed_management_body(shop, body):
    answer = shop.control.post(f"{shop.path}/endpoints", body).expect(400)
    assert answer.json["code"]
    assert len(shop.control.get(f"{shop.path}/endpoints").data["content"]) == 1


# Goal: a moment that cannot be kept is a wrong value like any other. Method: the year 0, and what a zone moves out of the years 1 to
# 9999, wherever a time is taken.
@pytest.mark.parametrize("moment", ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_moments_that_cannot_be_kept(shop, moment):
    filters = f"{shop.path}/subscriptions/{shop.control.get(f'{shop.path}/subscriptions').data['content'][0]['uid']}/filters"
    for path, body, field in ((f"{shop.path}/api-keys", {"name": "late", "expires_at": moment}, "expires_at"),
                              (f"{shop.path}/jobs", {"kind": "replay_events", "dry_run": True, "since": moment}, "since"),
                              (f"{shop.path}/jobs", {"kind": "replay_events", "dry_run": True, "until": moment}, "until"),
                              (filters, {"event_type": "*", "enabled_at": moment}, "enabled_at")):
        check(shop.control.post(path, body), 400, "invalid_time", field)
    assert shop.control.get(filters).expect(200).data == []


# Goal: so it is with the dates of lists; the last second there is ends a range like any other. Method: every list with a range.
def test_dates_at_the_ends_of_time(shop):
    for path in ("events", "eventdeliveries", "meta-events", "events/countbatchreplayevents", "eventdeliveries/statustotals"):
        for name in ("startDate", "endDate"):
            check(shop.control.get(f"{shop.path}/{path}?{name}=0000-01-01T00:00:00"), 400, "invalid_date", name)
        shop.control.get(f"{shop.path}/{path}?startDate=0001-01-02T00:00:00&endDate=9999-12-31T23:59:59").expect(200)


# Goal: neither an endpoint nor a source can name the header that ends loops, or a name without end. Method: both.
@pytest.mark.parametrize("name, code", [("Fairlead-Hops", "reserved_header"), ("X-" + "a" * 255, "too_long")])
def test_header_names_that_are_refused(shop, name, code):
    key = {"type": "api_key", "api_key": {"header_name": name, "header_value": "v"}}
    check(shop.control.post(f"{shop.path}/endpoints", {"name": "x", "url": "http://127.0.0.1:9/", "authentication": key}), 400, code,
          "authentication.api_key.header_name")
    check(shop.control.post(f"{shop.path}/sources", {"name": "x", "type": "http", "forward_headers": [name]}), 400, code,
          "forward_headers.0")
