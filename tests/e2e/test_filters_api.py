"""The operations on filters: their life, their tests, and what is refused."""

import pytest

NOBODY = "01JQZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.fixture
def base(project):
    """The path of a subscription's filters."""
    subscription = project.subscribe(project.endpoint("https://hooks.example.com/in"), ["invoice.paid", "invoice.*"])
    return f"{project.path}/subscriptions/{subscription['uid']}/filters"


# Goal: a filter is created, shown, listed, changed and deleted; what was sent is echoed and later reads flat. Method: one through all.
def test_lifecycle(project, base):
    control = project.control
    assert control.get(base).expect(200).data == []
    body = b'{"event_type":"invoice.paid","body":{"customer":{"tier":"gold"},"n":{"$gt":9007199254740993}},"headers":null}'
    answer = control.post(base, body).expect(201)
    made = answer.data
    assert b"9007199254740993" in answer.body
    assert made["body"] == made["raw_body"] == {"customer": {"tier": "gold"}, "n": {"$gt": 9007199254740993}}
    assert [made[name] for name in ("headers", "query", "path", "raw_headers", "raw_query", "raw_path")] == [None] * 6
    assert made["enabled_at"] and made["subscription_id"] in base
    path = f"{base}/{made['uid']}"
    shown = control.get(path).expect(200).data
    assert shown["body"] == {"customer.tier": "gold", "n": {"$gt": 9007199254740993}} and shown["raw_body"] == made["raw_body"]
    assert [shown[name] for name in ("headers", "query", "path", "raw_headers", "raw_query", "raw_path")] == [{}] * 6
    assert control.get(base).expect(200).data == [shown]
    changed = control.put(path, {"headers": {"X-A": "1"}, "enabled_at": None}).expect(200).data
    assert (changed["raw_body"], changed["headers"], changed["enabled_at"]) == (made["raw_body"], {"X-A": "1"}, None)
    kept = control.put(path, {"event_type": "", "body": None, "enabled_at": "2026-01-02T03:04:05Z"}).expect(200).data
    assert kept["body"] == shown["body"]
    assert control.put(path, {"event_type": "invoice.*"}).expect(200).data["event_type"] == "invoice.*"
    assert control.delete(path).expect(200).data is None
    assert control.get(path).status == 404 and control.delete(path).status == 404


# Goal: many at once, all or none, by either verb. Method: bulk creation, bulk updates by PUT and POST, one fault in each.
def test_bulk(project, base):
    control = project.control
    made = control.post(f"{base}/bulk", [{"event_type": "invoice.paid"}, {"event_type": "*", "body": {"a": 1}}]).expect(201).data
    assert [each["event_type"] for each in made] == ["invoice.paid", "*"]
    for verb, number in ((control.put, 2), (control.post, 3)):
        changed = verb(f"{base}/bulk_update", [{"uid": each["uid"], "body": {"a": number}} for each in made]).expect(200).data
        assert [each["body"] for each in changed] == [{"a": number}] * 2
    before = control.get(base).data
    faults = [
        (control.post, "bulk", [{"event_type": "invoice.*"}, {"event_type": "nobody.knows"}], 404, "1.event_type"),
        (control.post, "bulk", [{"event_type": "invoice.*"}, {"event_type": "invoice.*"}], 400, "1.event_type"),
        (control.post, "bulk", [{"event_type": "invoice.*"}, {"event_type": "*"}], 400, "1.event_type"),
        (control.post, "bulk", {"event_type": "invoice.*"}, 400, ""),
        (control.post, "bulk", [1], 400, "0"),
        (control.put, "bulk_update", [{"uid": made[0]["uid"], "body": {"a": 9}}, {"uid": NOBODY}], 404, "1.uid"),
        (control.put, "bulk_update", [{"uid": made[0]["uid"], "body": {"a": 9}}, {}], 400, "1.uid"),
        (control.put, "bulk_update", [{"uid": made[0]["uid"], "event_type": "*"}], 400, "0.event_type"),
    ]
    for verb, name, body, status, field in faults:
        answer = verb(f"{base}/{name}", body)
        assert (answer.status, answer.json.get("field", "")) == (status, field), (body, answer.body)
    assert control.get(base).data == before


# Goal: what is missing, wrong, taken, foreign or no filter is refused and named. Method: one fault at a time.
@pytest.mark.parametrize("body,status,field", [
    ({}, 400, "event_type"), ({"event_type": ""}, 400, "event_type"), ({"event_type": 1}, 400, "event_type"),
    ({"event_type": "nobody.knows"}, 404, "event_type"), ({"event_type": "a*b"}, 400, "event_type"),
    ({"event_type": "invoice.paid", "enabled_at": "soon"}, 400, "enabled_at"),
    ({"event_type": "invoice.paid", "enabled_at": 1}, 400, "enabled_at"),
    ({"event_type": "invoice.paid", "body": []}, 400, "body"), ({"event_type": "invoice.paid", "query": "x"}, 400, "query"),
    ({"event_type": "invoice.paid", "body": {"a": {"$foo": 1}}}, 400, "body.a.$foo"),
    ({"event_type": "invoice.paid", "headers": {"a.$": 1}}, 400, "headers.a.$"),
    ({"event_type": "invoice.paid", "body": {"a": {"$regex": "("}}}, 400, "body.a.$regex"),
    ({"event_type": "invoice.paid", "body": {"$or": [{"a": 1}, {"b": {"$in": 1}}]}}, 400, "body.$or.1.b.$in"),
])
def test_faults(project, base, body, status, field):
    answer = project.control.post(base, body)
    assert (answer.status, answer.json.get("field")) == (status, field), answer.body
    assert project.control.get(base).data == []


