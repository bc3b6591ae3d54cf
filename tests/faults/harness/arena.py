"""A run's world: a PostgreSQL, both planes, the receiver; and a round in it: a project under load, a fault, the judgement."""

import os
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path

from harness import checker
from harness.cluster import Cluster
from harness.metrics import lease_losses
from harness.node import Node
from harness.producer import Load
from harness.traffic import FastReceiver, TrafficLoop
from support.api import event_body
from support.database import Database, ulid_of
from support.planes import Planes, migrate, new_master_key
from support.wait import SLOWNESS, wait_until

ENDPOINTS = 8
WIDE = (1, 4, 6)        # endpoints of the owner that every tenth event is sent to
BROADCAST = (0, 4)      # endpoints that take broadcasts
# The breaker has tests of its own; here it would only hold up the end of a round.
NEVER_OPEN = {"failure_threshold": 100, "consecutive_failure_threshold": 1_000_000}
# A scan of every lane comes round within a minute: that is how long a row may stay unseen whose commit had no answer.
SETTLE_SECONDS = 100 * SLOWNESS


class Arena:
    def __init__(self, folder, tablespace=None, **cluster_settings):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.traffic = TrafficLoop()
        self.receiver = FastReceiver(self.traffic)
        self.nodes, self.planes, self.rounds = [], None, 0
        self.cluster = Cluster(**cluster_settings)
        try:
            self.make_planes(tablespace)
        except BaseException:
            self.close()
            raise

    def make_planes(self, tablespace):
        os.environ["FAIRLEAD_TEST_DATABASE_URL"] = self.cluster.url
        key = new_master_key()
        self.database = Database()
        if tablespace is not None:
            with self.cluster.connect() as connection:
                connection.execute(f"CREATE TABLESPACE small LOCATION '{tablespace}'")
                connection.execute(f'ALTER DATABASE "{self.database.name}" SET TABLESPACE small')
        migrate(self.database, key)
        self.planes = Planes(self.database, key, self.folder)
        self.planes.nodes.clear()  # nodes are made here, with samplers
        self.node = self.make_node("node-1")
        self.planes.data = self.node
        self.planes.control.settings["FAIRLEAD_DATA_URL"] = self.node.url
        self.planes.bootstrap()
        self.planes.control.start(wait=False)
        self.node.start()
        self.planes.control.wait_ready()

    def make_node(self, name):
        """A data plane that is not started yet."""
        settings = {**self.planes.settings, "FAIRLEAD_DATABASE_URL": self.database.data_url}
        node = Node(name, settings, self.folder / f"data-{name}.log", self.traffic)
        self.nodes.append(node)
        return node

    def forget_stopped(self):
        """Nodes of earlier rounds that are gone."""
        for node in [n for n in self.nodes if n.process is None and n is not self.node]:
            node.sampler.close()
            self.nodes.remove(node)

    def running(self):
        return [node for node in self.nodes if node.process is not None]

    def rows(self, query, parameters=()):
        with self.cluster.connect(self.database.name) as connection:
            return connection.execute(query, parameters).fetchall()

    def value(self, query, parameters=()):
        return self.rows(query, parameters)[0][0]

    def close(self):
        programs = [*self.nodes, *([self.planes.control] if self.planes else [])]
        for program in programs:
            if program.process is not None:
                program.process.kill()
                program.process.wait(30)
                program.process = None
        self.cluster.remove()
        self.traffic.close()


@dataclass
class Verdict:
    problems: list
    events: int
    deliveries: int
    twice: int
    twice_max: int
    settled_in: float
    outcomes: dict

    def __str__(self):
        return (f"{self.events} events, {self.deliveries} deliveries, twice {self.twice} of at most {self.twice_max}, "
                f"settled in {self.settled_in:.1f} s, answers {self.outcomes}")

    def hold(self):
        """Fails with everything that is wrong."""
        assert not self.problems, "\n".join(self.problems)
        return self


def asked(call):
    """A call of the control plane, repeated while it answers 503: after a fault of PostgreSQL each of its connections finds
    out for itself."""
    for _ in range(20):
        try:
            return call()
        except AssertionError as refused:
            if "got 503" not in str(refused):
                raise
    return call()


