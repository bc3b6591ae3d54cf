"""What the official clients of other languages send and expect (wire contract 5), made by hand where the client itself cannot run
here: the old spellings of requests, exact status codes, and the shapes that strict clients parse."""

import pytest

from support import openapi
from support.api import Api
from support.receiver import Reply
from support.wait import wait_until

# 5.4: clients that are generated take exactly these; everything else is 200.
STATUSES = {
    201: ["CreateProject", "CreateEndpoint", "CreateEndpointEvent", "CreateEndpointFanoutEvent", "CreateBroadcastEvent", "CreateDynamicEvent",
          "CreateEventType", "UpdateEventType", "DeprecateEventType", "CreateSource", "CreateSubscription", "CreateFilter", "BulkCreateFilters",
          "CreatePortalLink"],
    202: ["UpdateProject", "UpdateEndpoint", "PauseEndpoint", "ActivateEndpoint", "UpdateSource", "UpdateSubscription",
          "ToggleSubscriptionStatus", "UpdatePortalLink", "BulkOnboard"],
    200: ["GetProjects", "DeleteProject", "GetProject", "GetEndpoints", "TestOAuth2Connection", "GetEndpointPeriodFailureRates",
          "DeleteEndpoint", "GetEndpoint", "ExpireSecret", "GetEventTypes", "ImportOpenApiSpec", "GetEventDeliveriesPaged",
          "BatchRetryEventDelivery", "ForceResendEventDeliveries", "GetEventDelivery", "ResendEventDelivery", "GetDeliveryAttempts",
          "GetDeliveryAttempt", "GetEventsPaged", "BatchReplayEvents", "CountAffectedEvents", "GetEndpointEvent", "ReplayEndpointEvent",
          "GetMetaEventsPaged", "GetMetaEvent", "ResendMetaEvent", "BulkOnboard", "LoadPortalLinksPaged", "GetPortalLink",
          "RefreshPortalLinkAuthToken", "RevokePortalLink", "LoadSourcesPaged", "DeleteSource", "GetSource", "GetSubscriptions",
          "TestSubscriptionFilter", "TestSubscriptionFunction", "DeleteSubscription", "GetSubscription", "GetFilters", "BulkUpdateFilters",
          "TestFilter", "DeleteFilter", "GetFilter", "UpdateFilter"]}
GO = {"Content-Type": "application/json;charset=utf-8", "X-Convoy-Version": "2025-11-24", "User-Agent": "Convoy/v2.1.8"}


def needs(operation_id):
    return pytest.mark.skipif(not openapi.has(operation_id), reason=f"the document has no {operation_id}")


# Goal: every operation of the contract answers with the status that generated clients take. Method: the document's success
# statuses, which all answers of the tests are held against, with the contract's table.
@pytest.mark.parametrize("operation_id,status", [(each, status) for status, names in STATUSES.items() for each in names])
def test_documented_status(operation_id, status):
    if not openapi.has(operation_id):
        pytest.skip(f"the document has no {operation_id}")
    successes = {int(code) for code in openapi.operation(operation_id).item["responses"] if code.startswith("2")}
    assert status in successes and successes <= ({200, 202} if operation_id == "BulkOnboard" else {status})


# Goal: what clients put into queries is understood. Method: for each, one event with its delivery, and the list that must or must
# not hold it.
@pytest.mark.parametrize("query,is_found", [
    ("prev_page_cursor=&next_page_cursor=&perPage=20&sort=DESC", True),                       # Go: empty cursors
    ("startDate=0001-01-01T00:00:00&endDate=0001-01-01T00:00:00", True),                      # Go: times that were not set
    ("eventType=first.type", True), ("event_type=first.type", True), ("event_type=another", False),
    ("endpointId[0]={endpoint}&endpointId[1]=x", True), ("endpointId[]={endpoint}", True),    # PHP
    ("endpointId=x&endpointId={endpoint}", True), ("endpointId=x", False), ("groupId=anything", True)])
def test_queries(project, receiver, query, is_found):
    endpoint = project.subscribed(receiver.url(receiver.new_path()))
    event_id = project.send("first.type", endpoint_id=endpoint["uid"])
    delivery = project.wait_delivery(event_id, "Success")
    query = query.replace("{endpoint}", endpoint["uid"])
    found = project.control.get(f"{project.path}/eventdeliveries?{query}", headers=GO).expect(200).data["content"]
    assert [each["uid"] for each in found] == ([delivery["uid"]] if is_found else [])
    attempts = project.control.get(f"{project.path}/eventdeliveries/{delivery['uid']}/deliveryattempts?groupId=x").expect(200).data
    assert len(attempts) == 1


# Goal: paths and headers as clients write them. Method: a final slash on collections (PHP), parameters of the type (Go), a
# search by `query` (Go) and `q`, JSON bodies on GET (Ruby), and names of members in other case.
def test_paths_headers_and_names(planes, project, receiver):
    api = project.control
    endpoint = api.post(f"{project.path}/endpoints/", {"Name": "Billing", "URL": receiver.url(receiver.new_path())}, headers=GO).expect(201).data
    assert api.get(f"{project.path}/", headers={"Accept": "application/json"}).expect(200).data["uid"] == project.id
    for query in ("q=bill", "query=BILL"):
        assert [each["uid"] for each in api.get(f"{project.path}/endpoints/?{query}").expect(200).data["content"]] == [endpoint["uid"]]
    assert api.request("GET", f"{project.path}/endpoints", {}).expect(200).data["content"]
    changed = api.put(project.path, {"name": f"x-{project.id}", "config": {"SSL": {"enforce_secure_endpoints": True}}}).expect(202).data
    assert changed["config"]["ssl"] == {"enforce_secure_endpoints": True}
    answer = Api(planes.control.url, None).get(project.path, headers={"Authorization": f"bearer {project.key}", "X-Request-Id": "mine"})
    assert answer.expect(200).headers["x-request-id"] == "mine" and answer.headers["x-convoy-version"] == "2025-11-24"


