"""What strangers send to /ingest/{mask}: bodies of every kind, types and keys found in them, repetitions, limits, and what arrives.
(Who may send is in test_ingest_verifiers.py.)"""

import socket

import pytest

from support.api import call
from support.sources import BODY, VERIFIERS, Source, provider, refused
from support.wait import wait_until


# Goal: an address that is no source's is a 404, whatever it looks like; one that was deleted too. Method: masks of every shape.
def test_unknown_mask(project, receiver):
    source = Source(project, receiver)
    for mask in ("A" * 16, "short", "a" * 17, "%00" * 5 + "a", "../../x", ""):
        assert call(source.url, "POST", f"/ingest/{mask}", b"{}").status == 404
    source.post().expect(200)
    project.control.delete(f"{project.path}/sources/{source.data['uid']}").expect(200)
    source.post().expect(404)
    source.arrivals()
    event, = [e for e in project.control.get(f"{project.path}/events").expect(200).data["content"]]
    assert event["source_metadata"]["name"] == "s", "what it brought keeps its name"


# Goal: a disabled source refuses, and takes again when it is enabled. Method: switch it.
def test_disabled(project, receiver):
    source = Source(project, receiver, is_disabled=True)
    refused(source, source.post(), "source_disabled", 403)
    source.change(is_disabled=False)
    source.post().expect(200)
    source.change(is_disabled=True)
    source.post().expect(403)


# Goal: only sources of the type http take requests. Method: the type that nothing serves yet.
def test_other_type(project, receiver):
    source = Source(project, receiver, type="rest_api")
    refused(source, source.post(), "source_not_http")


# Goal: the type of an event is found where the source says. Method: body (nested, in arrays, numbers), header, query; then where it is
# not.
def test_event_type_location(project, receiver):
    cases = {"request.body.type": "order.paid", "req.Body.order.items.1.sku": "b", "request.body.order.id": "12345678901234567890"}
    source = Source(project, receiver)
    for location, expected in cases.items():
        source.change(event_type_location=location)
        source.post().expect(200)
        assert source.events()[0]["event_type"] == expected
    source.change(event_type_location="request.header.X-Kind")
    source.post(headers={"x-kind": " push "}).expect(200)
    assert source.events()[0]["event_type"] == "push"
    source.change(event_type_location="request.queryparam.kind")
    source.post(query="?a=1&kind=a%20b").expect(200)
    assert source.events()[0]["event_type"] == "a b"


@pytest.mark.parametrize("location,body", [("request.body.kind", BODY), ("request.body.order", BODY), ("request.body.order.items.2.sku", BODY),
                                           ("request.body.order.items.x", BODY), ("request.header.X-Kind", BODY), ("request.query.kind", BODY),
                                           ("request.body.a", b'{"a":"  "}'), ("request.body.a", b'{"a":null}'), ("request.body.a", b"[1]")])
def test_event_type_missing(project, receiver, location, body):
    # Goal: an event without a type where one is expected is refused. Method: each place without it.
    source = Source(project, receiver, event_type_location=location)
    refused(source, source.post(body), "event_type_missing", field=location.split(".", 2)[2])


# Goal: a repetition is recognised by the values that the source names, stored once, delivered once and answered 200; other content
# under the same values is a conflict; without any value nothing is a repetition. Method: the same and changed requests.
def test_duplicates(project, receiver):
    source = Source(project, receiver, idempotency_keys=["request.header.X-Id", "request.body.order.id"])
    first = source.post(headers={"X-Id": "1"}).expect(200)
    again = source.post(headers={"X-Id": "1"}).expect(200)
    assert first.data == again.data == len(BODY) and first.json["message"] != again.json["message"]
    assert source.stored() == 1
    source.post(headers={"X-Id": "2"}).expect(200)
    source.post(BODY.replace(b"paid", b"lost"), headers={"X-Id": "1"}).expect(409)
    assert source.stored() == 2
    assert len(source.arrivals(2)) == 2
    for _ in range(2):
        source.post(b'{"order":{}}').expect(200)
    assert source.stored() == 4


# Goal: two sources of one name do not know each other's repetitions, and renaming one forgets nothing. Method: the same request to both.
def test_duplicates_of_two_sources(project, receiver):
    one, two = (Source(project, receiver, idempotency_keys=["request.query.id"]) for _ in range(2))
    one.post(query="?id=7").expect(200)
    two.post(query="?id=7").expect(200)
    one.project.control.put(f"{project.path}/sources/{one.data['uid']}", {"name": "renamed", "type": "http"}).expect(202)
    one.post(query="?id=7").expect(200)
    assert one.stored() == 2
    missing = one.post().expect(400).json
    assert (missing["code"], missing["field"]) == ("idempotency_value_missing", "id")


