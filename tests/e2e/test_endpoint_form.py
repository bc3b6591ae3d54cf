"""Form bodies of endpoints that want them, and how reliable endpoints were in a period."""

import time
import urllib.parse

from support.receiver import Reply
from support.signatures import advanced_timestamp, contract_advanced, standard_signature


# Goal: form endpoints get fields, sorted, numbers in their own characters, under signatures of the very bytes. Method: a payload
# of every kind of value; both rules, computed anew, verify.
def test_form(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), content_type="application/x-www-form-urlencoded", secret="form-secret")
    assert endpoint["content_type"] == "application/x-www-form-urlencoded"
    payload = (b'{ "z":1.50, "big":123456789012345678901234567890, "e":1e2, "t":"a b&c=\\u00e9", "yes":true,\n "none":null, '
               b'"in":{"k":[1, 2.0]}, "dup":1, "dup":2, "":"" }')
    project.wait_delivery(project.send(data=payload, endpoint_id=endpoint["uid"]), "Success")
    arrival, = receiver.arrivals(path)
    assert arrival.header("Content-Type") == "application/x-www-form-urlencoded"
    assert urllib.parse.parse_qsl(arrival.body.decode(), keep_blank_values=True, strict_parsing=True) == [
        ("", ""), ("big", "123456789012345678901234567890"), ("dup", "2"), ("e", "1e2"), ("in", '{"k":[1, 2.0]}'), ("none", ""),
        ("t", "a b&c=\u00e9"), ("yes", "true"), ("z", "1.50")]
    signature = arrival.header("X-Convoy-Signature")
    assert signature == contract_advanced(["form-secret"], advanced_timestamp(signature), arrival.body)
    assert arrival.header("webhook-signature") == standard_signature("form-secret", arrival.webhook_id, arrival.header("webhook-timestamp"),
                                                                     arrival.body)


# Goal: a payload that is no object cannot become a form: visible at once, without a second attempt, and the endpoint stays healthy.
# Method: an array, then an object.
def test_form_of_no_object(project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), content_type="application/x-www-form-urlencoded")
    delivery = project.wait_delivery(project.send(data=b"[1]", endpoint_id=endpoint["uid"]), "Failure")
    assert "form" in delivery["description"] and delivery["metadata"]["num_trials"] == 1
    project.wait_delivery(project.send(data=b'{"a":1}', endpoint_id=endpoint["uid"]), "Success")
    assert [arrival.body for arrival in receiver.arrivals(path)] == [b"a=1"]
    project.control.post(f"{project.path}/endpoints", {"name": "e", "url": receiver.url(path), "content_type": "text/plain"}).expect(400)


# Goal: how reliable endpoints were: in the order asked, nothing for those without deliveries, at most 100, own ones only. Method:
# one that succeeds, one that fails, one that waits for its next attempt, and one without any.
def test_failure_rates(project, receiver):
    hook, down = receiver.new_path(), receiver.new_path()
    receiver.script(down, Reply(500))
    once = {"type": "linear", "interval_seconds": 1, "retry_count": 1}
    later = {"type": "linear", "interval_seconds": 3600, "retry_count": 5}
    good, bad, idle = project.subscribed(receiver.url(hook)), project.endpoint(receiver.url(down)), project.endpoint(receiver.url(hook))
    project.subscribe(bad, ["lost"], retry_config=once)
    project.subscribe(bad, ["waits"], retry_config=later)
    for _ in range(3):
        project.wait_delivery(project.send(endpoint_id=good["uid"]), "Success")
    project.wait_delivery(project.send("lost", endpoint_id=bad["uid"]), "Failure")
    project.wait_delivery(project.send("waits", endpoint_id=bad["uid"]), "Retry")

    def rates(of, *ids, more=""):
        query = "&".join(f"endpointId={each}" for each in ids)
        return of.control.get(f"{of.path}/endpoints/period-failure-rates?{query}{more}").expect(200).data
    nothing = {"period_failure_rate": None, "success_count": 0, "failure_count": 0, "retry_count": 0}
    assert rates(project, bad["uid"], idle["uid"], good["uid"], bad["uid"]) == [
        {"uid": bad["uid"], "period_failure_rate": 1.0, "success_count": 0, "failure_count": 1, "retry_count": 1},
        {"uid": idle["uid"], **nothing},
        {"uid": good["uid"], "period_failure_rate": 0.0, "success_count": 3, "failure_count": 0, "retry_count": 0}]
    assert rates(project) == []
    assert rates(project, good["uid"], more="&startDate=2020-01-01T00:00:00&endDate=2020-01-02T00:00:00") == [{"uid": good["uid"], **nothing}]
    other = project.planes.project(f"rates-{time.time_ns()}")
    assert rates(other, good["uid"]) == [{"uid": good["uid"], **nothing}]
    assert len(rates(project, *(f"endpoint-{number}" for number in range(150)))) == 100
    project.control.get(f"{project.path}/endpoints/period-failure-rates?endpointId=x&startDate=nonsense").expect(400)
