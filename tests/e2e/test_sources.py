"""Sources by the management API: every field, redaction, what PUT keeps and clears, lists, deletion, bad input."""

import base64
import json

import pytest

from support.api import Api

HMAC = {"type": "hmac", "hmac": {"header": "X-Sig", "hash": "SHA256", "secret": "s3cret", "encoding": "hex"}}
BROKERS = {
    "sqs": ({"access_key_id": "AK", "secret_key": "sk-hidden", "default_region": "eu-west-1", "queue_name": "q"}, ("secret_key",)),
    "google": ({"subscription_id": "sub", "project_id": "p", "service_account": base64.b64encode(b'{"k":1}').decode()},
               ("service_account",)),
    "kafka": ({"brokers": ["a:9092", "b:9092"], "topic_name": "t", "consumer_group_id": "g",
               "auth": {"type": "scram", "hash": "SHA512", "username": "u", "password": "pw-hidden", "tls": True}}, ("auth", "password")),
    "amqp": ({"schema": "amqps", "host": "mq", "port": "5671", "queue": "q", "auth": {"user": "u", "password": "pw-hidden"},
              "bindExchange": {"exchange": "e", "routingKey": "k"}, "deadLetterExchange": "dead", "vhost": "v"}, ("auth", "password")),
}
FUNCTION = "function transform(p) { return p }"


def make(project, status=201, **fields):
    return project.control.post(f"{project.path}/sources", {"name": "s", "type": "http", **fields}).expect(status)


def put(project, source, status=202, **fields):
    body = {"name": source["name"], "type": source["type"], **fields}
    return project.control.put(f"{project.path}/sources/{source['uid']}", body).expect(status)


def get(project, source):
    return project.control.get(f"{project.path}/sources/{source['uid']}").expect(200).data


# Goal: a source answers with every field of the contract, and is read back the same. Method: all fields at creation.
def test_every_field(planes, project):
    source = make(project, verifier=HMAC, custom_response={"body": "OK", "content_type": "text/plain"},
                  idempotency_keys=["request.header.X-Id", "req.body.order.id"], event_type_location="request.body.type",
                  forward_headers=["X-Github-Event"], is_disabled=True, body_function="function transform(p) { return p }",
                  header_function="function transform(h) { return h }", convert_forms=True).data
    assert len(source["mask_id"]) == 16 and source["mask_id"].isalnum()
    assert source["url"] == f"{planes.control.url}/ingest/{source['mask_id']}"
    assert source["verifier"] == {"type": "hmac", "basic_auth": None, "api_key": None,
                                  "hmac": {"header": "X-Sig", "hash": "SHA256", "encoding": "hex", "secret": "[REDACTED]"}}
    assert source["custom_response"] == {"body": "OK", "content_type": "text/plain"}
    assert source["idempotency_keys"] == ["request.header.X-Id", "req.body.order.id"]
    assert source["event_type_location"] == "request.body.type"
    assert source["forward_headers"] == ["X-Github-Event"]
    assert source["is_disabled"] is True and source["convert_forms"] is True
    assert source["body_function"].startswith("function") and source["header_function"].startswith("function")
    assert source["provider"] == "" and source["provider_config"] is None and source["pub_sub"] is None
    assert source["deleted_at"] is None
    assert get(project, source) == source


# Goal: a source without anything has the contract's defaults. Method: name and type alone.
def test_defaults(project):
    source = make(project).data
    assert source["verifier"] == {"type": "noop", "hmac": None, "basic_auth": None, "api_key": None}
    assert source["idempotency_keys"] == [] and source["forward_headers"] == []
    assert source["is_disabled"] is False and source["convert_forms"] is False
    assert source["custom_response"] == {"body": "", "content_type": ""} and source["event_type_location"] == ""


# Goal: PUT keeps what it does not name, clears what is null, and a redacted secret stands for the one that is kept. Method: one
# source, changed step by step; the sealed bytes tell whether the secret changed.
def test_put_keeps_and_clears(planes, project):
    sealed = lambda: planes.database.value("SELECT verifier FROM sources WHERE mask = %s", [source["mask_id"]])
    source = make(project, verifier=HMAC, forward_headers=["X-A"], custom_response={"body": "hi"}, body_function=FUNCTION).data
    first = sealed()
    kept = put(project, source, name="renamed").data
    assert kept["name"] == "renamed" and kept["verifier"] == source["verifier"] and kept["forward_headers"] == ["X-A"]
    assert kept["custom_response"]["body"] == "hi" and kept["body_function"] == FUNCTION
    put(project, source, verifier=source["verifier"])
    put(project, source, verifier={"type": "", "hmac": None, "basic_auth": None, "api_key": None})
    assert sealed() == first
    cleared = put(project, source, verifier=None, forward_headers=None, custom_response=None, body_function=None).data
    assert cleared["verifier"]["type"] == "noop" and cleared["forward_headers"] == []
    assert cleared["custom_response"]["body"] == "" and cleared["body_function"] is None
    assert sealed() is None
    put(project, source, 400, verifier=source["verifier"])  # nothing is kept that the redacted value could stand for


