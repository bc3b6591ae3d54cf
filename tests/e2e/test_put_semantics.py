"""PUT: an absent field stays, a null clears, a value replaces; field by field."""

import pytest


def put(project, path, required, field, value, status=202):
    return project.control.put(path, {**required, field: value}).expect(status).data


ENDPOINT_FIELDS = [  # field, a value, what a read shows then, what it shows when cleared (absent: not in the answer)
    ("owner_id", "acme", "acme", None), ("description", "text", "text", ""), ("support_email", "a@example.com", "a@example.com", None),
    ("slack_webhook_url", "https://hooks.slack.example.com/x", "https://hooks.slack.example.com/x", None),
    ("teams_webhook_url", "https://teams.example.com/x", "https://teams.example.com/x", None), ("http_timeout", 7, 7, 0),
    ("rate_limit", 5, 5, 0), ("rate_limit_duration", 60, 60, 0), ("advanced_signatures", False, False, True),
    ("content_type", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded", "application/json"),
    ("authentication", {"type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "v"}},
     {"type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "[REDACTED]"}}, None)]


# Goal: each field of an endpoint. Method: set, an update without it, with null, without it again.
@pytest.mark.parametrize("field,value,shown,cleared", ENDPOINT_FIELDS, ids=[row[0] for row in ENDPOINT_FIELDS])
def test_endpoint(project, field, value, shown, cleared):
    endpoint = project.endpoint("https://hooks.example.com/in")
    path, required = f"{project.path}/endpoints/{endpoint['uid']}", {"name": "n", "url": endpoint["url"]}
    assert endpoint.get(field) == cleared
    assert put(project, path, required, field, value).get(field) == shown
    assert project.control.put(path, required).expect(202).data.get(field) == shown, "absent keeps"
    assert put(project, path, required, field, None).get(field) == cleared, "null clears"
    assert project.control.put(path, required).expect(202).data.get(field) == cleared
    assert project.control.get(path).data.get(field) == cleared


# Goal: what an object cannot be without is not cleared. Method: null, where a value is required.
def test_endpoint_required(project):
    endpoint = project.endpoint("https://hooks.example.com/in")
    for field in ("name", "url"):
        answer = project.control.put(f"{project.path}/endpoints/{endpoint['uid']}", {"name": "n", "url": endpoint["url"], field: None})
        assert answer.expect(400).json["field"] == field


# Goal: each field of a subscription. Method: as above; what must have a value keeps the one it has.
def test_subscription(project):
    first, second = project.endpoint("https://hooks.example.com/1"), project.endpoint("https://hooks.example.com/2")
    made = project.subscribe(first, ["a", "b.*"])
    path = f"{project.path}/subscriptions/{made['uid']}"
    retry = {"type": "linear", "interval_seconds": 3, "retry_count": 4}
    changed = put(project, path, {}, "retry_config", {**retry, "duration": "3s"})
    assert changed["retry_config"] == retry and changed["name"] == made["name"]
    assert project.control.put(path, {}).expect(202).data["retry_config"] == retry
    assert "retry_config" not in put(project, path, {}, "retry_config", None)
    assert put(project, path, {}, "delivery_mode", "at_most_once")["delivery_mode"] == "at_most_once"
    assert project.control.put(path, {"name": "n"}).expect(202).data["delivery_mode"] == "at_most_once"
    assert put(project, path, {}, "delivery_mode", None)["delivery_mode"] == "at_least_once"
    assert put(project, path, {}, "endpoint_id", second["uid"])["endpoint_metadata"]["uid"] == second["uid"]
    for field in ("name", "endpoint_id", "filter_config"):
        kept = put(project, path, {}, field, None)
        assert (kept["name"], kept["endpoint_metadata"]["uid"]) == ("n", second["uid"])
        assert kept["filter_config"]["event_types"] == ["a", "b.*"]


# Goal: each field of an event type. Method: as above.
@pytest.mark.parametrize("field,value,cleared", [("category", "billing", ""), ("description", "text", ""),
                                                 ("json_schema", {"type": "object"}, None)])
def test_event_type(project, field, value, cleared):
    made = project.control.post(f"{project.path}/event-types", {"name": f"t.{field}"}).expect(201).data
    path = f"{project.path}/event-types/{made['uid']}"
    assert made[field] == cleared
    assert put(project, path, {}, field, value, 201)[field] == value
    assert project.control.put(path, {}).expect(201).data[field] == value
    assert put(project, path, {}, field, None, 201)[field] == cleared


CONFIG_FIELDS = [
    ("add_event_id_trace_headers", True), ("disable_endpoint", False), ("search_policy", "720h"), ("request_id_header", "X-My-Id"),
    ("ssl", {"enforce_secure_endpoints": True}), ("ratelimit", {"count": 9, "duration": 2}),
    ("strategy", {"type": "exponential", "duration": 7, "retry_count": 3}), ("replay_attacks_prevention_enabled", True),
    ("verify_dynamic_events", True), ("allow_unmatched_dynamic_urls", True), ("max_payload_read_size", 1000)]


# Goal: each member of a project's configuration, and its logo. Method: as above, against what a new project shows.
@pytest.mark.parametrize("field,value", CONFIG_FIELDS, ids=[row[0] for row in CONFIG_FIELDS])
def test_project_config(planes, request, field, value):
    project = planes.project(f"put-{field}-{id(request.node)}")
    name = project.control.get(project.path).data["name"]
    fresh = project.control.get(project.path).data["config"]
    change = lambda config: project.control.put(project.path, {"name": name, "config": config}).expect(202).data["config"]
    assert fresh[field] != value
    assert change({field: value})[field] == value
    assert change({})[field] == value
    assert project.control.put(project.path, {"name": name}).expect(202).data["config"][field] == value
    assert change({field: None}) == fresh


def test_project_logo(planes, request):
    project = planes.project(f"put-logo-{id(request.node)}")
    name = project.control.get(project.path).data["name"]
    change = lambda **fields: project.control.put(project.path, {"name": name, **fields}).expect(202).data["logo_url"]
    assert change(logo_url="https://example.com/l.png") == "https://example.com/l.png" == change()
    assert change(logo_url=None) == "" == change()


# Goal: each field of a portal link. Method: as above; owner and name are never cleared.
@pytest.mark.parametrize("field,value,cleared", [
    ("auth_type", "refresh_token", "static_token"), ("can_manage_endpoint", True, False), ("can_see_payloads", False, True),
    ("can_replay", False, True), ("can_rotate_secrets", True, False), ("event_types", ["a.*", "b"], [])])
def test_portal_link(project, field, value, cleared):
    made = project.control.post(f"{project.path}/portal-links", {"name": "l", "owner_id": "o"}).expect(201).data
    path = f"{project.path}/portal-links/{made['uid']}"
    assert made[field] == cleared
    assert put(project, path, {}, field, value)[field] == value
    assert project.control.put(path, {"name": "l2"}).expect(202).data[field] == value
    assert put(project, path, {}, field, None)[field] == cleared
    for name in ("name", "owner_id"):
        assert project.control.put(path, {name: None}).expect(400).json["field"] == name