# Goal: another project's, another subscription's and unknown objects are all not there. Method: each in every place.
def test_foreign(planes, project, base):
    made = project.control.post(base, {"event_type": "*"}).expect(201).data
    assert project.control.post(base, {"event_type": "*"}).status == 400
    other = planes.project(f"foreign-{project.id.lower()}")
    foreign = other.subscribe(other.endpoint("https://hooks.example.com/in"), ["*"])
    for path in (f"{base}/{NOBODY}", f"{base}/x", f"{project.path}/subscriptions/{foreign['uid']}/filters/{made['uid']}",
                 f"{other.path}/subscriptions/{foreign['uid']}/filters/{made['uid']}"):
        api = other.control if path.startswith(other.path) else project.control
        assert (api.get(path).status, api.put(path, {}).status, api.delete(path).status) == (404, 404, 404), path
    for path in (f"{project.path}/subscriptions/{foreign['uid']}/filters", f"{project.path}/subscriptions/{NOBODY}/filters"):
        statuses = [project.control.get(path).status, project.control.post(path, {"event_type": "*"}).status,
                    project.control.post(f"{path}/bulk", []).status, project.control.post(f"{path}/test/x", {"payload": 1}).status]
        assert statuses == [404] * 4, path
    assert project.control.get(f"{base}/{made['uid']}").status == 200


# Goal: a subscription's own filter makes one of each type, is shown nested, is replaced whole and goes with it. Method: its life.
def test_filter_of_a_subscription(project, receiver):
    control = project.control
    endpoint = project.endpoint("https://hooks.example.com/in")
    given = {"body": {"amount": {"$gte": 5}, "customer": {"tier": "gold"}}, "headers": {}, "query": {"a.b": "1"}}
    body = {"name": "s", "endpoint_id": endpoint["uid"], "filter_config": {"event_types": ["a.b", "c.*"], "filter": given}}
    made = control.post(f"{project.path}/subscriptions", body).expect(201).data
    shown = {"is_flattened": False, "headers": {}, "body": given["body"], "query": given["query"], "path": {}}
    assert made["filter_config"] == {"event_types": ["a.b", "c.*"], "filter": shown}
    path = f"{project.path}/subscriptions/{made['uid']}"
    filters = control.get(f"{path}/filters").expect(200).data
    assert [(each["event_type"], each["raw_body"]) for each in filters] == [("a.b", given["body"]), ("c.*", given["body"])]
    control.put(path, {"name": "renamed"}).expect(202)
    assert control.get(f"{path}/filters").data == filters
    control.put(path, {"filter_config": {"event_types": ["d"], "filter": {"body": {"x": 1}}}}).expect(202)
    assert [(each["event_type"], each["body"]) for each in control.get(f"{path}/filters").data] == [("d", {"x": 1})]
    cleared = control.put(path, {"filter_config": {"event_types": ["d"]}}).expect(202).data
    assert cleared["filter_config"]["filter"]["body"] == {} and control.get(f"{path}/filters").data == []
    for bad, field in (({"body": {"a": {"$foo": 1}}}, "filter_config.filter.body.a.$foo"), ({"body": 1}, "filter_config.filter.body"),
                       (1, "filter_config.filter")):
        answer = control.put(path, {"filter_config": {"filter": bad}})
        assert (answer.status, answer.json["field"]) == (400, field), answer.body
    control.delete(path).expect(200)
    assert control.get(f"{path}/filters").status == 404


# Goal: a subscription that is sent back as it is shown keeps the filter of each type, and a disabled one; what differs in anything replaces
# them. Method: filters that only the list of filters shows; the same filter spelled otherwise; others.
def test_subscription_sent_back(project, receiver):
    control = project.control
    made = project.subscribe(project.endpoint("https://hooks.example.com/in"), ["a", "b"])
    path = f"{project.path}/subscriptions/{made['uid']}"
    first = {"body": {"z": {"$in": [1.50, 12345678901234567890, "é"]}, "a": None}, "headers": {"X-A": "1"}}
    for event_type, scopes in (("a", first), ("b", {"body": {"n": 2}, "enabled_at": None})):
        control.post(f"{path}/filters", {"event_type": event_type, **scopes}).expect(201)
    filters = control.get(f"{path}/filters").expect(200).data
    assert len(filters) == 2
    shown = control.get(path).expect(200).data
    as_shown = shown["filter_config"]["filter"]
    turned = {**as_shown, "body": dict(reversed(as_shown["body"].items()))}
    for config in (shown["filter_config"], {"filter": turned}, {"event_types": ["a", "b"], "filter": as_shown}):
        changed = control.put(path, {"name": "renamed", "filter_config": config}).expect(202).data
        assert changed["filter_config"] == shown["filter_config"]
        assert control.get(f"{path}/filters").data == filters
    for scopes in ({**as_shown, "query": {"q": "1"}}, {**as_shown, "body": {**as_shown["body"], "a": 0}}, {"body": as_shown["body"]}):
        control.put(path, {"filter_config": {"filter": scopes}}).expect(202)
        replaced = control.get(f"{path}/filters").expect(200).data
        assert [each["raw_body"] for each in replaced] == [scopes["body"]] * 2
    control.put(path, {"filter_config": {}}).expect(202)
    assert control.get(f"{path}/filters").data == []


