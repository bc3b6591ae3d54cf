"""Functions: checked where they are saved, run where they are tried, and bounded; alerts and rates of subscriptions, which are kept."""

import concurrent.futures

import pytest

from support.api import Api
from support.wait import wait_until

ECHO = "function transform(payload) { return payload }"
ALERT, RATE = {"count": 5, "threshold": "1h30m"}, {"count": 10, "duration": 60}
KINDS = ["sources", "subscriptions"]


def trial(project, what, function, payload=None, api=None, **fields):
    body = {"function": function, **({} if payload is None else {"payload": payload}), **fields}
    return (api or project.control).post(f"{project.path}/{what}/test_function", body)


@pytest.fixture
def subscription(project):
    return project.subscribe(project.endpoint("https://hooks.example.com/in"), ["a"])


# Goal: a function is tried on a payload; what it returns and says is shown. Method: both operations; modern syntax, both arguments,
# numbers, text beyond ASCII, a promise.
@pytest.mark.parametrize("what", KINDS)
def test_trial(project, what):
    function = "const transform = async ({items, ...rest}, context) => {\n  console.log('n', items.length, {rest});\n  console.warn(context)\n" \
               "  return {...rest, total: items.reduce((sum, each) => sum + each.price * each.count, 0), é: `€ ${rest?.name ?? '-'}`} }"
    made = trial(project, what, function, {"items": [{"price": 1.5, "count": 2}, {"price": 4, "count": 1}], "name": "😀"},
                 context={"event_type": "order.paid"}).expect(200).data
    assert made == {"payload": {"name": "😀", "total": 7, "é": "€ 😀"}, "log": ['n 2 {"rest":{"name":"😀"}}', '{"event_type":"order.paid"}']}
    assert trial(project, what, ECHO).expect(200).data == {"payload": {}, "log": []}
    assert trial(project, what, "function transform() { return null }").expect(200).data["payload"] is None


FAULTS = {
    "syntax": ("function transform(p) {\n  return p +;\n}", "function_invalid", "line 2, column 13"),
    "no-transform": ("function transfrom(p) { return p }", "function_invalid", "transform"),
    "throws": ("function transform(p) {\n\n  throw new Error('out of stock') }", "function_failed", "line 3, column 9: Error: out of stock"),
    "undefined": ("function transform(p) { return p.a.b }", "function_failed", "line 1"),
    "nothing": ("function transform(p) { p.a = 1 }", "function_no_result", "returns nothing"),
    "endless": ("function transform(p) { for (;;); }", "function_time_limit", "50 ms"),
    "regex": ("function transform(p) { return /^(a+)+$/.test('a'.repeat(40) + '!') }", "function_time_limit", "50 ms"),
    "memory": ("function transform(p) { return 'x'.repeat(2 ** 29).split('') }", ("function_memory_limit", "function_time_limit"), ""),
    "output": ("function transform(p) { return 'x'.repeat(2 ** 20) }", "function_output_limit", "1 MiB"),
    "deep": ("function transform(p) { let a = 1; for (let i = 0; i < 200; i++) a = [a]; return a }", "function_output_invalid", "deep"),
    "no-files": ("function transform(p) { return require('fs').readFileSync('/etc/passwd') }", "function_failed", "require is not defined"),
}


# Goal: a function that fails is a 400 with a stable code, the field, and the line where known; the next one runs. Method: one fault
# each, both operations.
@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("name", FAULTS)
def test_trial_fails(project, what, name):
    function, code, said = FAULTS[name]
    refused = trial(project, what, function, {}).expect(400).json
    assert refused["field"] == "function" and refused["code"] in ([code] if isinstance(code, str) else code), refused
    assert said in refused["message"] and refused["message"].startswith("function: ")
    assert trial(project, what, ECHO, {"a": 1}).expect(200).data["payload"] == {"a": 1}


BAD_TRIALS = [({}, "required", "function"), ({"function": " "}, "required", "function"), ({"function": 1}, "wrong_type", "function"),
              ({"function": "x" * 65537}, "too_long", "function"), ({"function": ECHO, "payload": [1]}, "wrong_type", "payload"),
              ({"function": ECHO, "payload": {"a": "x" * 2**20}}, "too_long", "payload"), ({"function": ECHO, "context": 1}, "wrong_type", "context")]


# Goal: what is missing or wrong in a trial is named. Method: a table of one fault each, both operations.
@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("body,code,field", BAD_TRIALS, ids=[f"{row[2]}-{row[1]}-{n}" for n, row in enumerate(BAD_TRIALS)])
def test_bad_trial(project, what, body, code, field):
    refused = project.control.post(f"{project.path}/{what}/test_function", body).expect(400).json
    assert (refused["code"], refused["field"]) == (code, field)


