"""The document is complete and true: a walk through every operation that it describes, each answered with success once, with
requests that the document allows. What else is answered is checked wherever tests call the servers (support/openapi.py)."""

import json

import pytest
import yaml

from support import openapi
from support.api import Api, call, event_body
from support.receiver import Reply
from support.tenant import Tenant, fill, random_id
from support.wait import wait_until

OPENAPI_SPEC = yaml.safe_dump({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "webhooks": {"thing.imported": {"post": {
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}, "responses": {"200": {"description": "ok"}}}}}})


class Walk:
    """Calls operations by their ids, with bodies made from their schemas; what it sends is what the document allows."""

    def __init__(self, planes, receiver):
        self.planes, self.receiver = planes, receiver
        self.tenant = Tenant(planes, receiver, "walk")
        self.ids = self.tenant.ids
        self.organisation = Api(planes.control.url, planes.organisation_key)

    def call(self, operation_id, ids=(), query="", body=None, api=None, expect=None, **known):
        """`known`: members of the body; `body`: the whole of it."""
        operation = openapi.operation(operation_id)
        if body is None and operation.request_schema() is not None:
            body = openapi.sample(operation.request_schema(), self.tenant.known(**known))
        validator = openapi.request_validator(operation_id)
        if validator is not None and not isinstance(body, bytes):
            assert validator.is_valid(body), (operation_id, body, [error.message for error in validator.iter_errors(body)])
        api = api or self.tenant.api()
        answer = api.request(operation.method, fill(operation, {**self.ids, **dict(ids)}) + query, body)
        statuses = [int(code) for code in operation.item["responses"] if code.startswith("2")]
        expected = statuses if expect is None else [expect]
        assert answer.status in expected, (operation_id, answer)
        return answer.json.get("data") if answer.headers.get("content-type") == "application/json" else answer.body

    def has(self, operation_id):
        return openapi.has(operation_id)


@pytest.fixture(scope="module")
def walk(planes, receiver):
    return Walk(planes, receiver)


def test_projects(walk):
    made = walk.call("CreateProject", api=walk.organisation, query=f"?orgID={walk.planes.organisation_id}", name="made by the walk",
                     type="outgoing", config={"strategy": {"type": "linear", "duration": 10, "retry_count": 3}})
    ids = {"projectID": made["project"]["uid"]}
    assert made["project"] in walk.call("GetProjects", api=walk.organisation)
    own = Api(walk.planes.control.url, made["api_key"]["key"])
    assert walk.call("GetProject", ids, api=own) == made["project"]
    for operation_id in ("UpdateProject", "UpdateProjectByPost"):
        walk.call(operation_id, ids, api=own, name=f"renamed by {operation_id}")
    walk.call("DeleteProject", ids, api=own)
    for operation_id in ("GetHealth", "GetOpenApi", "GetReference"):
        if walk.has(operation_id):
            walk.call(operation_id)
    if walk.has("GetReferenceFile"):
        walk.call("GetReferenceFile", {"file": "docs.css"})