# Goal: clients of earlier versions get the names that they know. Method: the version header, before each change.
def test_earlier_versions(project, receiver):
    url = receiver.url(receiver.new_path())
    endpoint = project.control.post(f"{project.path}/endpoints", {"name": "old", "url": url, "http_timeout": "15s", "rate_limit": 1,
                                                                  "rate_limit_duration": "1m"},
                                    headers={"X-Convoy-Version": "2023-12-31"}).expect(201).data
    assert (endpoint["target_url"], endpoint["title"], endpoint["http_timeout"]) == (url, "old", "15s")
    assert endpoint["rate_limit_duration"] == "1m0s" and endpoint["advanced_signatures"] is False
    path = f"{project.path}/endpoints/{endpoint['uid']}"
    between = project.control.get(path, headers={"X-Convoy-Version": "2024-02-01"}).expect(200).data
    assert (between["target_url"], between["http_timeout"]) == (url, 15)
    assert project.control.get(path, headers={"X-Convoy-Version": "2024-04-01"}).expect(200).data["url"] == url


# Goal: the shapes that strict clients parse (5.3). Method: one delivery that failed and then arrived, read as they read it.
def test_strict_shapes(project, receiver):
    path = receiver.new_path()
    receiver.script(path, Reply(500), Reply(200))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send("shape", b'{"n":1}', endpoint_id=endpoint["uid"], custom_headers={"X-A": "1"})
    delivery = project.wait_delivery(event_id, "Success")
    event, attempts = project.event(event_id), project.attempts(delivery["uid"])
    assert isinstance(endpoint["secrets"], list) and set(endpoint["secrets"][0]) >= {"uid", "value", "expires_at", "created_at"}
    assert event["headers"] == delivery["headers"] == {"X-A": ["1"]}
    assert event["endpoints"] == [endpoint["uid"]] and event["data"] == delivery["metadata"]["data"] == {"n": 1}
    assert delivery["metadata"]["raw"] == '{"n":1}'
    for attempt in attempts:
        for side in ("request_http_header", "response_http_header"):
            assert all(isinstance(value, str) for value in attempt[side].values())
    assert [attempt["status"] for attempt in attempts] == [False, True]  # always there, false too
    created = project.control.post(f"{project.path}/event-types", {"name": "t"}).expect(201).data
    assert created["json_schema"] is None and created["deprecated_at"] is None


# Goal: batches tell their result in the words that clients look for. Method: force a delivered one again, with one unknown id;
# replay and retry with the bodies that clients send.
@needs("ForceResendEventDeliveries")
def test_batches(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send("batch", endpoint_id=endpoint["uid"])
    delivery = project.wait_delivery(event_id, "Success")
    forced = project.control.post(f"{project.path}/eventdeliveries/forceresend", {"ids": [delivery["uid"]]}, headers=GO).expect(200)
    assert forced.json["message"] == "1 successful, 0 failed" and forced.data is None
    wait_until("it came twice", lambda: receiver.count(path) >= 2)
    replayed = project.control.post(f"{project.path}/events/batchreplay?endpointId={endpoint['uid']}", b"null", headers=GO).expect(200)
    assert replayed.data is None and replayed.json["message"].endswith(" failed"), replayed.json
    retried = project.control.post(f"{project.path}/eventdeliveries/batchretry?status=Failure&endpointId={endpoint['uid']}", {}, headers=GO)
    assert retried.expect(200).data is None


# Goal: filters, portal tokens and the dry run have the types that clients parse. Method: each once.
@needs("CreateFilter")
def test_filter_shapes(project, receiver):
    endpoint = project.subscribed(receiver.url(receiver.new_path()), ["a.b"])
    subscription = project.control.get(f"{project.path}/subscriptions?endpointId={endpoint['uid']}").expect(200).data["content"][0]
    body = {"request": {"body": {"n": 7}, "header": {"X-A": "1"}}, "schema": {"body": {"n": {"$gte": 5}}, "header": {"X-A": "1"}}}
    assert project.control.post(f"{project.path}/subscriptions/test_filter", body).expect(200).data is True
    project.control.post(f"{project.path}/event-types", {"name": "c.d"}).expect(201)
    path = f"{project.path}/subscriptions/{subscription['uid']}/filters"
    made = project.control.post(path, {"event_type": "c.d", "body": {"n": 1}}).expect(201).data
    for send in (project.control.put, project.control.post):
        changed = send(f"{path}/bulk_update", [{"uid": made["uid"], "body": {"n": 2}}]).expect(200).data
        assert [each["uid"] for each in changed] == [made["uid"]]


@needs("CreatePortalLink")
def test_portal_shapes(project):
    link = project.control.post(f"{project.path}/portal-links", {"name": "l", "owner_id": "o", "auth_type": "refresh_token"}).expect(201).data
    token = project.control.get(f"{project.path}/portal-links/{link['uid']}/refresh_token").expect(200).data
    assert isinstance(token, str) and token.startswith("PRT.") and link["auth_key"].startswith("PRT.")
    assert f"token={link['token']}" in link["url"] and "auth_token=PRT." in link["url"]
    assert project.control.delete(f"{project.path}/portal-links/{link['uid']}").expect(200).data is None  # Ruby
