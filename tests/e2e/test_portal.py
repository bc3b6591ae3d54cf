"""Portal links and the portal API: a customer sees and does what is their owner's and what the link allows, and nothing else."""

import time

import pytest

from support.api import Api, event_body
from support.wait import wait_until

RANDOM = "0" * 26


def make_link(project, **fields):
    return project.control.post(f"{project.path}/portal-links", {"name": "customer", "owner_id": "acme", **fields}).expect(201).data


def portal(project, link):
    return Api(project.planes.control.url, link["auth_key"] or link["token"])


@pytest.fixture
def shop(project, receiver):
    """Two customers with an endpoint each, and one event delivered to both."""
    class Shop:
        pass
    made = Shop()
    made.project = project
    made.mine = project.subscribed(receiver.url(receiver.new_path()), owner_id="acme", secret="acme-secret")
    made.theirs = project.subscribed(receiver.url(receiver.new_path()), owner_id="rival", secret="rival-secret")
    made.event = project.send("order.paid", b'{"amount":1}', custom_headers={"X-Internal": "cluster-7", "User-Agent": "mine"})
    def delivered():
        deliveries = project.deliveries(made.event)
        return deliveries if len(deliveries) == 2 and all(d["status"] == "Success" for d in deliveries) else None
    deliveries = wait_until("both are delivered", delivered)
    made.my_delivery = next(d for d in deliveries if d["endpoint_id"] == made.mine["uid"])
    made.their_delivery = next(d for d in deliveries if d["endpoint_id"] == made.theirs["uid"])
    made.their_event = project.send("order.paid", b"{}", endpoint_id=made.theirs["uid"])
    project.wait_delivery(made.their_event, "Success")
    return made


def same_as_random(api, method, path, foreign, body=None):
    """The answer for a foreign id is that for an id that nobody has, but for the request's id."""
    answers = [api.request(method, path.format(id_), body).expect(404).json for id_ in (foreign, RANDOM)]
    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1]


# Goal: a link of either kind opens the portal, by the token that its kind has and by no other. Method: both kinds; the token of the
# other kind, a foreign text, and after a change of kind the former token.
def test_token_kinds(project):
    static, refreshed = make_link(project), make_link(project, auth_type="refresh_token")
    assert len(static["token"]) == 24 and static["auth_key"] == "" and static["url"].endswith(f"/portal?token={static['token']}")
    assert refreshed["auth_key"].startswith("PRT.") and refreshed["url"].endswith(f"?token={refreshed['token']}&auth_token={refreshed['auth_key']}")
    for link, token in ((static, static["token"]), (refreshed, refreshed["auth_key"])):
        shown = Api(project.planes.control.url, token).get("/portal-api/portal_link").expect(200).data
        assert (shown["uid"], shown["token"], shown["auth_key"]) == (link["uid"], "", "")
    for token in (refreshed["token"], "PRT.a.b", "nonsense", static["token"] + "x", "a.b.c"):
        Api(project.planes.control.url, token).get("/portal-api/portal_link").expect(401)
    changed = project.control.put(f"{project.path}/portal-links/{static['uid']}", {"auth_type": "refresh_token"}).expect(202).data
    Api(project.planes.control.url, static["token"]).get("/portal-api/portal_link").expect(401)
    Api(project.planes.control.url, changed["auth_key"]).get("/portal-api/portal_link").expect(200)


