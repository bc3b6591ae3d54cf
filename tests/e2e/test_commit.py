"""A 2xx means committed: the answer waits for PostgreSQL's commit, and what is answered is there."""

import threading

import pytest

from support.api import event_body
from support.database import uuid_of
from support.wait import wait_until


def is_waiting_for_lock(database):
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0


# Goal: no answer before the commit. Method: the test holds a lock that every insert into events must wait for; while PostgreSQL
# says that somebody waits, no answer is there and no row; once released, the 201 comes and the row is there at that moment.
@pytest.mark.parametrize("route", ["", "/fanout", "/broadcast"])
def test_answer_waits_for_the_commit(planes, project, receiver, route):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path), owner_id="lock")
    head = {"": {"endpoint_id": endpoint["uid"]}, "/fanout": {"owner_id": "lock"}, "/broadcast": {}}[route]
    answers, rows_at_answer = [], []

    def post():
        answer = project.post_event(event_body(b'{"n":1}', event_type="held", **head), route)
        answers.append(answer)
        with planes.database.connect() as look:
            rows_at_answer.append(look.execute("SELECT count(*) FROM events WHERE project_id = %s", [project.uuid]).fetchone()[0])

    holder = planes.database.connect()
    holder.execute("LOCK TABLE events IN SHARE MODE")
    producer = threading.Thread(target=post)
    producer.start()
    try:
        wait_until("the ingest waits for the lock", lambda: is_waiting_for_lock(planes.database))
        assert answers == []
        assert project.counts()[0] == 0
        assert receiver.count(path) == 0
    finally:
        holder.rollback()
        holder.close()
        producer.join()
    assert answers[0].status == 201
    assert rows_at_answer == [1]
    event_id = answers[0].data["uid"]
    assert planes.database.value("SELECT count(*) FROM events WHERE id = %s", [uuid_of(event_id)]) == 1
    receiver.wait(path)


# Goal: an answered event is stored as it was sent, whatever route it took. Method: compare the row with the request.
def test_stored_row_is_the_request(planes, project, receiver):
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    body = b'{ "z": 1.50, "a": [ ] }'
    event_id = project.send("row.check", body, endpoint_id=endpoint["uid"], idempotency_key="row-1", custom_headers={"X-One": "1"})
    stored = planes.database.rows("SELECT event_type, body, idempotency_key FROM events WHERE id = %s", [uuid_of(event_id)])
    assert [(t, bytes(b), k) for t, b, k in stored] == [("row.check", body, "row-1")]
    shown = project.event(event_id)
    assert (shown["uid"], shown["event_type"], shown["idempotency_key"]) == (event_id, "row.check", "row-1")
    arrival = receiver.wait(path)[0]
    assert arrival.body == body
    assert arrival.header("X-One") == "1"