# Goal: what is no JSON arrives as the bytes and under the type it was sent with, and shows as such. Method: forms, text, bytes beyond
# UTF-8, nothing at all; the query string goes along.
@pytest.mark.parametrize("body,content_type,sent_as", [
    (b"a=1&b=%20x&a=2", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
    (b"\x00\xff\xfe binary \x80", "application/octet-stream", "application/octet-stream"),
    (b"<a>\xe4</a>", "text/xml; charset=latin-1", "text/xml; charset=latin-1"),
    (b"not json", None, "application/octet-stream"), (b' {"a":1}', None, "application/json"),
    (b'{"a":1}', "application/json; charset=utf-8", "application/json"),
    (b'{"specversion":"1.0"}', "application/cloudevents+json", "application/cloudevents+json"), (b"", "text/plain", "application/json"),
])
def test_opaque_bytes(project, receiver, body, content_type, sent_as):
    source = Source(project, receiver)
    headers = {"Content-Type": content_type} if content_type else {}
    answer = call(source.url, "POST", source.path + "?x=1&y=a%20b&z=%22", body, headers).expect(200)
    assert answer.data == len(body or b"{}")
    arrival, = receiver.wait(source.target + "?x=1&y=a%20b&z=%22")
    assert arrival.body == (body or b"{}")
    assert arrival.header("Content-Type") == sent_as
    assert arrival.header("X-Convoy-Source-Id") == source.data["mask_id"]
    event, = source.events()
    assert event["url_query_params"] == "x=1&y=a%20b&z=%22" and event["url_path"] == source.path
    delivery = project.wait_delivery(event["uid"], "Success")
    assert delivery["url_query_params"] == event["url_query_params"] and delivery["source_metadata"]["uid"] == source.data["uid"]
    attempt, = project.attempts(delivery["uid"])
    assert attempt["url"] == receiver.url(source.target) + "?x=1&y=a%20b&z=%22"


# Goal: what says that it is JSON and is not, is refused. Method: a cut body.
def test_malformed_json(project, receiver):
    source = Source(project, receiver)
    refused(source, source.post(b'{"a":'), "invalid_json")


# Goal: a source that asks for it gets forms as JSON, the query merged in, files left out, and values found in them. Method: both kinds.
def test_converted_forms(project, receiver):
    source = Source(project, receiver, convert_forms=True, event_type_location="request.body.kind", idempotency_keys=["request.body.id"])
    form = b"kind=a.b&id=1&name=%D0%BA+x&id=2"
    assert source.post(form, {"Content-Type": "application/x-www-form-urlencoded"}, "?id=9&q=1").status == 200
    parts = [b'Content-Disposition: form-data; name="kind"\r\n\r\nmulti', b'Content-Disposition: form-data; name=id\r\n\r\n5\r\n6',
             b'Content-Type: text/plain\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\nfile', b'content-disposition: form-data; name="e"\r\n\r\n']
    multi = b"".join(b"--b0\r\n" + part + b"\r\n" for part in parts) + b"--b0--\r\n"
    for _ in range(2):
        source.post(multi, {"Content-Type": 'multipart/form-data; boundary="b0"'}).expect(200)
    one, two = sorted(source.events(), key=lambda e: e["event_type"])
    assert (one["event_type"], one["data"]) == ("a.b", {"kind": "a.b", "id": "1", "name": "к x", "q": "1"})
    assert (two["event_type"], two["data"]) == ("multi", {"kind": "multi", "id": "5\r\n6", "e": ""})
    assert {arrival.header("Content-Type") for arrival in source.arrivals(1)} == {"application/json"}


@pytest.mark.parametrize("content_type,body", [
    ("multipart/form-data", b"--b\r\n"), ("multipart/form-data; boundary=b", b"no part"), ("multipart/form-data; boundary=b", b"--b\r\nX: y\r\n\r\nv\r\n--b--"),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nno end'), ("application/x-www-form-urlencoded", b"a=%ff"),
    ("application/x-www-form-urlencoded", b"a&" * 1001)])
def test_malformed_forms(project, receiver, content_type, body):
    # Goal: a form that cannot be read is refused where it has to be read. Method: faults of both kinds.
    source = Source(project, receiver, convert_forms=True)
    refused(source, source.post(body, {"Content-Type": content_type}), "invalid_form")


# Goal: a body over the limit is a 413, told in advance or not, and before any of it is judged. Method: with a length, and in chunks.
def test_too_large(project, receiver, planes):
    source = Source(project, receiver, **provider("github"))
    huge = b'"' + b"x" * (1024 * 1024) + b'"'
    refused(source, source.post(huge), "payload_too_large", 413)
    for size in (1024 * 1024 + 10, 5 * 1024 * 1024):
        with socket.create_connection(("127.0.0.1", planes.data.port), timeout=30) as client:
            client.sendall(f"POST {source.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            try:
                for _ in range(size // 65536 + 1):
                    client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                client.sendall(b"0\r\n\r\n")
            except OSError:
                pass  # it has answered already
            assert client.recv(64).startswith(b"HTTP/1.1 413")
    assert source.stored() == 0


# Goal: only the headers that the source lists are passed on, never a credential. Method: a request full of headers.
def test_forward_headers(project, receiver):
    source = Source(project, receiver, forward_headers=["X-Kept", "x-many", "User-Agent"])
    source.post(headers={"X-Kept": "yes", "X-Other": "no", "Authorization": "Bearer secret", "Cookie": "a=b", "X-Many": "1",
                         "User-Agent": "provider/1", "X-Convoy-Signature": "forged"}).expect(200)
    arrival, = source.arrivals()
    assert arrival.header("X-Kept") == "yes" and arrival.header("X-Many") == "1" and arrival.header("User-Agent") == "provider/1"
    for name in ("X-Other", "Authorization", "Cookie"):
        assert arrival.header(name) is None
    assert "forged" not in str(arrival.headers)
    event, = source.events()
    assert event["headers"] == {"X-Kept": ["yes"], "x-many": ["1"], "User-Agent": ["provider/1"],
                                "X-Convoy-Source-Id": [source.data["mask_id"]]}


# Goal: the sender reads what the source wants it to read. Method: a text, with and without a type.
def test_custom_response(project, receiver):
    source = Source(project, receiver, custom_response={"body": "<ok/>", "content_type": "text/xml"})
    answer = source.post().expect(200)
    assert (answer.body, answer.headers["content-type"]) == (b"<ok/>", "text/xml")
    source.change(custom_response={"content_type": ""})
    assert source.post().expect(200).headers["content-type"] == "text/plain; charset=utf-8"


# Goal: an event of a source meets that source's subscriptions alone, by type; others' events do not meet these. Method: two sources,
# one subscription without a source, one for a glob.
def test_matching(project, receiver):
    one, two = Source(project, receiver, event_type_location="request.body.type"), Source(project, receiver)
    open_path, glob_path = receiver.new_path(), receiver.new_path()
    project.subscribed(receiver.url(open_path))
    project.subscribe(project.endpoint(receiver.url(glob_path)), ["order.*"], source_id=one.data["uid"])
    one.post().expect(200)
    one.post(b'{"type":"refund"}').expect(200)
    assert len(one.arrivals(2)) == 2
    assert [a.body for a in receiver.wait(glob_path)] == [BODY]
    event_id = project.send("order.paid", b"{}")
    wait_until("the broadcast is expanded", lambda: project.event(event_id)["status"] == "Success")
    assert [d["endpoint_id"] for d in project.deliveries(event_id)] and receiver.wait(open_path)
    assert receiver.count(two.target) == 0 and receiver.count(one.target) == 2 and receiver.count(glob_path) == 1
    assert receiver.count(open_path) == 1


# Goal: a source brings events to more subscriptions than fit into one answer, all of them. Method: rows for 1,100 subscriptions, of
# which each gets its delivery.
def test_wide_fan_out(project, receiver, planes):
    source = Source(project, receiver)
    planes.database.rows("""
        INSERT INTO subscriptions (project_id, id, endpoint_id, name, event_types, version, created_at, updated_at, source_id)
        SELECT project_id, gen_random_uuid(), endpoint_id, 'many', ARRAY['*'], next_config_version(project_id), now(), now(), source_id
          FROM subscriptions, generate_series(1, 1100) WHERE project_id = %s AND source_id IS NOT NULL
        RETURNING 1""", [project.uuid])
    source.post().expect(200)
    wait_until("all are delivered", lambda: receiver.count(source.target) >= 1101)
    assert project.counts()[1] == 1101


# Goal: the control plane passes on what comes to its own /ingest, with all that proves it. Method: a signed request there.
def test_through_the_control_plane(project, receiver, planes):
    source = Source(project, receiver, **provider("github"), forward_headers=["X-Github-Event"])
    prove = VERIFIERS["github"][1]
    refused(source, source.post(url=planes.control.url), "verification_failed")
    source.post(headers={**prove(BODY), "X-Github-Event": "push"}, url=planes.control.url, query="?a=1").expect(200)
    arrival, = receiver.wait(source.target + "?a=1")
    assert arrival.header("X-Github-Event") == "push" and arrival.body == BODY


# Goal: a loop through Fairlead ends. Method: a request that has passed as many gateways as may be, and one more.
def test_loop(project, receiver):
    source = Source(project, receiver)
    refused(source, source.post(headers={"Fairlead-Hops": "6"}), "loop_detected")
    source.post(headers={"Fairlead-Hops": "5"}).expect(200)
    assert source.arrivals()[0].header("Fairlead-Hops") == "6"


# Goal: a project's own limit holds for its sources too. Method: a limit of two a minute.
def test_rate_limit(planes, receiver, request):
    project = planes.project(f"ingest-limit-{id(request)}", ratelimit={"count": 2, "duration": 60})
    source = Source(project, receiver)
    assert [source.post().status for _ in range(3)] == [200, 200, 429]
    limited = source.post()
    assert limited.headers["x-ratelimit-limit"] == "2" and int(limited.headers["retry-after"]) >= 1


# Goal: what was acknowledged is there after a crash, and a restarted node knows its sources. Method: kill it right after the answer.
def test_crash(own_planes, receiver):
    project = own_planes.project("ingest-crash")
    source = Source(project, receiver, idempotency_keys=["request.header.X-Id"])
    source.post(headers={"X-Id": "1"}).expect(200)
    own_planes.data.kill()
    own_planes.data.start()
    source.post(headers={"X-Id": "1"}).expect(200)
    assert source.stored() == 1
    wait_until("it was delivered", lambda: receiver.count(source.target) >= 1)


# Goal: events are listed by the sources that brought them, together with other filters and page by page. Method: two sources and an
# event without one.
def test_list_by_source(project, receiver):
    one, two = (Source(project, receiver, event_type_location="request.body.type") for _ in range(2))
    for source, kind in ((one, "a"), (two, "b"), (one, "b"), (two, "a"), (one, "a")):
        source.post(b'{"type":"%s"}' % kind.encode()).expect(200)
    sent = project.send("a")
    listed = lambda query: project.control.get(f"{project.path}/events?{query}").expect(200).data
    kinds = lambda query: [(e["event_type"], e["source_metadata"]["uid"]) for e in listed(query)["content"]]
    first, second = one.data["uid"], two.data["uid"]
    assert kinds(f"sourceId={first}") == [("a", first), ("b", first), ("a", first)]
    assert kinds(f"sourceId={first}&sourceId={second}&sourceId={first}") == [("a", first), ("a", second), ("b", first), ("b", second), ("a", first)]
    assert kinds(f"sourceId={first}&sort=ASC&query=b") == [("b", first)]
    assert kinds("sourceId=nonsense") == []
    page = listed(f"sourceId={first}&sourceId={second}&perPage=2")
    seen = [e["uid"] for e in page["content"]]
    while page["pagination"]["has_next_page"]:
        page = listed(f"sourceId={first}&sourceId={second}&perPage=2&direction=next&next_page_cursor={page['pagination']['next_page_cursor']}")
        seen += [e["uid"] for e in page["content"]]
    assert len(seen) == len(set(seen)) == 5 and sent not in seen
    back = listed(f"sourceId={first}&sourceId={second}&perPage=2&direction=prev&prev_page_cursor={seen[4]}")
    assert [e["uid"] for e in back["content"]] == seen[2:4]


# Goal: the events of a source that brings little are found without going through everybody's. Method: 20,000 events of others written
# as rows; PostgreSQL's own counts of what was read.
def test_rare_source(project, receiver, planes):
    source = Source(project, receiver)
    source.post().expect(200)
    planes.database.rows("""
        INSERT INTO events (project_id, id, event_type, body, received_at, matched_count)
        SELECT %s, (left(id_floor(now() + interval '1 minute')::text, 18) || '-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 'x', '{}', now(), 0
          FROM generate_series(1, 20000) g RETURNING 1""", [project.uuid])
    planes.database.rows("SELECT count(*) FROM (SELECT 1) x")
    scans = lambda: planes.database.value(
        "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE relname LIKE 'events\\_2%%' AND indexrelname LIKE '%%source%%'", [])
    read = lambda: planes.database.value(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE relname LIKE 'events\\_2%%'", [])
    wait_until("the rows are counted", lambda: planes.database.value(
        "SELECT sum(n_tup_ins) FROM pg_stat_user_tables WHERE relname LIKE 'events\\_2%%'", []) >= 20000)
    scanned, before = scans(), read()
    for _ in range(10):  # also with the plan that is kept for any parameters
        assert len(source.events()) == 1
    wait_until("the look-ups are counted", lambda: scans() > scanned)
    assert read() - before < 2000