# Goal: the dry run of a subscription's filters chooses as delivery does: exact, longest glob, "*"; none is a match, only disabled ones are
# none; payload or request. Method: filters that tell which one was asked.
def test_dry_run(project, base):
    control = project.control

    def test(event_type, body):
        return control.post(f"{base}/test/{event_type}", body).expect(200).data["is_match"]
    assert test("invoice.paid", {"payload": {}}) is True
    ids = {}
    for number, event_type in enumerate(("*", "invoice.*", "invoice.paid")):
        ids[event_type] = control.post(base, {"event_type": event_type, "body": {"n": number}}).expect(201).data["uid"]
    for event_type, number in (("invoice.paid", 2), ("invoice.late", 1), ("order", 0)):
        assert [test(event_type, {"payload": {"n": n}}) for n in range(3)] == [n == number for n in range(3)], event_type
    assert test("order", {"payload": {"n": 9}, "request": {"body": {"n": 0}}}) is True
    control.put(f"{base}/{ids['invoice.paid']}", {"enabled_at": None}).expect(200)
    assert test("invoice.paid", {"payload": {"n": 1}}) is True
    for uid in ids.values():
        control.put(f"{base}/{uid}", {"enabled_at": None}).expect(200)
    assert test("invoice.paid", {"payload": {"n": 1}}) is False
    control.put(f"{base}/{ids['*']}", {"enabled_at": "2026-01-01T00:00:00Z", "headers": {"X-A": "1"}}).expect(200)
    for name in ("header", "headers"):
        assert test("order", {"payload": {"n": 0}, "request": {name: {"x-a": "1"}}}) is True
    assert test("order", {"payload": {"n": 0}}) is False
    assert test("with%20space", {"request": {"headers": {"x-a": "1"}, "body": {"n": 0}}}) is True
    answer = control.post(f"{base}/test/order", {"request": "n"}).expect(400)
    assert (answer.json["code"], answer.json["field"]) == ("wrong_type", "request")


# Goal: a filter is tried on an event without storing either; header and headers both. Method: the contract's example,
# absent scopes, faults.
def test_test_filter(project):
    def test(body):
        return project.control.post(f"{project.path}/subscriptions/test_filter", body)
    event = {"body": {"amount": 7}, "header": {"X-A": "1"}}
    assert test({"request": event, "schema": {"body": {"amount": {"$gte": 5}}, "header": {"X-A": "1"}}}).expect(200).data is True
    assert test({"request": event, "schema": {"headers": {"x-a": "1"}}}).data is True
    assert test({"request": event, "schema": {"body": {"amount": {"$gte": 8}}}}).data is False
    assert test({"request": event, "schema": {"body": None}}).data is True
    assert test({"request": event, "schema": {"query": {"a": "1"}}}).data is False
    assert test({"request": event, "schema": {}}).data is True
    assert test({"request": {"body": None}, "schema": {"body": {"$eq": None}}}).data is True
    for body, field in (({"request": event, "schema": {"body": {"a": {"$foo": 1}}}}, "schema.body.a.$foo"),
                        ({"request": event, "schema": 1}, "schema"), ({"request": 1, "schema": {}}, "request"),
                        ({"request": [], "schema": {}}, "request")):
        assert (test(body).status, test(body).json["field"]) == (400, field)
    assert [test(body).status for body in (b"", b"1", b"[]")] == [400] * 3


# Goal: what a dry run is told of an event that was not sent is checked like an event. Method: one fault at a time.
@pytest.mark.parametrize("body,status,field", [
    ({"data": 1}, 400, "event_type"), ({"event_type": 1, "data": 1}, 400, "event_type"), ({"event_type": "t"}, 400, "data"),
    ({"event_type": "t", "data": 1, "endpoint_id": NOBODY}, 404, "endpoint_id"),
    ({"event_type": "t", "data": 1, "endpoint_id": "x"}, 404, "endpoint_id"),
    ({"event_type": "t", "data": 1, "custom_headers": []}, 400, "custom_headers"),
    ({"event_type": "t", "data": 1, "custom_headers": {"X-A": 1}}, 400, "custom_headers.X-A"),
    ({"event_type": "t", "data": 1, "owner_id": 1}, 400, "owner_id"),
])
def test_faults_of_unsent_events(project, body, status, field):
    answer = project.control.post(f"{project.path}/subscriptions/match", body)
    assert (answer.status, answer.json.get("field")) == (status, field), answer.body
