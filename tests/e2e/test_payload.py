"""The payload's bytes arrive as they were sent."""

import pytest

from support.api import event_body
from support.receiver import Reply

PAYLOADS = {
    "whitespace": b'{ "a" :\t[ 1 ,2,\r\n   3 ]  }',
    "number-text": b'{"a":1.0e5,"b":12345678901234567890,"c":-0.0,"d":1E+2,"e":0.10,"f":1e400}',
    "key-order": b'{"z":1,"a":2,"m":{"y":1,"b":2}}',
    "duplicate-keys": b'{"a":1,"a":2,"b":{"c":3,"c":4}}',
    "unicode-escapes": b'{"a":"\\u00e9\\ud83d\\ude00\\u2028","b":"\\/\\b"}',
    "utf-8": '{"ключ":"значение 完了 🚀","é":"e\u0301"}'.encode(),
    "markup": b'{"a":"<script>&amp;</script>"}',
    "empty-object": b"{}",
    "empty-array": b"[ ]",
    "null": b"null",
    "true": b"true",
    "number": b"-12.5000e-3",
    "string": b'"just text"',
    "depth-100": b"[" * 100 + b"]" * 100,
    "long-string": b'"' + b"x" * 300_000 + b'"',
}


# Goal: whatever JSON value is sent arrives byte for byte. Method: the value inside a body with unusual whitespace around it.
@pytest.mark.parametrize("name", PAYLOADS)
def test_bytes_are_unchanged(project, receiver, name):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    payload = PAYLOADS[name]
    body = b' {\n"event_type" : "bytes" ,"data" :\t ' + payload + b' \n, "endpoint_id":"' + endpoint["uid"].encode() + b'"} \n'
    event_id = project.post_event(body).expect(201).data["uid"]
    arrival = receiver.wait(path)[0]
    assert arrival.body == payload
    assert arrival.header("Content-Length") == str(len(payload))
    assert arrival.header("Content-Type") == "application/json"
    delivery = project.wait_delivery(event_id, "Success")
    assert delivery["metadata"]["num_trials"] == 1


# Goal: a payload of exactly 1 MiB arrives; one byte more is refused with the field. Method: strings of those lengths.
def test_one_mebibyte(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    payload = b'"' + b"0123456789abcdef" * (64 * 1024) + b'"'
    payload = payload[: 1024 * 1024 - 1] + b'"'
    assert len(payload) == 1024 * 1024
    project.send("large", payload, endpoint_id=endpoint["uid"])
    assert receiver.wait(path)[0].body == payload
    refused = project.post_event(event_body(payload[:-1] + b'x"', event_type="large", endpoint_id=endpoint["uid"])).expect(413)
    assert refused.json["code"] == "payload_too_large"
    assert project.counts()[0] == 1


# Goal: custom headers and the idempotency key travel with the delivery, and cannot replace what Fairlead signs. Method: look at
# what arrives.
def test_headers_that_travel(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    project.send("headers", b"{}", endpoint_id=endpoint["uid"], idempotency_key="inv-77",
                 custom_headers={"X-Trace": "a b", "X-Convoy-Signature": "forged", "webhook-id": "forged", "Content-Type": "text/evil"})
    arrival = receiver.wait(path)[0]
    assert arrival.header("X-Trace") == "a b"
    assert arrival.header("X-Convoy-Idempotency-Key") == "inv-77"
    values = {name.lower(): [v for n, v in arrival.headers if n.lower() == name.lower()] for name, _ in arrival.headers}
    assert all(len(v) == 1 for v in values.values()), values
    assert "forged" not in str(arrival.headers)
    assert values["content-type"] == ["application/json"]


# Goal: what an endpoint answered is kept with its attempt. Method: an answer with a body and a header.
def test_response_is_captured(project, receiver):
    path = receiver.new_path()
    receiver.script(path, Reply(202, b'{"seen":true}', {"X-Answer": "yes", "Content-Type": "application/json"}))
    endpoint = project.subscribed(receiver.url(path))
    event_id = project.send(endpoint_id=endpoint["uid"])
    delivery = project.wait_delivery(event_id, "Success")
    attempt, = project.attempts(delivery["uid"])
    assert attempt["status"] is True
    assert attempt["http_status"].startswith("202")
    assert attempt["response_data"] == '{"seen":true}'
    assert attempt["method"] == "POST"
    assert attempt["url"] == receiver.url(path)
    assert attempt["ip_address"].startswith("127.0.0.1")
    assert {k.lower(): v for k, v in attempt["response_http_header"].items()}["x-answer"] == "yes"
