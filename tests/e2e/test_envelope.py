"""Every refusal speaks in the envelope: status, message, code, field where there is one, and the request's id."""

from support.api import Api


def check(answer, status, code, field=None):
    assert answer.status == status, answer.body
    body = answer.json
    assert answer.headers["content-type"] == "application/json"
    assert body["status"] is False and body["message"] and body["code"] == code and "data" not in body, body
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body.get("field") == field, body


# Goal: the same envelope for every kind of refusal of the management API, with the client's own request id. Method: one of each.
def test_control_plane(planes, project):
    control, headers = project.control, {"X-Request-Id": "mine"}
    def refused(status, code, method, path, body=None, field=None, **more):
        check(control.request(method, path, body, headers={**headers, **more}), status, code, field)
    endpoint = project.endpoint("https://hooks.example.com/in")
    path = f"{project.path}/endpoints/{endpoint['uid']}"
    refused(400, "required", "POST", f"{project.path}/endpoints", {"url": "https://a.example.com"}, "name")
    refused(400, "invalid_json", "POST", f"{project.path}/endpoints", b"{")
    refused(401, "authorization_failed", "GET", f"{project.path}/endpoints", Authorization="Bearer CO.no")
    refused(401, "authentication_required", "GET", f"{project.path}/endpoints", Authorization="Bearer")
    refused(403, "organisation_key_required", "POST", "/api/v1/projects", {"name": "n", "type": "outgoing"})
    refused(404, "not_found", "GET", f"{project.path}/endpoints/{'0' * 26}")
    refused(404, "no_such_route", "GET", "/api/v1/nothing")
    refused(405, "method_not_allowed", "PATCH", path)
    refused(412, "precondition_failed", "DELETE", path, **{"If-Match": '"1"'})
    refused(413, "payload_too_large", "POST", f"{project.path}/endpoints", b" " * (3 * 1024 * 1024))
    refused(414, "target_too_long", "GET", f"{project.path}/endpoints?q=" + "a" * 9000)
    refused(415, "unsupported_media_type", "GET", f"{project.path}/endpoints", **{"Content-Type": "text/xml"})
    refused(431, "headers_too_large", "GET", f"{project.path}/endpoints", **{"X-Large": "a" * 40000})


# Goal: the same of the data plane. Method: one of each that it has.
def test_data_plane(planes, request):
    project = planes.project(f"envelope-{id(request.node)}", ratelimit={"count": 1, "duration": 3600})
    data = Api(planes.data.url, project.key)
    def refused(status, code, method, path, body=None, field=None, **more):
        check(data.request(method, path, body, headers={"X-Request-Id": "mine", **more}), status, code, field)
    refused(401, "authorization_failed", "POST", f"{project.path}/events", {}, Authorization="Bearer CO.no")
    refused(404, "no_such_route", "GET", "/api/v1/nothing")
    refused(405, "method_not_allowed", "GET", f"{project.path}/events")
    refused(415, "unsupported_media_type", "POST", f"{project.path}/events", b"x", **{"Content-Type": "text/plain"})
    refused(400, "invalid_json", "POST", f"{project.path}/events", b"{")
    refused(429, "project_rate_limited", "POST", f"{project.path}/events", {"event_type": "a", "data": 1, "endpoint_id": "0" * 26})
    refused(414, "target_too_long", "POST", f"{project.path}/events?q=" + "a" * 9000, {})
    refused(431, "headers_too_large", "POST", f"{project.path}/events", {}, **{"X-Large": "a" * 40000})


# Goal: what is not there is told as 503 in the envelope. Method: events over the control plane while the data plane is stopped.
def test_unavailable(own_planes):
    project = own_planes.project("unavailable")
    own_planes.data.stop()
    answer = project.control.post(f"{project.path}/events/fanout", {"event_type": "a", "data": 1, "owner_id": "o"}, headers={"X-Request-Id": "mine"})
    check(answer, 503, "data_plane_unavailable")
    assert answer.headers["retry-after"]
    own_planes.data.start()
