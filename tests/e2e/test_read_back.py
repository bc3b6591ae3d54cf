"""Deliveries that are read back from the database, because they were not offered from memory or found no room there."""

import json
import threading

from support.wait import wait_until


class Barrier:
    """Holds up each reading of events: it locks their last partition, into which nothing is inserted yet."""

    def __init__(self, database):
        self._database = database
        self._partition = database.value("SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'events'::regclass")
        self._connection = database.connect()
        self._lock(self._connection)

    def _lock(self, connection):
        connection.execute("SET LOCAL application_name = 'barrier'")
        connection.execute(f"LOCK TABLE {self._partition} IN ACCESS EXCLUSIVE MODE")

    def wait_for_reading(self):
        wait_until("the fetch waits", lambda: self._database.lock_waiters("fairlead-data fetch") == 1)

    def let_one_pass(self):
        """The reading that waits; the next one waits again."""
        following = self._database.connect()
        thread = threading.Thread(target=self._lock, args=[following])
        thread.start()
        wait_until("the next lock waits behind it", lambda: self._database.lock_waiters("barrier") == 1)
        self.open()
        thread.join()
        self._connection = following

    def open(self):
        self._connection.rollback()
        self._connection.close()


def enqueue_again(database, row):
    """A row of the queue that the data plane has no knowledge of, and the hint that there is one."""
    database.rows(f"WITH q AS (INSERT INTO queue VALUES ({', '.join(['%s'] * len(row))}) RETURNING *)"
                  " SELECT pg_notify('fairlead_hints', concat_ws('/', lane, endpoint_id, project_id)) FROM q", row)


# Goal: under steady traffic an endpoint whose rows are read back goes over to memory again. Method: a row that only the database knows;
# while it is read back, an event comes, which has to be read back too; while that one is, another comes, and arrives before it.
def test_traffic_leaves_the_database(own_planes, receiver):
    database, project = own_planes.database, own_planes.project("back")
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    gate = receiver.hold(path)
    project.send("first", b'{"n":1}', endpoint_id=endpoint["uid"])
    receiver.wait(path)
    row = database.rows("SELECT * FROM queue")[0]
    gate.open()
    wait_until("it is recorded", lambda: database.value("SELECT count(*) FROM queue") == 0)

    barrier = Barrier(database)
    try:
        enqueue_again(database, row)
        barrier.wait_for_reading()
        missed = project.send("missed", b'{"n":2}', endpoint_id=endpoint["uid"])
        barrier.let_one_pass()
        barrier.wait_for_reading()
        offered = project.send("offered", b'{"n":3}', endpoint_id=endpoint["uid"])
        receiver.wait(path, 3)
    finally:
        barrier.open()
    assert [arrival.body for arrival in receiver.wait(path, 4)] == [b'{"n":%d}' % number for number in (1, 1, 3, 2)]
    for event_id in (missed, offered):
        project.wait_delivery(event_id, "Success")
    assert receiver.count(path) == 4


# Goal: what is read back comes whole, once, and at every endpoint, though it is more than is read, and more than is held, at a time.
# Method: two paused endpoints of an owner and 160 events of 100 KiB; a new data plane, which has seen none of them; both endpoints
# are paused no more.
def test_many_large_events_are_read_back(own_planes, receiver):
    database, project = own_planes.database, own_planes.project("large")
    paths = [receiver.new_path() for _ in range(2)]
    endpoints = [project.subscribed(receiver.url(path), owner_id="large") for path in paths]

    def toggle():
        for endpoint in endpoints:
            project.control.put(f"{project.path}/endpoints/{endpoint['uid']}/pause").expect(202)

    toggle()
    for begin in range(0, 160, 10):
        items = [{"owner_id": "large", "event_type": "large", "data": {"n": number, "text": "x" * 100 * 1024}}
                 for number in range(begin, begin + 10)]
        assert project.data.post(f"{project.path}/events/batch", items).expect(201).data["accepted"] == 10
    own_planes.data.stop()
    own_planes.data.start()
    assert database.value("SELECT count(*) FROM queue") == 320
    toggle()
    wait_until("all are recorded", lambda: database.value("SELECT count(*) FROM queue") == 0)
    for path in paths:
        bodies = [json.loads(arrival.body) for arrival in receiver.arrivals(path)]
        assert sorted(body["n"] for body in bodies) == list(range(160))
        assert {body["text"] for body in bodies} == {"x" * 100 * 1024}