BODIES = [({"event_type": "a", "data": {}}, None), ({"event_type": "a", "data": None, "endpoint_id": "e", "owner_id": "o", "custom_headers": {"X": "y"},
                                                     "idempotency_key": "k"}, None),
          ({"data": {}}, "event_type"), ({"event_type": "a"}, "data"), ({"event_type": 1, "data": 1}, "event_type"), ([], "object"),
          ({"event_type": "a", "data": 1, "extra": 1}, "extra"), ({"event_type": "a", "data": 1, "custom_headers": {"X": 1}}, "custom_headers")]


# Goal: of a source's function it is checked that what it makes can be used. Method: outputs of each kind, good and bad; other types.
def test_types_of_sources(project):
    for output, said in BODIES:
        answer = trial(project, "sources", "function transform(p) { return p.made }", {"made": output}, type="body")
        if said is None:
            assert answer.expect(200).data["payload"] == output
        else:
            refused = answer.expect(400).json
            assert refused["code"] == "function_output_invalid" and said in refused["message"], refused
    assert trial(project, "sources", ECHO, {"X-A": "b"}, type="header").expect(200).data["payload"] == {"X-A": "b"}
    assert trial(project, "sources", ECHO, {"X-A": 1}, type="header").expect(400).json["code"] == "function_output_invalid"
    assert trial(project, "sources", ECHO, {"X-A": 1}).expect(200).data["payload"] == {"X-A": 1}
    assert trial(project, "sources", ECHO, {}, type="query").expect(400).json["field"] == "type"
    assert trial(project, "subscriptions", ECHO, {}, type="query").expect(200).data["payload"] == {}


# Goal: trials are of the project: another's key is answered as if there were none, and a portal's token is refused. Method: both.
def test_trials_of_others(planes, project):
    other = planes.project("other")
    for what in KINDS:
        theirs = trial(project, what, ECHO, {}, api=other.control).expect(404).json
        nobody = other.control.post(f"/api/v1/projects/01J8ZQ3J2V8M3C5T9YH4N6R7KA/{what}/test_function", {"function": ECHO}).expect(404).json
        assert (theirs["code"], theirs["message"]) == (nobody["code"], nobody["message"])
        link = project.control.post(f"{project.path}/portal-links", {"name": "c", "owner_id": "o", "can_manage_endpoint": True}).expect(201).data
        trial(project, what, ECHO, {}, api=Api(planes.control.url, link["token"])).expect(403)


# Goal: a subscription keeps a function that compiles, and none that does not. Method: creation, update, clearing; the row itself.
def test_function_of_a_subscription(planes, project):
    endpoint = project.endpoint("https://hooks.example.com/in")
    path = f"{project.path}/subscriptions"
    made = project.control.post(path, {"name": "s", "endpoint_id": endpoint["uid"], "function": ECHO}).expect(201).data
    assert made["function"] == ECHO
    one = f"{path}/{made['uid']}"
    for body, shown in (({}, ECHO), ({"function": ""}, ECHO), ({"function": ECHO + "//"}, ECHO + "//"), ({"function": None}, None), ({}, None)):
        assert project.control.put(one, body).expect(202).data["function"] == shown
        assert project.control.get(one).expect(200).data["function"] == shown
    for what in ("function transform(p) { return }}", "function other() {}", "throw 1"):
        refused = project.control.put(one, {"function": what}).expect(400).json
        assert refused["field"] == "function" and refused["code"] in ("function_invalid", "function_failed")
        assert project.control.post(path, {"name": "s", "endpoint_id": endpoint["uid"], "function": what}).expect(400).json["field"] == "function"
    assert project.control.get(one).data["function"] is None
    bare = project.control.post(path, {"name": "s", "endpoint_id": endpoint["uid"]}).expect(201).data
    assert bare["function"] == "" and project.control.get(f"{path}/{bare['uid']}").data["function"] is None


# Goal: a portal's customer sees a subscription's function and does not change it. Method: sent back as it is, another one, none.
def test_function_in_the_portal(planes, project):
    endpoint = project.control.post(f"{project.path}/endpoints", {"name": "e", "url": "https://hooks.example.com/in", "owner_id": "o"}).expect(201).data
    made = project.control.post(f"{project.path}/subscriptions", {"name": "s", "endpoint_id": endpoint["uid"], "function": ECHO}).expect(201).data
    link = project.control.post(f"{project.path}/portal-links", {"name": "c", "owner_id": "o", "can_manage_endpoint": True}).expect(201).data
    customer, path = Api(planes.control.url, link["token"]), f"/portal-api/subscriptions/{made['uid']}"
    assert customer.put(path, {"name": "t", "function": ECHO}).expect(202).data["function"] == ECHO
    for function in (ECHO + "//", None):
        assert customer.put(path, {"function": function}).expect(403).json["field"] == "function"
    refused = customer.post("/portal-api/subscriptions", {"name": "s", "endpoint_id": endpoint["uid"], "function": ECHO})
    assert refused.expect(403).json["field"] == "function"


