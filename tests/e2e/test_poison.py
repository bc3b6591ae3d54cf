"""One event or answer that PostgreSQL refuses fails alone; the batch that it came in does not."""

import threading

from support.api import event_body
from support.receiver import Reply
from support.wait import wait_until


# Goal: a batch that is refused for one event's data is bisected: that event alone is refused, the others are stored and delivered.
# Method: a constraint of the test's own refuses one event type; a lock gathers many events, the bad ones among them, into batches.
def test_poison_event_fails_alone(own_planes, receiver):
    project = own_planes.project("poison")
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    project.send(endpoint_id=endpoint["uid"])
    receiver.wait(path)
    with own_planes.database.connect() as connection:
        connection.execute("ALTER TABLE events ADD CONSTRAINT no_poison CHECK (event_type <> 'poison') NOT VALID")
    answers = {}

    def post(number):
        kind = "poison" if number % 10 == 3 else "fine"
        answers[number] = (kind, project.post_event(event_body(b"1", event_type=kind, endpoint_id=endpoint["uid"])))

    holder = own_planes.database.connect()
    holder.execute("LOCK TABLE events IN SHARE MODE")
    producers = [threading.Thread(target=post, args=(number,)) for number in range(40)]
    for producer in producers:
        producer.start()
    data = own_planes.nodes[0]
    try:
        # Both committers wait for the lock with a batch each; the rest has queued up behind them.
        wait_until("events queue up", lambda: data.metrics()["fairlead_ingest_queued"][0][1] >= 10)
    finally:
        holder.rollback()
        holder.close()
        for producer in producers:
            producer.join()
    for kind, answer in answers.values():
        if kind == "fine":
            assert answer.status == 201, answer.body
        else:
            assert (answer.status, answer.json["code"]) == (400, "event_refused")
    assert len(receiver.wait(path, 1 + 36)) == 37
    assert data.metrics()["fairlead_ingest_batches_bisected_total"][0][1] > 0


# Goal: an answer that cannot be stored does not keep its delivery, or its batch, from being recorded, and nothing is sent twice.
# Method: a constraint of the test's own refuses one status code.
def test_unstorable_answer_is_recorded_without_its_words(own_planes, receiver):
    project = own_planes.project("unstorable")
    bad, good = receiver.new_path(), receiver.new_path()
    receiver.script(bad, Reply(status=299))
    bad_endpoint, good_endpoint = project.subscribed(receiver.url(bad)), project.subscribed(receiver.url(good))
    with own_planes.database.connect() as connection:
        connection.execute("ALTER TABLE attempts ADD CONSTRAINT no_299 CHECK (status <> 299) NOT VALID")
    events = [project.send(endpoint_id=endpoint["uid"]) for endpoint in (good_endpoint, bad_endpoint, good_endpoint)]
    for event in events:
        project.wait_delivery(event, "Success")
    assert (receiver.count(bad), receiver.count(good)) == (1, 2)