# Goal: reading a link makes no token while one lives long enough; refreshing makes one, and leaves the older. When the known one nears
# its end, a read gives another. Nothing is stored in the clear. Method: reads and counts; the token's end moved nearer in the table.
def test_tokens_are_not_minted_by_reading(planes, project):
    link = make_link(project, auth_type="refresh_token")
    path = f"{project.path}/portal-links/{link['uid']}"
    count = lambda: planes.database.value("SELECT count(*) FROM portal_tokens t JOIN portal_links l ON l.id = t.link_id WHERE l.project_id = %s", [project.uuid])
    for _ in range(3):
        assert project.control.get(path).data["auth_key"] == link["auth_key"]
    assert project.control.get(f"{project.path}/portal-links").data["content"][0]["auth_key"] == link["auth_key"]
    assert count() == 1
    fresh = project.control.get(path + "/refresh_token").expect(200).data
    assert fresh.startswith("PRT.") and fresh != link["auth_key"] and count() == 2
    for token in (fresh, link["auth_key"]):
        Api(planes.control.url, token).get("/portal-api/endpoints").expect(200)
    planes.database.value("UPDATE portal_tokens SET expires_at = now() + interval '29 minutes' WHERE project_id = %s RETURNING 1", [project.uuid])
    renewed = project.control.get(path).data["auth_key"]
    assert renewed not in (fresh, link["auth_key"]) and count() == 3
    assert project.control.get(path).data["auth_key"] == renewed and count() == 3
    stored = str(planes.database.rows("SELECT portal_links::text FROM portal_links")) + str(planes.database.rows("SELECT portal_tokens::text FROM portal_tokens"))
    for secret in (link["token"], fresh, renewed):
        assert secret not in stored and secret.encode().hex() not in stored
    project.control.get(f"{project.path}/portal-links/{make_link(project)['uid']}/refresh_token").expect(400)


# Goal: a short-lived token ends at its time; a revoked link ends with all its tokens, at once. Method: the end moved in the table; both
# kinds revoked.
def test_tokens_end(planes, project):
    link = make_link(project, auth_type="refresh_token")
    planes.database.value("UPDATE portal_tokens SET expires_at = now() + interval '1 second' WHERE project_id = %s RETURNING 1", [project.uuid])
    wait_until("the token ends", lambda: portal(project, link).get("/portal-api/endpoints").status == 401)
    for kind in ("static_token", "refresh_token"):
        link = make_link(project, auth_type=kind)
        portal(project, link).get("/portal-api/endpoints").expect(200)
        assert project.control.put(f"{project.path}/portal-links/{link['uid']}/revoke").expect(200).data is None
        portal(project, link).get("/portal-api/endpoints").expect(401)
        project.control.get(f"{project.path}/portal-links/{link['uid']}").expect(404)
        project.control.put(f"{project.path}/portal-links/{link['uid']}/revoke").expect(404)
    link = make_link(project)
    project.control.delete(f"{project.path}/portal-links/{link['uid']}").expect(200)
    portal(project, link).get("/portal-api/endpoints").expect(401)


# Goal: links are listed by owner, name and endpoint; the deprecated list gives endpoints to the owner, and takes none from another.
# Method: three links; an endpoint without an owner, one of another, one that is not there.
def test_lists_and_endpoints(project):
    free, taken = project.endpoint("https://hooks.example.com/1"), project.endpoint("https://hooks.example.com/2", owner_id="rival")
    link = make_link(project, endpoints=[free["uid"]])
    assert (link["endpoints"], link["endpoint_count"]) == ([free["uid"]], 1) and link["endpoints_metadata"][0]["uid"] == free["uid"]
    assert project.control.get(f"{project.path}/endpoints/{free['uid']}").data["owner_id"] == "acme"
    body = {"name": "x", "owner_id": "acme"}
    assert project.control.post(f"{project.path}/portal-links", {**body, "endpoints": [taken["uid"]]}).expect(400).json["field"] == "endpoints.0"
    assert project.control.post(f"{project.path}/portal-links", {**body, "endpoints": [RANDOM]}).expect(404).json["field"] == "endpoints.0"
    rival = make_link(project, owner_id="rival", name="another")
    listed = lambda query: [link["uid"] for link in project.control.get(f"{project.path}/portal-links?{query}").expect(200).data["content"]]
    assert listed("") == [rival["uid"], link["uid"]]
    assert listed("ownerId=acme") == [link["uid"]] and listed("q=ANOTH") == [rival["uid"]] and listed(f"endpointId={taken['uid']}") == [rival["uid"]]
    assert listed("ownerId=nobody") == []
    for fields, field in (({"name": ""}, "name"), ({"owner_id": ""}, "owner_id"), ({"owner_id": "o" * 256}, "owner_id"), ({"auth_type": "x"}, "auth_type"),
                          ({"can_manage_endpoint": "yes"}, "can_manage_endpoint"), ({"endpoints": "e"}, "endpoints"), ({"event_types": ["a*b"]}, "event_types.0")):
        assert project.control.post(f"{project.path}/portal-links", {**body, **fields}).expect(400).json["field"] == field


