"""Kill and stop under load: nothing acknowledged is lost, and an orderly stop sends nothing twice."""

import http.client
import threading
from collections import Counter

from support.api import Api, event_body
from support.wait import SLOWNESS, wait_until

PRODUCERS = 8


class Load:
    """Producers that post numbered events until told to stop; each event has its own idempotency key and says its number."""

    def __init__(self, project, urls, endpoint):
        self.project, self.urls, self.endpoint = project, urls, endpoint
        self.lock = threading.Lock()
        self.acknowledged, self.unknown = {}, set()
        self.next_number = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.produce, args=(index,)) for index in range(PRODUCERS)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def body(self, number):
        return event_body(str(number).encode(), event_type="load", endpoint_id=self.endpoint["uid"], idempotency_key=f"load-{number}")

    def produce(self, index):
        apis = [Api(url, self.project.key, keep=True) for url in self.urls]
        while not self.stopping.is_set():
            with self.lock:
                number = self.next_number
                self.next_number += 1
            api = apis[(index + number) % len(apis)]
            try:
                answer = api.post(f"{self.project.path}/events", self.body(number))
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.unknown.add(number)
                self.stopping.wait(0.01)  # the server is away: do not spin
                continue
            with self.lock:
                if answer.status == 201:
                    self.acknowledged[number] = answer.data["uid"]
                else:
                    assert answer.status == 503, answer
                    self.unknown.add(number)

    def wait_acknowledged(self, count):
        wait_until(f"{count} events are acknowledged", lambda: len(self.acknowledged) >= count)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def send_unknown_again(self, url):
        """What a producer does after a broken connection: the same key once more."""
        api = Api(url, self.project.key)
        for number in sorted(self.unknown):
            self.acknowledged[number] = api.post(f"{self.project.path}/events", self.body(number)).expect(201).data["uid"]


def settle(planes):
    wait_until("the queue is empty", lambda: planes.database.value("SELECT count(*) FROM queue") == 0, 60 * SLOWNESS)


def numbers(receiver, path):
    return Counter(int(arrival.body) for arrival in receiver.arrivals(path))


# Goal: a SIGKILL under load and the restart lose nothing acknowledged, and keys de-duplicate what the producer repeats. Method: kill
# while producers run, restart under the same name, repeat what was left unknown, compare arrivals with answers.
def test_sigkill_under_load(own_planes, receiver):
    planes = own_planes
    project = planes.project("kill", strategy={"type": "linear", "duration": 1, "retry_count": 5})
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    load = Load(project, [planes.data.url], endpoint).start()
    for crash in (1, 2):
        load.wait_acknowledged(400 * crash)
        planes.data.kill()
        planes.data.start()
    load.wait_acknowledged(len(load.acknowledged) + 100)
    load.stop()
    assert load.unknown, "the kill met no request: not a test of anything"
    load.send_unknown_again(planes.data.url)
    settle(planes)
    arrived = numbers(receiver, path)
    assert set(load.acknowledged) <= set(arrived), "acknowledged, but never arrived"
    stored = planes.database.value("SELECT count(*) FROM events")
    assert stored == len(load.acknowledged) == len(set(load.acknowledged.values()))
    assert planes.database.rows("SELECT status, count(*) FROM deliveries GROUP BY 1") == [(2, stored)]


# Goal: SIGTERM under load sends nothing twice and loses nothing, over several restarts. Method: restart while producers run; every
# number arrives exactly once, under one webhook id, and every process ended with 0.
def test_sigterm_under_load(own_planes, receiver):
    planes = own_planes
    project = planes.project("term", strategy={"type": "linear", "duration": 1, "retry_count": 5})
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    load = Load(project, [planes.data.url], endpoint).start()
    for restart in (1, 2, 3):
        load.wait_acknowledged(len(load.acknowledged) + 300)
        planes.data.stop()
        planes.data.start()
    load.wait_acknowledged(len(load.acknowledged) + 100)
    load.stop()
    load.send_unknown_again(planes.data.url)
    settle(planes)
    arrived = numbers(receiver, path)
    assert set(arrived) == set(load.acknowledged)
    assert [n for n, times in arrived.items() if times > 1] == []
    ids = Counter(arrival.webhook_id for arrival in receiver.arrivals(path))
    assert max(ids.values()) == 1