# Goal: POST updates like PUT, for a client that does. Method: the alias.
def test_post_alias(project):
    source = make(project).data
    body = {"name": "by post", "type": "http"}
    assert project.control.post(f"{project.path}/sources/{source['uid']}", body).expect(202).data["name"] == "by post"


# Goal: no secret of a verifier or a broker is at rest or in an answer in clear. Method: search the row and the answers.
@pytest.mark.parametrize("kind", BROKERS)
def test_brokers(planes, project, kind):
    config, secret_path = BROKERS[kind]
    source = make(project, type="pub_sub", pub_sub={"type": kind, "workers": 2, kind: config}).data
    shown = source["pub_sub"]
    assert shown["type"] == kind and shown["workers"] == 2
    at = shown[kind]
    for name in secret_path:
        at = at[name]
    assert at == "[REDACTED]"
    secrets = ("hidden", BROKERS["google"][0]["service_account"])
    assert not any(secret in json.dumps(source) for secret in secrets)
    row = planes.database.value("SELECT row_to_json(s)::text FROM sources s WHERE mask = %s", [source["mask_id"]])
    assert not any(secret in row for secret in secrets)
    again = put(project, source, pub_sub=shown).data
    assert again["pub_sub"] == shown == put(project, source).data["pub_sub"] == put(project, source, pub_sub=None).data["pub_sub"]
    if kind == "amqp":
        assert shown["amqp"]["bindedExchange"] == "e" and shown["amqp"]["routingKey"] == "k"
        bare = {k: v for k, v in config.items() if k not in ("bindExchange", "auth")}
        made = make(project, type="pub_sub", pub_sub={"type": "amqp", "workers": 1, "amqp": {**bare, "port": 5672}}).data
        assert made["pub_sub"]["amqp"]["bindedExchange"] is None and made["pub_sub"]["amqp"]["port"] == "5672"


# Goal: the list is filtered by type, provider and name, and paged. Method: three sources of different kinds.
def test_list(project):
    hmac = {"hmac": {"secret": "x"}}
    made = [make(project, name="Alpha").data, make(project, name="beta", provider="github", verifier=hmac).data,
            make(project, name="alphabet", type="rest_api").data]
    names = lambda query: [s["name"] for s in project.control.get(f"{project.path}/sources?{query}").expect(200).data["content"]]
    assert names("") == ["alphabet", "beta", "Alpha"]
    assert names("type=http") == ["beta", "Alpha"]
    assert names("provider=github") == ["beta"]
    assert names("q=ALPHA") == ["alphabet", "Alpha"]
    page = project.control.get(f"{project.path}/sources?perPage=2").expect(200).data
    assert page["pagination"]["has_next_page"] is True
    assert names(f"perPage=2&direction=next&next_page_cursor={page['pagination']['next_page_cursor']}") == ["Alpha"]
    assert made[1]["verifier"]["hmac"]["secret"] == "[REDACTED]"


# Goal: a deleted source is gone with its subscriptions. Method: delete, then look for both.
def test_delete_cascades(project, receiver):
    source = make(project).data
    endpoint = project.endpoint(receiver.url(receiver.new_path()))
    subscription = project.subscribe(endpoint, ["*"], source_id=source["uid"])
    assert subscription["source_metadata"]["uid"] == source["uid"]
    project.control.delete(f"{project.path}/sources/{source['uid']}").expect(200)
    project.control.get(f"{project.path}/sources/{source['uid']}").expect(404)
    project.control.get(f"{project.path}/subscriptions/{subscription['uid']}").expect(404)
    project.control.delete(f"{project.path}/sources/{source['uid']}").expect(404)


# Goal: another project's source is answered like one that never was. Method: every operation with the other's id.
def test_foreign_source(planes, project, request, receiver):
    other = planes.project(f"foreign-sources-{id(request)}")
    source = make(other).data
    path = f"{project.path}/sources/{source['uid']}"
    unknown = f"{project.path}/sources/01J8ZQ3J2V8M3C5T9YH4N6R7KA"
    body = {"name": "n", "type": "http"}
    for call in (lambda p: project.control.get(p), lambda p: project.control.put(p, body), lambda p: project.control.delete(p)):
        foreign, none = call(path).expect(404).json, call(unknown).expect(404).json
        assert {k: v for k, v in foreign.items() if k != "request_id"} == {k: v for k, v in none.items() if k != "request_id"}
    endpoint = project.endpoint(receiver.url(receiver.new_path()))
    refused = project.control.post(f"{project.path}/subscriptions", {"name": "n", "endpoint_id": endpoint["uid"],
                                                                     "source_id": source["uid"]}).expect(404)
    assert refused.json["field"] == "source_id"
    assert get(other, source) == source