# Goal: lists hold what is the owner's; what is another's is answered like what nobody has. Method: two customers with an endpoint each;
# every read, at the portal API and at the management API with the same token.
def test_scope_of_reads(shop):
    project = shop.project
    api = portal(project, make_link(project))
    for base in ("/portal-api", project.path):
        ids = lambda path: [item["uid"] for item in api.get(base + path).expect(200).data["content"]]
        assert ids("/endpoints") == [shop.mine["uid"]] and ids("/endpoints?ownerId=rival") == [shop.mine["uid"]]
        assert ids("/events") == [shop.event] and ids(f"/events?endpointId={shop.theirs['uid']}") == []
        assert ids("/eventdeliveries") == [shop.my_delivery["uid"]] and ids(f"/eventdeliveries?endpointId={shop.theirs['uid']}") == []
        assert len(ids("/subscriptions")) == 1 and ids(f"/subscriptions?endpointId={shop.theirs['uid']}") == []
        event = api.get(f"{base}/events/{shop.event}").expect(200).data
        assert event["endpoints"] == [shop.mine["uid"]] and event["data"] == {"amount": 1}
        api.get(f"{base}/endpoints/{shop.mine['uid']}").expect(200)
        delivery = api.get(f"{base}/eventdeliveries/{shop.my_delivery['uid']}").expect(200).data
        attempt = api.get(f"{base}/eventdeliveries/{delivery['uid']}/deliveryattempts").expect(200).data[0]
        api.get(f"{base}/eventdeliveries/{delivery['uid']}/deliveryattempts/{attempt['uid']}").expect(200)
        assert delivery["headers"]["X-Internal"] == ["***"] and attempt["request_http_header"]["X-Internal"] == "***"
        assert attempt["request_http_header"]["X-Convoy-Signature"] != "***" and event["headers"]["User-Agent"] == ["mine"]
        same_as_random(api, "GET", base + "/endpoints/{}", shop.theirs["uid"])
        same_as_random(api, "GET", base + "/events/{}", shop.their_event)
        same_as_random(api, "GET", base + "/eventdeliveries/{}", shop.their_delivery["uid"])
        same_as_random(api, "GET", base + "/eventdeliveries/{}/deliveryattempts", shop.their_delivery["uid"])
        theirs = project.control.get(f"{project.path}/subscriptions?endpointId={shop.theirs['uid']}").data["content"][0]["uid"]
        same_as_random(api, "GET", base + "/subscriptions/{}", theirs)
    for path in ("/portal-api/event-types", "/portal-api/license/features", "/portal-api/configuration", "/portal-api/configuration/auth"):
        api.get(path).expect(200)
    summary = api.get("/portal-api/dashboard/summary?type=monthly").expect(200).data
    assert (summary["events_sent"], summary["apps"]) == (1, 1) and sum(each["count"] for each in summary["event_data"]) == 1
    api.get("/portal-api/dashboard/summary?type=hourly").expect(400)
    whole = Api(project.planes.control.url, project.key)  # a project's key sees the whole project here
    assert len(whole.get("/portal-api/endpoints").expect(200).data["content"]) == 2
    whole.get("/portal-api/portal_link").expect(404)
    Api(project.planes.control.url, project.planes.organisation_key).get("/portal-api/endpoints").expect(403)