class Round:
    """A project of its own with eight endpoints, and producers at a bounded rate; one event in ten goes to an owner's three
    endpoints, one in twenty-five is a broadcast. One delivery in thirty is refused once, one answer in fifty is slow."""

    def __init__(self, arena, name, seed, rate=300, timeout=6):
        self.arena, self.name, self.rng = arena, name, random.Random(seed)
        arena.rounds += 1
        arena.forget_stopped()
        self.ledger = f"r{arena.rounds}"
        self.refused, self.salt = set(), self.rng.randrange(1 << 30)
        arena.receiver.open_ledger(self.ledger, self.reply)
        self.project = asked(lambda: arena.planes.project(f"{name}-{arena.rounds}",
                                                          strategy={"type": "linear", "duration": 1, "retry_count": 50},
                                                          circuit_breaker=NEVER_OPEN))
        self.endpoints = [self.make_endpoint(index) for index in range(ENDPOINTS)]
        self.index_of = {endpoint["uid"]: index for index, endpoint in enumerate(self.endpoints)}
        self.first_marks = {node: len(node.marks) for node in arena.nodes}
        self.first_samples = {node: node.last_sample() for node in arena.running()}
        self.begin = time.monotonic()
        self.slow_share, self.slow_seconds, self.refused_share = 1 / 50, 0.3, 1 / 30
        self.load = Load(arena.traffic, self.request, self.project.key, [node.port for node in arena.running()], rate, timeout=timeout)

    def make_endpoint(self, index):
        url = self.arena.receiver.url(self.ledger, index)
        endpoint = asked(lambda: self.project.endpoint(url, owner_id="wide" if index in WIDE else ""))
        asked(lambda: self.project.subscribe(endpoint, ["load", "broadcast"] if index in BROADCAST else ["load"]))
        return endpoint

    def kind(self, number):
        return "broadcast" if number % 25 == 7 else "fanout" if number % 10 == 3 else ""

    def expected(self, number):
        return {"broadcast": BROADCAST, "fanout": WIDE}.get(self.kind(number), (number % ENDPOINTS,))

    def request(self, number):
        kind = self.kind(number)
        head = {"event_type": kind if kind == "broadcast" else "load", "idempotency_key": str(number)}
        if kind == "fanout":
            head["owner_id"] = "wide"
        elif not kind:
            head["endpoint_id"] = self.endpoints[number % ENDPOINTS]["uid"]
        return f"{self.project.path}/events" + (f"/{kind}" if kind else ""), event_body(str(number).encode(), **head)

    def reply(self, delivery, number):
        dice = random.Random(f"{self.salt}-{delivery}-{number}").random()
        delay = self.slow_seconds if dice > 1 - self.slow_share else 0.01 * dice
        if dice < self.refused_share and delivery not in self.refused:
            self.refused.add(delivery)
            return 500, delay
        return 200, delay

    def start(self, acknowledged=60):
        self.load.start()
        self.wait_more(acknowledged)
        return self

    def wait_more(self, count, seconds=60):
        """Until that many more events are acknowledged: the load goes on."""
        goal = self.load.acknowledged + count
        wait_until(f"{count} more events are acknowledged", lambda: self.load.acknowledged >= goal or self.load.problems, seconds * SLOWNESS)

    def pause(self, low, high):
        """A random moment of the load: this is when a fault comes, not a wait for something."""
        time.sleep(self.rng.uniform(low, high))

    def arrivals(self):
        return list(self.arena.receiver.ledgers[self.ledger])

    def unfinished(self):
        return self.arena.rows("SELECT (SELECT count(*) FROM queue WHERE project_id = %s), (SELECT count(*) FROM pending_events "
                               "WHERE project_id = %s)", [self.project.uuid, self.project.uuid])[0]

    def settle(self):
        """Ends the load and waits until all its deliveries are final and every node has recorded what it knows."""
        self.load.stop(90 * SLOWNESS)
        begin = time.monotonic()

        def is_done():
            if any(self.unfinished()):
                return False
            now = [(node.last_sample(), node) for node in self.arena.running() if node.frozen[-1:] == [] or node.frozen[-1][1]]
            return all(sample.in_flight == sample.unrecorded == 0 and sample.begin > begin for sample, _ in now)
        try:
            wait_until("queue empty and everything recorded", is_done, SETTLE_SECONDS)
        except AssertionError:
            pass  # the judgement says what is left
        self.settled_in = time.monotonic() - begin

    def marks(self):
        marks = []
        for node in self.arena.nodes:
            marks += node.marks[self.first_marks.get(node, 0):]
            samples = [s for s in list(node.sampler.samples) if s.begin >= self.begin]
            marks += lease_losses(node.node_name, samples, [tuple(each) for each in node.frozen if each[1]])
        return marks

    def facts(self):
        project = [self.project.uuid]
        rows = self.arena.rows
        acknowledged = {number: tried.uid for number, tried in self.load.tried.items() if tried.uid is not None}
        queued, pending = self.unfinished()
        times = [arrival.at for arrival in self.arrivals()]
        return checker.Facts(
            acknowledged=acknowledged, expected={number: self.expected(number) for number in acknowledged}, arrivals=self.arrivals(),
            events=[(ulid_of(i), key) for i, key in rows("SELECT id, idempotency_key FROM events WHERE project_id = %s", project)],
            keys=[(key, ulid_of(i)) for key, i in rows("SELECT key, event_id FROM idempotency_keys WHERE project_id = %s", project)],
            deliveries=[(ulid_of(i), ulid_of(e), self.index_of[ulid_of(p)], s, n) for i, e, p, s, n in rows(
                "SELECT id, event_id, endpoint_id, status, attempts FROM deliveries WHERE project_id = %s", project)],
            attempts=[(ulid_of(d), n, f, s) for d, n, f, s in rows(
                "SELECT delivery_id, n, failure, status FROM attempts WHERE project_id = %s UNION ALL "
                "SELECT id, 1, 'none', last_status FROM deliveries WHERE project_id = %s AND first_attempt IS NOT NULL", project * 2)],
            queued=queued, pending=pending, twice_max=sum(mark.bound(times) for mark in self.marks()),
            produced_problems=list(self.load.problems))

    @staticmethod
    def cut_expansions(node, facts):
        """Numbers of broadcasts of which the node does not know whether it made deliveries: it says so in its log."""
        cut = set(re.findall(r"expansion_failed event=(\w+)", node.log()))
        return [number for number, uid in facts.acknowledged.items() if uid in cut]

    def judge(self):
        """Settles; gives the Verdict."""
        self.settle()
        facts = self.facts()
        problems = checker.check(facts)
        lived = [n for n in self.arena.running() if n in self.first_samples and n.last_sample().pid == self.first_samples[n].pid]
        if len(lived) == 1 and len(self.arena.running()) == 1 and not self.marks():
            unknown = {*self.load.cut_requests(), *self.cut_expansions(lived[0], facts)}
            problems += checker.check_counters(self.first_samples[lived[0]], lived[0].last_sample(), len(facts.deliveries),
                                               sum(len(self.expected(number)) for number in unknown))
        return Verdict(problems, len(facts.acknowledged), len(facts.deliveries), checker.arrived_twice(facts), facts.twice_max,
                       self.settled_in, dict(self.load.outcomes))