# Goal: an incoming project's subscriptions name a source. Method: one without, one with.
def test_incoming_project(planes, receiver, request):
    api = Api(planes.control.url, planes.organisation_key)
    made = api.post(f"/api/v1/projects?orgID={planes.organisation_id}",
                    {"name": f"incoming-{id(request)}", "type": "incoming"}).expect(201).data["project"]["uid"]
    path = f"/api/v1/projects/{made}"
    source = api.post(f"{path}/sources", {"name": "s", "type": "http"}).expect(201).data
    endpoint = api.post(f"{path}/endpoints", {"name": "e", "url": receiver.url(receiver.new_path())}).expect(201).data
    body = {"name": "n", "endpoint_id": endpoint["uid"]}
    refused = api.post(f"{path}/subscriptions", body).expect(400).json
    assert (refused["code"], refused["field"]) == ("required", "source_id")
    api.post(f"{path}/subscriptions", {**body, "source_id": source["uid"]}).expect(201)
    api.post(f"{path}/subscriptions", {**body, "name": "second", "source_id": source["uid"]}).expect(201)


# Goal: a lost update is refused. Method: If-Match with the entity tag of before another's change.
def test_if_match(project):
    source = make(project).data
    path = f"{project.path}/sources/{source['uid']}"
    tag = project.control.get(path).expect(200).headers["etag"]
    put(project, source, name="other")
    project.control.put(path, {"name": "mine", "type": "http"}, headers={"If-Match": tag}).expect(412)
    assert get(project, source)["name"] == "other"