# Goal: the address of a source is the project's secret: a customer who gets its events does not learn it. Method: an event through a
# source that names the type (without, the type is the address), read in every way.
def test_sources_do_not_show(project, receiver):
    endpoint = project.endpoint(receiver.url(receiver.new_path()), owner_id="acme")
    source = project.control.post(f"{project.path}/sources", {"name": "bank", "type": "http", "verifier": {"type": "noop"},
                                                                  "event_type_location": "request.body.type"}).expect(201).data
    subscription = project.subscribe(endpoint, ["*"], source_id=source["uid"])
    Api(project.planes.data.url, None).post(f"/ingest/{source['mask_id']}?key=k1", {"type": "moved"}).expect(200)
    delivery = wait_until("it is delivered", lambda: next(iter(project.control.get(f"{project.path}/eventdeliveries").data["content"]), None))
    assert source["mask_id"].encode() in project.control.get(f"{project.path}/events/{delivery['event_id']}").body
    api = portal(project, make_link(project))
    for path in ("/events", f"/events/{delivery['event_id']}", "/eventdeliveries", f"/eventdeliveries/{delivery['uid']}", "/subscriptions",
                 f"/subscriptions/{subscription['uid']}"):
        shown = api.get("/portal-api" + path).expect(200).body
        assert source["mask_id"].encode() not in shown and b"key=k1" not in shown and b'"bank"' not in shown, path


# Goal: which source a subscription listens to is not the customer's choice. Method: made with one, given one, taken from one that has
# it, each the same for an id that no source has; other changes of one that has it go through and leave it.
def test_sources_are_not_chosen(project, receiver):
    endpoint, other = (project.endpoint(receiver.url(receiver.new_path()), owner_id="acme") for _ in range(2))
    source = project.control.post(f"{project.path}/sources", {"name": "bank", "type": "http", "verifier": {"type": "noop"}}).expect(201).data
    bound, free = project.subscribe(endpoint, ["*"], source_id=source["uid"]), project.subscribe(other, ["*"])
    api = portal(project, make_link(project, can_manage_endpoint=True))
    bound_path, free_path = (f"/portal-api/subscriptions/{each['uid']}" for each in (bound, free))
    for id_ in (source["uid"], RANDOM):
        for method, path, body in [("POST", "/portal-api/subscriptions", {"name": "x", "endpoint_id": endpoint["uid"], "source_id": id_}),
                                   ("PUT", free_path, {"source_id": id_})]:
            answer = api.request(method, path, body).expect(403).json
            assert (answer["code"], answer["field"]) == ("portal_token_refused", "source_id")
    api.put(bound_path, {"source_id": None}).expect(403)
    api.put(bound_path, {"name": "renamed"}).expect(202)
    kept = project.control.get(f"{project.path}/subscriptions/{bound['uid']}").data
    assert (kept["name"], kept["source_metadata"]["uid"]) == ("renamed", source["uid"])


# Goal: what is not for customers is closed to their tokens. Method: writes and reads of the management API that no portal has, of this
# and of another project.
def test_refused(planes, project):
    api = portal(project, make_link(project, can_manage_endpoint=True))
    event = event_body(event_type="a", owner_id="acme", url="https://hooks.example.com")
    link = make_link(project, owner_id="rival", auth_type="refresh_token")["uid"]
    for method, path, body in [
            ("POST", "/events/fanout", event), ("POST", "/events/broadcast", event), ("POST", "/events/dynamic", event), ("GET", "", None),
            ("PUT", "", {"name": "x"}), ("POST", "/event-types", {"name": "x"}), ("GET", "/portal-links", None), ("POST", "/portal-links", {}),
            ("GET", f"/portal-links/{link}/refresh_token", None), ("GET", "/api-keys", None), ("POST", "/api-keys", {"name": "x"}), ("POST", "/onboard", {})]:
        answer = api.request(method, project.path + path, body)
        assert (answer.status, answer.json["code"]) == (403, "portal_token_refused"), (method, path, answer.body)
    api.get("/api/v1/projects").expect(403)
    api.get(planes.project(f"other-{project.id}").path + "/endpoints").expect(404)
    Api(planes.data.url, api.key).post(project.path + "/events/fanout", event).expect(401)


