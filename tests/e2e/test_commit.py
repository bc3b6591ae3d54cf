"""A 2xx means committed: the answer waits for PostgreSQL's commit, and what is answered is there."""

import socket
import threading
from pathlib import Path

import pytest

from support.api import event_body
from support.database import uuid_of
from support.wait import wait_until


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
        wait_until("the ingest waits for the lock", lambda: planes.database.lock_waiters() > 0)
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


def unread_bytes(server_port, client_port):
    """What has arrived at the server's end of a connection and was not read yet; None: there is no such connection."""
    ends = f"0100007F:{server_port:04X} 0100007F:{client_port:04X} 01"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if " ".join(fields[1:4]) == ends:
            return int(fields[4].split(":")[1], 16)
    return None


# Goal: a drain that its deadline cuts ends by itself, with whatever still waits in the program. Method: the configuration's counter is
# locked, so that a request with an unknown key, read by the server, waits for the newest configuration; SIGTERM; the lock is given back
# once the program says that it stops.
def test_cut_drain_does_not_crash(make_planes):
    with make_planes(FAIRLEAD_DRAIN_SECONDS="1") as planes:
        node, project = planes.data, planes.project("cut")
        holder = planes.database.connect()
        holder.execute("LOCK TABLE config_counter IN ACCESS EXCLUSIVE MODE")
        with socket.create_connection(("127.0.0.1", node.port)) as producer:
            try:
                wait_until("the configuration waits for the lock", lambda: planes.database.lock_waiters() > 0)
                producer.sendall(f"POST {project.path}/events HTTP/1.1\r\nHost: data\r\nAuthorization: Bearer CO.unknown\r\n"
                                 "Content-Length: 2\r\n\r\n{}".encode())
                wait_until("the request is read", lambda: unread_bytes(node.port, producer.getsockname()[1]) == 0)
                node.terminate()
                wait_until("the program stops", lambda: "stopped exit_code=" in node.log())
            finally:
                holder.rollback()
                holder.close()
            assert producer.recv(100) == b""
        assert node.wait_end() in (0, 1), node.log_tail()
        assert "Sanitizer" not in node.log(), node.log_tail()