BAD_KEPT = [("alert_config", 1, "wrong_type", "alert_config"), ("alert_config", {"count": -1}, "out_of_range", "alert_config.count"),
            ("alert_config", {"count": "1", "threshold": "1h"}, "wrong_type", "alert_config.count"),
            ("alert_config", {"count": 1}, "required", "alert_config.threshold"), ("alert_config", {"threshold": "1h"}, "required", "alert_config.count"),
            ("alert_config", {"count": 1, "threshold": "soon"}, "invalid_duration", "alert_config.threshold"),
            ("alert_config", {"count": 1, "threshold": 60}, "wrong_type", "alert_config.threshold"),
            ("rate_limit_config", [], "wrong_type", "rate_limit_config"), ("rate_limit_config", {"count": 1}, "required", "rate_limit_config.duration"),
            ("rate_limit_config", {"duration": 1}, "required", "rate_limit_config.count"),
            ("rate_limit_config", {"count": 1.5, "duration": 1}, "wrong_type", "rate_limit_config.count"),
            ("rate_limit_config", {"count": 1, "duration": "1m"}, "wrong_type", "rate_limit_config.duration"),
            ("rate_limit_config", {"count": 1, "duration": 86401}, "out_of_range", "rate_limit_config.duration")]


# Goal: what is wrong in an alert or a rate is named, at creation and at update. Method: a table of one fault each.
@pytest.mark.parametrize("name,value,code,field", BAD_KEPT, ids=[f"{row[3]}-{row[2]}-{n}" for n, row in enumerate(BAD_KEPT)])
def test_bad_alerts_and_rates(project, subscription, name, value, code, field):
    one = f"{project.path}/subscriptions/{subscription['uid']}"
    endpoint = project.endpoint("https://hooks.example.com/2")
    for refused in (project.control.put(one, {name: value}),
                    project.control.post(f"{project.path}/subscriptions", {"name": "s", "endpoint_id": endpoint["uid"], name: value})):
        answer = refused.expect(400).json
        assert (answer["code"], answer["field"]) == (code, field)
    assert name not in project.control.get(one).data


# Goal: alerts and rates are kept as given, zero and empty keep them, null clears. Method: step by step, with what clients send when
# they have none.
def test_alerts_and_rates(project, subscription):
    one = f"{project.path}/subscriptions/{subscription['uid']}"
    put = lambda **fields: project.control.put(one, fields).expect(202).data
    assert "alert_config" not in subscription and "rate_limit_config" not in subscription
    nothing = put(alert_config={"count": 0, "threshold": ""}, rate_limit_config={"count": 0, "duration": 0})
    assert "alert_config" not in nothing and "rate_limit_config" not in nothing
    kept = put(alert_config=ALERT, rate_limit_config=RATE)
    assert kept["alert_config"] == ALERT and kept["rate_limit_config"] == RATE
    for fields in ({}, {"alert_config": {"count": 0, "threshold": ""}, "rate_limit_config": {"count": 0, "duration": 0}}):
        assert put(**fields)["alert_config"] == ALERT and project.control.get(one).data["rate_limit_config"] == RATE
    assert put(alert_config={"count": 7}, rate_limit_config={"duration": 9})["alert_config"] == {"count": 7, "threshold": "1h30m"}
    cleared = put(alert_config=None, rate_limit_config=None)
    assert "alert_config" not in cleared and "rate_limit_config" not in cleared
    endpoint = project.endpoint("https://hooks.example.com/2")
    made = project.control.post(f"{project.path}/subscriptions", {"name": "s", "endpoint_id": endpoint["uid"], "alert_config": ALERT,
                                                                  "rate_limit_config": RATE}).expect(201).data
    assert made["alert_config"] == ALERT and made["rate_limit_config"] == RATE


# Goal: one project that keeps the workers busy does not keep another waiting, and is told when it asks too much; the API goes on.
# Method: forty endless functions at once, and meanwhile another project's trials.
def test_a_busy_project(planes, project):
    other = planes.project("patient")
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        running = [pool.submit(trial, project, "sources", "function transform() { for (;;); }", {}) for _ in range(40)]
        wait_until("a first answer", lambda: any(each.done() for each in running))
        for _ in range(3):
            assert trial(other, "sources", ECHO, {"a": 1}).expect(200).data["payload"] == {"a": 1}
            project.control.get(f"{project.path}/sources").expect(200)
        codes = [each.result().json["code"] for each in running]
    assert set(codes) <= {"function_time_limit", "functions_busy"} and "function_time_limit" in codes
    assert codes.count("functions_busy") > 0