# Goal: each capability opens what it names. Method: a link without any against each action; with each one, what it opens works.
def test_capabilities(shop):
    project = shop.project
    bare = portal(project, make_link(project, can_see_payloads=False, can_replay=False))
    endpoint = f"/portal-api/endpoints/{shop.mine['uid']}"
    body = {"name": "n", "url": shop.mine["url"]}
    for method, path, content in [
            ("POST", "/portal-api/endpoints", body), ("PUT", endpoint, body), ("DELETE", endpoint, None), ("PUT", endpoint + "/pause", None),
            ("PUT", endpoint + "/expire_secret", {"expiration": 1}), ("POST", "/portal-api/subscriptions", {"name": "s", "endpoint_id": shop.mine["uid"]}),
            ("PUT", f"/portal-api/eventdeliveries/{shop.my_delivery['uid']}/resend", None), ("POST", "/portal-api/eventdeliveries/forceresend", {"ids": []})]:
        assert bare.request(method, path, content).expect(403).json["code"] == "capability_missing", path
    shown = bare.get(f"/portal-api/eventdeliveries/{shop.my_delivery['uid']}").expect(200)
    assert shown.data["metadata"]["data"] is None and b"amount" not in shown.body
    assert b"amount" not in bare.get("/portal-api/events").expect(200).body
    for search in ("body=%7B%22amount%22:1%7D", "query=%7B%22amount%22:1%7D"):  # what does not show cannot be guessed at
        assert bare.get(f"/portal-api/events?{search}").expect(403).json["code"] == "capability_missing"
    attempt = bare.get(f"/portal-api/eventdeliveries/{shop.my_delivery['uid']}/deliveryattempts").data[0]
    assert "response_data" not in attempt
    assert b"acme-secret" not in bare.get(endpoint).expect(200).body
    rotator = portal(project, make_link(project, can_rotate_secrets=True))
    assert rotator.get(endpoint).data["secrets"][0]["value"] == "acme-secret"
    rotator.put(endpoint + "/expire_secret", {"expiration": 1}).expect(200)
    rotator.put(endpoint, body).expect(403)
    replayer = portal(project, make_link(project))
    assert replayer.post("/portal-api/eventdeliveries/forceresend", {"ids": [shop.my_delivery["uid"], shop.their_delivery["uid"]]}).expect(200).json["message"] \
        == "1 successful, 0 failed"
    same_as_random(replayer, "PUT", "/portal-api/eventdeliveries/{}/resend", shop.their_delivery["uid"])
    same_as_random(replayer, "PUT", "/portal-api/events/{}/replay", shop.their_event)


# Goal: who manages endpoints makes them for their own owner, whatever they say, and reaches no other's. Method: creation with a foreign
# owner, an update that would give the endpoint away, subscriptions to foreign endpoints, and every write with a foreign id.
def test_managing(shop):
    project = shop.project
    api = portal(project, make_link(project, can_manage_endpoint=True))
    body = {"name": "n", "url": "https://hooks.example.com/new"}
    made = api.post("/portal-api/endpoints", {**body, "owner_id": "rival"}).expect(201).data
    assert made["owner_id"] == "acme"
    path = f"/portal-api/endpoints/{made['uid']}"
    for owner in ("rival", None):
        assert api.put(path, {**body, "owner_id": owner}).expect(202).data["owner_id"] == "acme"
    assert api.put(path + "/pause").expect(202).data["status"] == "paused"
    subscription = api.post("/portal-api/subscriptions", {"name": "s", "endpoint_id": made["uid"]}).expect(201).data
    assert api.post("/portal-api/subscriptions", {"name": "s", "endpoint_id": shop.theirs["uid"]}).expect(404).json["field"] == "endpoint_id"
    assert api.put(f"/portal-api/subscriptions/{subscription['uid']}", {"endpoint_id": shop.theirs["uid"]}).expect(404).json["field"] == "endpoint_id"
    theirs = project.control.get(f"{project.path}/subscriptions?endpointId={shop.theirs['uid']}").data["content"][0]["uid"]
    for method, pattern, foreign, content in [
            ("PUT", "/portal-api/endpoints/{}", shop.theirs["uid"], body), ("DELETE", "/portal-api/endpoints/{}", shop.theirs["uid"], None),
            ("PUT", "/portal-api/endpoints/{}/pause", shop.theirs["uid"], None), ("PUT", "/portal-api/endpoints/{}/expire_secret", shop.theirs["uid"], {"expiration": 1}),
            ("PUT", "/portal-api/subscriptions/{}", theirs, {"name": "x"}), ("DELETE", "/portal-api/subscriptions/{}", theirs, None)]:
        same_as_random(api, method, pattern, foreign, content)
    api.delete(f"/portal-api/subscriptions/{subscription['uid']}").expect(200)
    api.delete(path).expect(200)
    assert project.control.get(f"{project.path}/endpoints/{shop.theirs['uid']}").data["status"] == "active"


