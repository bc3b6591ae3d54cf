"""PostgreSQL crashes, freezes, refuses, is full, and ends backends in the middle of their work."""

import threading

import pytest

from harness import disk, faults
from harness.arena import Round
from harness.cluster import DATA_ROLE
from support.api import Api
from support.wait import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"


# Goal: whatever becomes of PostgreSQL, nothing acknowledged is lost, and the node goes on by itself. Method: each fault in turn under
# load; the node is never restarted, so its counters have to balance too.
@pytest.mark.parametrize("fault", faults.POSTGRES, ids=lambda fault: fault.__name__)
def test_postgres(judged, fault):
    judged(fault)


# Goal: an event whose commit had no answer is delivered as soon as its repetition is acknowledged, not at the next scan of its
# lane (up to a minute later). Method: the node's connection is lost while a lock of the test holds the commit; then it is released.
def test_unknown_commit_is_delivered_soon(arena):
    round_ = Round(arena, "unknown", seed=1)
    path, body = round_.request(0)
    api, answers = Api(arena.node.url, round_.project.key), []
    thread = threading.Thread(target=lambda: answers.append(api.post(path, body)))
    with faults.through_proxy(arena) as proxy:
        for number in (1, 2, 4, 5, 6, 8):  # each connection has prepared the statement: else the lock would hold up that
            api.post(*round_.request(number)).expect(201)
        with arena.cluster.connect(arena.database.name) as holder, holder.transaction():
            holder.execute("LOCK TABLE events IN SHARE MODE")
            thread.start()
            wait_until("the commit waits", lambda: arena.value(WAITING, [DATA_ROLE]) == 1)
            proxy.open(drops=True)
            thread.join()
        answers[0].expect(503)
        wait_until("it is committed", lambda: arena.value("SELECT count(*) FROM events WHERE project_id = %s AND "
                                                          "idempotency_key = '0'", [round_.project.uuid]))
        wait_until("the repetition is acknowledged", lambda: api.post(path, body).status == 201)
        wait_until("it arrives", lambda: any(arrival.number == 0 for arrival in round_.arrivals()), 5)


# Goal: the same with no space left for tables, and for the write-ahead log. Method: a small file system that is filled under load
# and emptied again.
@pytest.mark.parametrize("what", disk.KINDS)
def test_disk_full(what, tmp_path):
    disk.run_round(what, tmp_path, seed=1).hold()