# Goal: SIGTERM cuts no request that was read. Method: requests are held in their commit by a lock of the test; SIGTERM; the lock is
# released; every one of them is answered 201, and after a restart delivered once.
def test_sigterm_answers_what_was_accepted(own_planes, receiver):
    planes = own_planes
    project = planes.project("accepted")
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    answers = []

    def post(number):
        body = event_body(str(number).encode(), event_type="held", endpoint_id=endpoint["uid"])
        answers.append(Api(planes.data.url, project.key).post(f"{project.path}/events", body))

    holder = planes.database.connect()
    holder.execute("LOCK TABLE events IN SHARE MODE")
    threads = [threading.Thread(target=post, args=(n,)) for n in range(10)]
    try:
        for thread in threads:
            thread.start()

        def read_by_the_server():
            metrics = planes.data.metrics()
            return metrics["fairlead_ingest_batch_events_sum"][0][1] + metrics["fairlead_ingest_queued"][0][1] == 10
        wait_until("all ten were read", read_by_the_server)
        planes.data.terminate()
        wait_until("it drains", lambda: "drain" in planes.data.log())
    finally:
        holder.rollback()
        holder.close()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [201] * 10
    assert planes.data.wait_end() == 0
    planes.data.start()
    receiver.wait(path, 10)
    settle(planes)
    assert numbers(receiver, path) == Counter(range(10))


# Goal: SIGTERM lets requests to endpoints end and records them: nothing is sent again. Method: answers are held at the receiver,
# SIGTERM, the gate opens, restart.
def test_sigterm_records_what_is_under_way(own_planes, receiver):
    planes = own_planes
    project = planes.project("under-way", strategy={"type": "linear", "duration": 1, "retry_count": 5})
    path = receiver.new_path()
    gate = receiver.hold(path)
    endpoint = project.subscribed(receiver.url(path))
    event_ids = [project.send("held", str(number).encode(), endpoint_id=endpoint["uid"]) for number in range(5)]
    sent = len(receiver.wait(path, 1))
    planes.data.terminate()
    wait_until("it drains", lambda: "drain" in planes.data.log())
    gate.open()
    assert planes.data.wait_end() == 0
    assert sent >= 1
    planes.data.start()
    receiver.wait(path, 5)
    settle(planes)
    assert numbers(receiver, path) == Counter(range(5))
    assert all(project.delivery(event_id)["metadata"]["num_trials"] == 1 for event_id in event_ids)


# Goal: two nodes share the lanes; a rolling restart under load sends nothing twice and loses nothing. Method: producers at both
# nodes, each node stopped and started in turn.
def test_rolling_restart_of_two_nodes(own_planes, receiver):
    planes = own_planes
    second = planes.make_data("node-2").start()
    project = planes.project("rolling", strategy={"type": "linear", "duration": 1, "retry_count": 5})
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    lanes = "SELECT count(DISTINCT node_id) FROM lanes"
    wait_until("both nodes own lanes", lambda: planes.database.value(lanes) == 2, 60 * SLOWNESS)
    load = Load(project, [planes.data.url, second.url], endpoint).start()
    for node in (planes.data, second):
        load.wait_acknowledged(len(load.acknowledged) + 300)
        node.stop()
        load.wait_acknowledged(len(load.acknowledged) + 100)
        node.start()
    load.wait_acknowledged(len(load.acknowledged) + 100)
    load.stop()
    load.send_unknown_again(planes.data.url)
    settle(planes)
    arrived = numbers(receiver, path)
    assert set(arrived) == set(load.acknowledged)
    assert [n for n, times in arrived.items() if times > 1] == []