# Goal: customers send to an endpoint of theirs, as a test, and to no other, whatever the body says. Method: by both paths; foreign and
# random ids; several ids in one body, in either order; the key behind it creates events only, and is made again after its deletion.
def test_sending(shop):
    project = shop.project
    api = portal(project, make_link(project))
    mine, theirs = shop.mine["uid"], shop.theirs["uid"]
    for path in ("/portal-api/events", f"{project.path}/events"):
        event = api.post(path, event_body(b'{"n":1}', event_type="test", endpoint_id=mine)).expect(201).data["uid"]
        assert project.wait_delivery(event, "Success")["endpoint_id"] == mine
        api.get(f"/portal-api/events/{event}").expect(200)
        assert api.post(path, event_body(event_type="test", endpoint_id=theirs)).expect(404).json["field"] == "endpoint_id"
        for order in ((mine, theirs), (theirs, mine)):
            for names in (("endpoint_id", "endpoint_id"), ("endpoint_id", "Endpoint_ID"), ("app_id", "endpoint_id"), ("endpoint_id", "APP_ID")):
                body = '{"event_type":"t","data":1,"%s":"%s","%s":"%s"}' % (names[0], order[0], names[1], order[1])
                api.post(path, body.encode()).expect(404)
        api.post(path, {"event_type": "t", "data": 1}).expect(400)
        keys = project.control.get(f"{project.path}/api-keys").data["content"]
        senders = [key for key in keys if key["scope"] == "events_only"]
        assert len(senders) == 1
        project.control.delete(f"{project.path}/api-keys/{senders[0]['uid']}").expect(200)
    assert Api(project.planes.control.url, project.key).post("/portal-api/events", event_body(event_type="t", endpoint_id=theirs)).status == 201
    portal(project, make_link(project, can_replay=False)).post("/portal-api/events", event_body(event_type="t", endpoint_id=mine)).expect(403)


# Goal: a link with allowed event types shows those, and lets nothing else be subscribed. Method: table, at creation and update.
def test_allowed_event_types(project):
    endpoint = project.endpoint("https://hooks.example.com/in", owner_id="acme")
    for name in ("order.paid", "user.deleted"):
        project.control.post(f"{project.path}/event-types", {"name": name}).expect(201)
    api = portal(project, make_link(project, can_manage_endpoint=True, event_types=["order.*", "ping"]))
    assert [type_["name"] for type_ in api.get("/portal-api/event-types").expect(200).data] == ["order.paid"]
    body = lambda *types: {"name": "s", "endpoint_id": endpoint["uid"], "filter_config": {"event_types": list(types)}}
    made = api.post("/portal-api/subscriptions", body("order.paid", "order.*", "order.a.*", "ping")).expect(201).data
    for types in (["*"], ["user.deleted"], ["order.paid", "order"], ["ping.*"]):
        for method, path in (("POST", "/portal-api/subscriptions"), ("PUT", f"/portal-api/subscriptions/{made['uid']}")):
            assert api.request(method, path, body(*types)).expect(403).json["code"] == "event_type_not_allowed"
    assert api.post("/portal-api/subscriptions", {"name": "s", "endpoint_id": endpoint["uid"]}).expect(403).json["code"] == "event_type_not_allowed"


# Goal: a change of what a link allows counts for the very next request. Method: a capability taken away while the token is in use.
def test_changes_count_at_once(project):
    link = make_link(project, can_manage_endpoint=True)
    api, body = portal(project, link), {"name": "n", "url": "https://hooks.example.com/new"}
    api.post("/portal-api/endpoints", body).expect(201)
    project.control.put(f"{project.path}/portal-links/{link['uid']}", {"can_manage_endpoint": False}).expect(202)
    api.post("/portal-api/endpoints", body).expect(403)