def test_endpoints(walk):
    path = walk.receiver.new_path()
    made = walk.call("CreateEndpoint", name="e", url=walk.receiver.url(path), authentication={
        "type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "v"}}, rate_limit=100, rate_limit_duration=60)
    ids = {"endpointID": made["uid"]}
    assert made["uid"] in [each["uid"] for each in walk.call("GetEndpoints", query="?perPage=5")["content"]]
    for operation_id in ("GetEndpoint", "UpdateEndpoint", "PauseEndpoint", "ActivateEndpoint", "ExpireSecret"):
        walk.call(operation_id, ids, **({"expiration": 2} if operation_id == "ExpireSecret" else {}))
    walk.call("DeleteEndpoint", ids)
    if walk.has("TestOAuth2Connection"):
        tested = walk.call("TestOAuth2Connection", oauth2={"url": walk.receiver.url(path), "client_id": "c", "client_secret": "s",
                                                           "authentication_type": "shared_secret"})
        assert tested["success"] is False
    if walk.has("GetEndpointPeriodFailureRates"):
        assert walk.call("GetEndpointPeriodFailureRates", query=f"?endpointId={walk.ids['endpointID']}")[0]["success_count"] >= 1
    if walk.has("BulkOnboard"):
        items = [{"name": "onboarded", "url": walk.receiver.url(path)}]
        assert walk.call("BulkOnboard", query="?dry_run=true", body={"items": items}, expect=200)["valid_count"] == 1
        walk.call("BulkOnboard", body={"items": items}, expect=202)


def test_subscriptions(walk):
    made = walk.call("CreateSubscription", filter_config={"event_types": ["a.b"]}, name="s", source_id="")
    ids = {"subscriptionID": made["uid"]}
    assert made["uid"] in [each["uid"] for each in walk.call("GetSubscriptions")["content"]]
    for operation_id in ("GetSubscription", "UpdateSubscription", "ToggleSubscriptionStatus", "DeleteSubscription"):
        walk.call(operation_id, ids, source_id="")
    if walk.has("TestSubscriptionFilter"):
        assert walk.call("TestSubscriptionFilter", body={"request": {"body": {"n": 7}}, "schema": {"body": {"n": {"$gt": 5}}}}) is True
    for operation_id in ("TestSubscriptionFunction", "TestSourceFunction"):
        walk.call(operation_id, function="function transform(payload) { return payload }", payload={}, type="header")


def test_filters(walk):
    if not walk.has("CreateFilter"):
        return
    for name in ("f.one", "f.two"):
        walk.call("CreateEventType", name=name)
    made = walk.call("CreateFilter", body={"event_type": "f.one", "body": {"n": {"$gte": 5}}, "headers": {"X-A": "1"}})
    bulk = walk.call("BulkCreateFilters", body=[{"event_type": "f.two", "query": {"q": "1"}}])
    for operation_id in ("BulkUpdateFilters", "BulkUpdateFiltersByPost"):
        walk.call(operation_id, body=[{"uid": bulk[0]["uid"], "path": {"path": "/x"}}])
    ids = {"filterID": made["uid"], "eventType": "f.one"}
    assert len(walk.call("GetFilters")) >= 3
    walk.call("GetFilter", ids)
    walk.call("UpdateFilter", ids, body={"enabled_at": None})
    walk.call("TestFilter", ids, body={"payload": {"n": 5}})
    walk.call("DeleteFilter", ids)


def test_event_types(walk):
    made = walk.call("CreateEventType", name="t.u", json_schema={"type": "object"})
    ids = {"eventTypeId": made["uid"]}
    assert made in walk.call("GetEventTypes")
    walk.call("UpdateEventType", ids, description="d", category="c")
    walk.call("DeprecateEventType", ids)
    if walk.has("ImportOpenApiSpec"):
        assert [each["name"] for each in walk.call("ImportOpenApiSpec", body={"spec": OPENAPI_SPEC})] == ["thing.imported"]


def test_events(walk):
    walk.call("CreateEndpointEvent", custom_headers={"X-A": "1"}, idempotency_key="walk-1")
    walk.call("CreateEndpointFanoutEvent")
    walk.call("CreateBroadcastEvent")
    assert walk.ids["eventID"] in [each["uid"] for each in walk.call("GetEventsPaged", query="?sort=ASC&perPage=50")["content"]]
    walk.call("GetEndpointEvent")
    if walk.has("ListEventMatches"):
        # The tenant's filter asks for another body than this event has; the event that is not sent has it.
        assert "filter" in [each["reason"] for each in walk.call("ListEventMatches")["content"]]
        assert "matched" in [each["reason"] for each in walk.call("TryMatches")["content"]]
    if walk.has("CreateDynamicEvent"):
        walk.call("CreateDynamicEvent", url=walk.receiver.url(walk.receiver.new_path()))
    if walk.has("CreateEvents"):
        batch = walk.call("CreateEvents", body={"events": [{"endpoint_id": walk.ids["endpointID"], "event_type": "b", "data": 1},
                                                           {"endpoint_id": random_id(), "event_type": "b", "data": 2}]})
        assert [each["status"] for each in batch["items"]] == [201, 404]
    if walk.has("ReplayEndpointEvent"):
        walk.call("ReplayEndpointEvent")
        assert walk.call("CountAffectedEvents")["num"] >= 1
        walk.call("BatchReplayEvents", query=f"?endpointId={random_id()}")


def failed_delivery(walk):
    """A delivery of a new endpoint whose attempts all failed, and its path."""
    path = walk.receiver.new_path()
    walk.receiver.script(path, Reply(500))
    endpoint = walk.tenant.project.subscribed(walk.receiver.url(path))
    event_id = walk.tenant.project.send(endpoint_id=endpoint["uid"])
    return walk.tenant.project.wait_delivery(event_id, "Failure"), path


def test_deliveries(walk):
    assert walk.ids["eventDeliveryID"] in [each["uid"] for each in walk.call("GetEventDeliveriesPaged", query="?status=Success")["content"]]
    for operation_id in ("GetEventDelivery", "GetDeliveryAttempts", "GetDeliveryAttempt"):
        walk.call(operation_id)
    if not walk.has("ResendEventDelivery"):
        return
    failed, path = failed_delivery(walk)
    assert walk.call("CountAffectedDeliveries", query=f"?eventId={failed['event_id']}")["num"] == 1
    assert walk.call("GetDeliveryStatusTotals", query=f"?eventId={failed['event_id']}")["totals"] == {"Failure": 1}
    walk.receiver.script(path, Reply(200))
    walk.call("ResendEventDelivery", {"eventDeliveryID": failed["uid"]})
    walk.tenant.project.wait_delivery(failed["event_id"], "Success")
    walk.call("ForceResendEventDeliveries", body={"ids": [failed["uid"]]})
    for operation_id in ("BatchRetryEventDelivery", "BatchRetryEventDeliveryByPut"):
        walk.call(operation_id, query=f"?endpointId={failed['endpoint_id']}&status=Failure")


def test_jobs(walk):
    if not walk.has("CreateJob"):
        return
    since = {"kind": "recover_failed", "endpoint_id": walk.ids["endpointID"], "since": "2026-01-01T00:00:00Z"}
    assert walk.call("CreateJob", body={**since, "dry_run": True}, expect=200)["total"] == 0
    made = walk.call("CreateJob", body=since, expect=201)
    assert made["uid"] in [each["uid"] for each in walk.call("ListJobs")["content"]]
    walk.call("GetJob", {"jobID": made["uid"]})
    # A slow one of events that nothing comes of, so that there is something to cancel.
    endpoint = walk.tenant.project.endpoint(walk.receiver.url(walk.receiver.new_path()), owner_id="to cancel")
    for number in range(50):
        walk.tenant.project.send(owner_id="to cancel", data=str(number).encode())
    slow = walk.call("CreateJob", body={"kind": "send_missing", "endpoint_id": endpoint["uid"], "since": "2026-01-01T00:00:00Z", "rate": 1},
                     expect=201)
    assert walk.call("CancelJob", {"jobID": slow["uid"]})["state"] == "cancelled"


def test_sources(walk):
    if not walk.has("CreateSource"):
        return
    made = walk.call("CreateSource", name="in", type="http", provider="", idempotency_keys=["request.header.X-Id"])
    ids = {"sourceID": made["uid"], "maskID": made["mask_id"]}
    assert made["uid"] in [each["uid"] for each in walk.call("LoadSourcesPaged")["content"]]
    walk.call("GetSource", ids)
    for operation_id in ("UpdateSource", "UpdateSourceByPost"):
        walk.call(operation_id, ids, name=operation_id, type="http", provider="")
    assert walk.call("Ingest", ids, body=b'{"a":1}') == 7
    twitter = walk.call("CreateSource", name="x", type="http", provider="twitter", verifier={"type": "hmac", "hmac": {"secret": "s"}})
    path = fill(openapi.operation("AnswerChallenge"), {"maskID": twitter["mask_id"]})
    assert Api(walk.planes.control.url, None).get(f"{path}?crc_token=t").expect(200).json["response_token"].startswith("sha256=")
    walk.call("DeleteSource", ids)


def test_api_keys(walk):
    for kind, api in (("ProjectApiKey", None), ("OrganisationApiKey", walk.organisation)):
        if not walk.has(f"Create{kind}"):
            continue
        made = walk.call(f"Create{kind}", api=api, name="k", scope="read_only", expires_at="2099-01-01T00:00:00Z")
        ids = {"apiKeyID": made["uid"]}
        assert made["uid"] in [each["uid"] for each in walk.call(f"List{kind}s", api=api)["content"]]
        for verb in ("Get", "Update", "Delete"):
            walk.call(f"{verb}{kind}", ids, api=api, **({"expires_at": None} if verb == "Update" else {}))


def test_portal_links(walk):
    if not walk.has("CreatePortalLink"):
        return
    ids = []
    for name in ("one", "two"):
        made = walk.call("CreatePortalLink", name=name, auth_type="refresh_token")
        ids.append({"portalLinkID": made["uid"]})
    assert made["uid"] in [each["uid"] for each in walk.call("LoadPortalLinksPaged")["content"]]
    for operation_id in ("GetPortalLink", "RefreshPortalLinkAuthToken", "UpdatePortalLink"):
        walk.call(operation_id, ids[0], auth_type="refresh_token")
    walk.call("RevokePortalLink", ids[0])
    walk.call("DeletePortalLink", ids[1])


def test_meta_events(walk):
    if not walk.has("GetMetaEventsPaged"):
        return
    path = walk.receiver.new_path()
    project = walk.planes.project("meta events of the walk", meta_event={
        "is_enabled": True, "type": "http", "event_type": ["endpoint.created"], "url": walk.receiver.url(path), "secret": "s"})
    project.endpoint(walk.receiver.url(walk.receiver.new_path()))
    ids = {"projectID": project.id}
    api = project.control
    listed = wait_until("the meta event was sent", lambda: [each for each in walk.call("GetMetaEventsPaged", ids, api=api)["content"]
                                                            if each["status"] == "Success"])
    ids["metaEventID"] = listed[0]["uid"]
    walk.call("GetMetaEvent", ids, api=api)
    walk.call("ResendMetaEvent", ids, api=api)


def portal_twins():
    return [each for each in openapi.operations() if each.id.startswith("Portal") and each.path.startswith("/portal-api")]


def test_portal(walk):
    """With a token of a link that allows everything, of the owner whose endpoint the walk's is."""
    if not walk.has("GetOwnPortalLink"):
        return
    link = walk.call("CreatePortalLink", name="portal", can_manage_endpoint=True, can_rotate_secrets=True)
    api = Api(walk.planes.control.url, link["token"])
    for operation_id in ("GetOwnPortalLink", "GetFeatures", "GetPortalConfiguration", "GetPortalLoginConfiguration", "GetDashboardSummary"):
        walk.call(operation_id, api=api)
    twins = {each.id.removeprefix("Portal") for each in portal_twins()}
    made = walk.call("PortalCreateEndpoint", api=api, url=walk.receiver.url(walk.receiver.new_path()))
    assert made["owner_id"] == walk.tenant.owner
    subscription = walk.call("PortalCreateSubscription", api=api, endpoint_id=made["uid"], source_id="")
    failed, path = failed_portal_delivery(walk, made)
    walk.receiver.script(path, Reply(200))
    ids = {"endpointID": made["uid"], "subscriptionID": subscription["uid"], "eventDeliveryID": failed["uid"],
           "eventID": failed["event_id"], "deliveryAttemptID": walk.tenant.project.attempts(failed["uid"])[0]["uid"]}
    special = {"ExpireSecret": {"expiration": 1}, "ForceResendEventDeliveries": {"body": {"ids": [walk.ids["eventDeliveryID"]]}},
               "UpdateSubscription": {"source_id": ""}}
    last = ["PauseEndpoint", "DeleteFilter", "DeleteSubscription", "DeleteEndpoint"]
    filters = {each for each in twins if "Filter" in each}
    if "CreateFilter" in filters:
        portal_filters(walk, api, ids)
    for name in sorted(twins - filters - set(last) - {"CreateEndpoint", "CreateSubscription"}):
        query = f"?endpointId={random_id()}" if name in ("BatchReplayEvents", "BatchRetryEventDelivery") else ""
        walk.call(f"Portal{name}", ids, query=query, api=api, url=made["url"], **special.get(name, {}))
    for name in last:
        if name in twins and name != "DeleteFilter":
            walk.call(f"Portal{name}", ids, api=api)


def failed_portal_delivery(walk, endpoint):
    path = endpoint["url"].removeprefix(walk.receiver.url(""))
    walk.receiver.script(path, Reply(500))
    event_id = walk.tenant.project.send(endpoint_id=endpoint["uid"])
    return walk.tenant.project.wait_delivery(event_id, "Failure"), path


def portal_filters(walk, api, ids):
    made = walk.call("PortalCreateFilter", ids, api=api, body={"event_type": walk.tenant.event_type, "body": {"n": 1}})
    walk.call("CreateEventType", name="f.portal")
    bulk = walk.call("PortalBulkCreateFilters", ids, api=api, body=[{"event_type": "f.portal"}])
    ids = {**ids, "filterID": made["uid"], "eventType": "f.portal"}
    for name in ("BulkUpdateFilters", "BulkUpdateFiltersByPost"):
        walk.call(f"Portal{name}", ids, api=api, body=[{"uid": bulk[0]["uid"], "body": {"n": 2}}])
    walk.call("PortalTestSubscriptionFilter", api=api, body={"request": {"body": {}}, "schema": {"body": {}}})
    for name in ("GetFilters", "GetFilter", "UpdateFilter", "TestFilter", "DeleteFilter"):
        walk.call(f"Portal{name}", ids, api=api, **({"event_type": walk.tenant.event_type} if name == "UpdateFilter" else {}))


# Goal: the walk was complete. Method: the operations of the document, less those that the tests above saw answered well.
def test_every_operation_was_answered_well(walk):
    answered = {name for name, statuses in openapi.seen().items() if any(200 <= status < 300 for status in statuses)}
    assert {each.id for each in openapi.operations()} - answered == set()


# Goal: what the servers serve is the file. Method: the control plane's JSON against docs/openapi.yaml.
def test_served_document_is_the_file(planes):
    served = json.loads(call(planes.control.url, "GET", "/openapi.json").body)
    assert served == json.loads(json.dumps(openapi.document(), default=str))


# Goal: the data plane serves the creation of events and ingest, and nothing else. Method: every operation without a key at both
# planes: the data plane knows the route exactly if the document says so.
def test_data_plane_serves_its_share(planes, walk):
    share = set()
    for operation in openapi.operations():
        if operation.path.startswith(("/docs", "/openapi", "/healthz")):
            continue
        path = fill(operation, {"projectID": walk.ids["projectID"]})
        answer = Api(planes.data.url, None).request(operation.method, path, event_body() if operation.method == "POST" else None)
        if answer.json.get("code") not in ("no_such_route", "method_not_allowed"):
            share.add(operation.id)
    expected = {"CreateEndpointEvent", "CreateEndpointFanoutEvent", "CreateBroadcastEvent", "CreateDynamicEvent", "CreateEvents", "Ingest",
                "AnswerChallenge"}
    assert share == {each for each in expected if openapi.has(each)}