HMAC_PART = HMAC["hmac"]
KAFKA = BROKERS["kafka"][0]
BAD = {
    "no-name": ({"name": None}, "required", "name"),
    "name-number": ({"name": 7}, "wrong_type", "name"),
    "name-long": ({"name": "x" * 256}, None, "name"),
    "no-type": ({"type": None}, "required", "type"),
    "type-unknown": ({"type": "ftp"}, "invalid_type", "type"),
    "provider-unknown": ({"provider": "acme"}, "invalid_provider", "provider"),
    "provider-without-secret": ({"provider": "stripe"}, "required", "verifier.hmac.secret"),
    "provider-of-a-broker": ({"provider": "stripe", "type": "rest_api", "verifier": HMAC}, "invalid_provider", "provider"),
    "verifier-text": ({"verifier": "hmac"}, "wrong_type", "verifier"),
    "verifier-type": ({"verifier": {"type": "jwt"}}, "invalid_type", "verifier.type"),
    "hmac-missing": ({"verifier": {"type": "hmac"}}, "required", "verifier.hmac"),
    "hmac-no-header": ({"verifier": {"type": "hmac", "hmac": {**HMAC_PART, "header": ""}}}, "required", "verifier.hmac.header"),
    "hmac-bad-header": ({"verifier": {"type": "hmac", "hmac": {**HMAC_PART, "header": "a b"}}}, "invalid_header", "verifier.hmac.header"),
    "hmac-md5": ({"verifier": {"type": "hmac", "hmac": {**HMAC_PART, "hash": "MD5"}}}, "invalid_hash", "verifier.hmac.hash"),
    "hmac-encoding": ({"verifier": {"type": "hmac", "hmac": {**HMAC_PART, "encoding": "utf8"}}}, "invalid_encoding", "verifier.hmac.encoding"),
    "hmac-redacted": ({"verifier": {"type": "hmac", "hmac": {**HMAC_PART, "secret": "[REDACTED]"}}}, "required", "verifier.hmac.secret"),
    "hmac-many-secrets": ({"verifier": {"type": "hmac", "hmac": {**HMAC_PART, "secrets": ["x"] * 10}}}, "too_many", "verifier.hmac.secrets"),
    "basic-colon": ({"verifier": {"type": "basic_auth", "basic_auth": {"username": "a:b", "password": "c"}}}, "invalid_username",
                    "verifier.basic_auth.username"),
    "basic-no-password": ({"verifier": {"type": "basic_auth", "basic_auth": {"username": "a"}}}, "required", "verifier.basic_auth.password"),
    "key-no-value": ({"verifier": {"type": "api_key", "api_key": {"header_name": "X"}}}, "required", "verifier.api_key.header_value"),
    "response-long": ({"custom_response": {"body": "x" * 51201}}, None, "custom_response.body"),
    "response-split": ({"custom_response": {"body": "x", "content_type": "a\r\nX: y"}}, "invalid_header", "custom_response.content_type"),
    "keys-short": ({"idempotency_keys": ["request.header"]}, "invalid_selector", "idempotency_keys.0"),
    "keys-place": ({"idempotency_keys": ["request.header.A", "request.cookie.B"]}, "invalid_selector", "idempotency_keys.1"),
    "keys-header-dots": ({"idempotency_keys": ["request.header.A.B"]}, "invalid_selector", "idempotency_keys.0"),
    "location": ({"event_type_location": "body.type"}, "invalid_selector", "event_type_location"),
    "location-unsigned": ({"event_type_location": "request.header.X", "verifier": HMAC}, "unsigned_location", "event_type_location"),
    "forward-credential": ({"forward_headers": ["Authorization"]}, "credential_header", "forward_headers.0"),
    "forward-reserved": ({"forward_headers": ["X-A", "Host"]}, "reserved_header", "forward_headers.1"),
    "forward-verifier": ({"forward_headers": ["x-key"], "verifier": {"type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "v"}}},
                         "credential_header", "forward_headers"),
    "function-long": ({"body_function": "x" * 65537}, None, "body_function"),
    "function-syntax": ({"body_function": "function transform("}, "function_invalid", "body_function"),
    "function-name": ({"header_function": "function shape(h) { return h }"}, "function_invalid", "header_function"),
    "function-endless": ({"header_function": "for (;;);"}, "function_time_limit", "header_function"),
    "function-number": ({"header_function": 1}, "wrong_type", "header_function"),
    "disabled-text": ({"is_disabled": "yes"}, "wrong_type", "is_disabled"),
    "no-pub-sub": ({"type": "pub_sub"}, "required", "pub_sub"),
    "broker-type": ({"type": "pub_sub", "pub_sub": {"type": "nats", "workers": 1}}, "invalid_type", "pub_sub.type"),
    "broker-workers": ({"type": "pub_sub", "pub_sub": {"type": "kafka", "workers": 0, "kafka": KAFKA}}, "out_of_range", "pub_sub.workers"),
    "broker-missing": ({"type": "pub_sub", "pub_sub": {"type": "kafka", "workers": 1}}, "required", "pub_sub.kafka"),
    "kafka-brokers": ({"type": "pub_sub", "pub_sub": {"type": "kafka", "workers": 1, "kafka": {**KAFKA, "brokers": []}}}, "required",
                      "pub_sub.kafka.brokers"),
    "kafka-hash": ({"type": "pub_sub", "pub_sub": {"type": "kafka", "workers": 1, "kafka": {**KAFKA, "auth": {**KAFKA["auth"], "hash": "MD5"}}}},
                   "invalid_value", "pub_sub.kafka.auth.hash"),
    "google-account": ({"type": "pub_sub", "pub_sub": {"type": "google", "workers": 1, "google": {**BROKERS["google"][0], "service_account": "?"}}},
                       "invalid_value", "pub_sub.google.service_account"),
    "amqp-port": ({"type": "pub_sub", "pub_sub": {"type": "amqp", "workers": 1, "amqp": {**BROKERS["amqp"][0], "port": "x"}}}, "out_of_range",
                  "pub_sub.amqp.port"),
    "amqp-schema": ({"type": "pub_sub", "pub_sub": {"type": "amqp", "workers": 1, "amqp": {**BROKERS["amqp"][0], "schema": "http"}}},
                    "invalid_value", "pub_sub.amqp.schema"),
    "http-with-broker": ({"pub_sub": {"type": "kafka", "workers": 1, "kafka": KAFKA}}, "invalid_value", "pub_sub"),
}


# Goal: what is wrong is refused, named by field and a stable code, at creation and at update alike; nothing is stored. Method: a
# table of one fault each.
@pytest.mark.parametrize("name", BAD)
def test_bad_input(project, name):
    changes, code, field = BAD[name]
    good = {"name": "s", "type": "http"}
    body = {key: value for key, value in {**good, **changes}.items() if value is not None}
    refused = project.control.post(f"{project.path}/sources", body).expect(400).json
    assert refused["field"] == field and (code is None or refused["code"] == code), refused
    assert project.control.get(f"{project.path}/sources").expect(200).data["content"] == []
    source = make(project).data
    if not name.startswith("provider"):
        refused = project.control.put(f"{project.path}/sources/{source['uid']}", body).expect(400).json
        assert refused["field"] == field and (code is None or refused["code"] == code), refused
    assert get(project, source) == source
