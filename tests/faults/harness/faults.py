"""The faults that need nothing beside a round's world. Each is done whole under load, healing included; the round's random
numbers choose the moment. What a fault promises beyond the common judgement it asserts itself."""

import contextlib
import os
import resource
import threading
import time

from harness.cluster import DATA_ROLE
from harness.traffic import Proxy
from support.api import call
from support.wait import SLOWNESS, wait_until

POINTS = ("ingest_before_commit", "ingest_after_commit", "delivery_before_send", "delivery_after_send", "result_before_record",
          "result_after_record", "expansion_before_commit", "expansion_after_commit")
POINT_SETTING = "FAIRLEAD_FAULT_POINT"


def sigkill(arena, round_):
    """The data plane is killed at a random moment and started again."""
    round_.pause(0.05, 0.8)
    arena.node.kill()
    round_.pause(0, 0.3)
    arena.node.start()


def sigterm(arena, round_):
    """The data plane stops in order and is started again: nothing twice, no request cut."""
    round_.pause(0.05, 0.8)
    cut = len(round_.load.cut_requests())
    arena.node.stop()
    arena.node.start()
    round_.wait_more(20)
    assert len(round_.load.cut_requests()) == cut, f"stored without an answer: {round_.load.cut_requests()}"


def killed_at(point):
    """The data plane kills itself when it passes the point for the n-th time."""
    def fault(arena, round_):
        passing = round_.rng.randint(1, 4 if point.startswith("expansion") else 40)
        arena.node.stop()
        arena.node.start(wait=False, extra={POINT_SETTING: f"{point}:kill:{passing}"})
        arena.node.wait_killed_by_itself(60 * SLOWNESS)
        arena.node.start()
    fault.__name__ = f"killed_at_{point}"
    return fault


def postgres_immediate(arena, round_):
    """PostgreSQL crashes and recovers."""
    round_.pause(0.1, 0.6)
    arena.cluster.stop("immediate")
    round_.pause(0, 1.5)
    arena.cluster.start()


def postgres_frozen(arena, round_):
    """PostgreSQL answers nothing for longer than a lease, and goes on."""
    round_.pause(0.1, 0.6)
    arena.cluster.freeze()
    round_.pause(2, 8)
    arena.cluster.thaw()


def postgres_refusing(arena, round_):
    """PostgreSQL turns the data plane away."""
    round_.pause(0.1, 0.6)
    arena.cluster.refuse(DATA_ROLE)
    round_.pause(0.5, 6)
    arena.cluster.allow()


def lease_lost_with_results(arena, round_):
    """A node loses its lease with hundreds of results in hand, many of them failures that are due again by then, and sends
    those rows anew while the old results are being recorded."""
    before = round_.slow_share, round_.refused_share
    round_.slow_share, round_.refused_share = 1.0, 0.4

    def sent_anew():
        sent = [arrival.delivery for arrival in round_.arrivals() if arrival.status < 300]
        return len(sent) - len(set(sent))

    with arena.cluster.connect(arena.database.name) as holder, holder.transaction():
        holder.execute("LOCK TABLE attempts IN SHARE MODE")  # results are not recorded until rows are on their way anew
        round_.wait_more(300)
        lost = arena.node.last_sample().leases_lost
        arena.cluster.refuse(DATA_ROLE)
        wait_until("the lease is lost", lambda: arena.node.last_sample().leases_lost > lost, 30 * SLOWNESS)
        arena.cluster.allow()
        wait_until("rows are sent anew", lambda: sent_anew() > 30, 30 * SLOWNESS)
    round_.slow_share, round_.refused_share = before
    round_.wait_more(100)


def postgres_without_slots(arena, round_):
    """Others hold every connection that PostgreSQL allows."""
    round_.pause(0.1, 0.6)
    taken = arena.cluster.take_all_slots()
    assert taken, "no connection was free to be taken"
    round_.pause(0.5, 4)
    for connection in taken:
        connection.close()


def backends_terminated(arena, round_):
    """Backends are ended in the middle of what they do, again and again: the outcome of commits is unknown."""
    ended, until = 0, time.monotonic() + round_.rng.uniform(2, 4)
    with arena.cluster.connect() as connection:
        while time.monotonic() < until:
            ended += arena.cluster.end_backends(connection, state="active")
            time.sleep(round_.rng.uniform(0.005, 0.05))
    assert ended > 0, "no backend was busy: not a test of anything"


def without_control_plane(arena, round_):
    """The control plane is down, and the data plane is killed and stopped meanwhile."""
    arena.planes.control.stop()
    sigkill(arena, round_)
    round_.wait_more(60)
    arena.node.stop()
    arena.node.start()
    round_.wait_more(60)
    arena.planes.control.start()


def out_of_files(arena, round_):
    """No descriptor is left: not for a producer, an endpoint or a lost database connection."""
    before = arena.node.limit_files(0)
    with arena.cluster.connect() as connection:
        round_.pause(0.2, 0.5)
        arena.cluster.end_backends(connection)
        arena.node.limit_files(0)  # nor are those free that were closed by it
    round_.pause(0.5, 3)
    resource.prlimit(arena.node.process.pid, resource.RLIMIT_NOFILE, before)


def log_pipe_blocked(arena, round_):
    """Nobody reads the log's pipe: lines are dropped and counted, nothing waits for them, and SIGTERM still ends in order."""
    read_end, write_end = os.pipe()
    arena.node.stop()
    try:
        arena.node.start(output=write_end, extra={"FAIRLEAD_LOG_LEVEL": "debug"})
        os.set_blocking(write_end, False)
        try:
            while os.write(write_end, b"x" * 4096):
                pass
        except BlockingIOError:
            os.set_blocking(write_end, True)
        before, round_.load.rate = round_.load.rate, 1500
        wait_until("log lines are dropped", lambda: arena.node.last_sample().lines_dropped > 0, 60 * SLOWNESS)
        round_.wait_more(200)
        round_.load.rate = before
        arena.node.stop()
    finally:
        os.close(read_end)
        os.close(write_end)
    arena.node.start()


def several_nodes(arena, round_):
    """Three data planes join, leave and are killed every few seconds."""
    others = [arena.make_node(f"node-{index}-{arena.rounds}") for index in (2, 3)]
    nodes = [arena.node, *others]
    for node in others:
        node.start()
    round_.load.ports = [node.port for node in nodes]
    for _ in range(round_.rng.randint(4, 7)):
        round_.pause(0.5, 2.5)
        node = round_.rng.choice(nodes)
        if node.process is None:
            node.start()
        elif round_.rng.random() < 0.6 and len(arena.running()) > 1:
            node.kill()
        elif len(arena.running()) > 1:
            node.stop()
    leave_alone(arena, round_)


def leave_alone(arena, round_):
    """Only the first node is left, and serves all lanes again."""
    if arena.node.process is None:
        arena.node.start()
    round_.load.ports = [arena.node.port]
    for node in arena.running():
        if node is not arena.node:
            node.stop()
    wait_until("the first node owns all lanes", lambda: arena.node.last_sample().lanes == 64, 60 * SLOWNESS)


def add_helper(arena, round_):
    """A second node beside the one that owns (almost) all lanes."""
    helper = arena.make_node(f"helper-{arena.rounds}").start()
    round_.load.ports = [helper.port]
    wait_until("the helper owns a lane", lambda: helper.last_sample().lanes > 0, 60 * SLOWNESS)
    return helper


def recorded_rows(arena, round_):
    """Every row that a result can change."""
    project = [round_.project.uuid]
    return (arena.rows("SELECT * FROM attempts WHERE project_id = %s ORDER BY delivery_id, n", project),
            arena.rows("SELECT * FROM deliveries WHERE project_id = %s ORDER BY id", project),
            arena.rows("SELECT * FROM failed_deliveries WHERE project_id = %s ORDER BY delivery_id", project))


def frozen_beyond_lease(arena, round_):
    """A node stops for longer than its lease with results in its hand, others take over and finish; it goes on and changes nothing."""
    victim = arena.node
    victim.stop()
    victim.start(extra={POINT_SETTING: f"result_before_record:freeze:{round_.rng.randint(20, 60)}"})
    helper = add_helper(arena, round_)
    victim.wait_frozen_by_itself(60 * SLOWNESS)
    wait_until("the helper owns all lanes", lambda: helper.last_sample().lanes == 64, 60 * SLOWNESS)
    round_.wait_more(50)
    round_.load.stop(60 * SLOWNESS)
    # Far less than the scans of all lanes need: what was taken over is found by the take-over.
    wait_until("everything is recorded by the helper", lambda: not any(round_.unfinished()), 20 * SLOWNESS)
    before, fenced = recorded_rows(arena, round_), victim.last_sample().fenced
    victim.thaw()
    wait_until("the frozen node's results are fenced", lambda: victim.last_sample().fenced > fenced, 60 * SLOWNESS)
    wait_until("the frozen node is itself again", lambda: victim.is_ready() and victim.last_sample().unrecorded == 0 and
               victim.last_sample().lanes > 0, 60 * SLOWNESS)
    assert recorded_rows(arena, round_) == before, "a node that came back changed what others had recorded"
    round_.load.ports = [victim.port]
    round_.load.start()
    helper.stop()


class Watch:
    """Remembers which connections of the receiver are a node's, as long as it is watched."""

    def __init__(self, node, port):
        self.node, self.port, self.peers, self.is_over = node, port, set(), False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.is_over:
            self.peers |= self.node.sockets_to(self.port)
            time.sleep(0.02)

    def end(self):
        self.is_over = True
        self.thread.join()
        return self.peers


@contextlib.contextmanager
def through_proxy(arena):
    """The first node reaches PostgreSQL through a relay of ours; afterwards directly again."""
    proxy = Proxy(arena.traffic, arena.cluster.port)
    whole_url = arena.database.data_url
    arena.node.stop()
    arena.node.start(FAIRLEAD_DATABASE_URL=whole_url.replace(f":{arena.cluster.port}/", f":{proxy.port}/"))
    yield proxy
    arena.node.stop()
    proxy.close()
    arena.node.start(FAIRLEAD_DATABASE_URL=whole_url)


def cut_from_postgres(arena, round_):
    """A node loses PostgreSQL and nothing else: it stops sending before its lease ends, others take over, and it comes back."""
    victim = arena.node
    with through_proxy(arena) as proxy:
        cut_and_heal(arena, round_, proxy)
    round_.load.ports = [victim.port]


def cut_and_heal(arena, round_, proxy):
    victim = arena.node
    helper = add_helper(arena, round_)
    round_.load.ports = [helper.port, victim.port]
    watch = Watch(victim, arena.receiver.port)
    round_.pause(0.3, 0.8)
    proxy.shut()
    time.sleep(1)  # a renewal that had passed before the cut is written by then, and no other can come
    lease = "SELECT extract(epoch FROM lease_until)::float8 FROM nodes WHERE name = %s"
    ends_at = arena.value(lease, [victim.node_name])
    wait_until("the helper owns all lanes", lambda: helper.last_sample().lanes == 64, 60 * SLOWNESS)
    peers = watch.end()
    sent_last = max((a.wall for a in round_.arrivals() if a.peer in peers), default=None)
    assert sent_last is not None, "the node had sent nothing: not a test of anything"
    assert sent_last < ends_at, f"the node sent {sent_last - ends_at:.3f} s after the end of its lease"
    round_.wait_more(50)
    proxy.open(drops=round_.rng.random() < 0.5)
    wait_until("the node is back", lambda: victim.is_ready() and victim.last_sample().lanes > 0, 100 * SLOWNESS)
    round_.load.ports = [victim.port]
    helper.stop()


def wrong_clock(arena, round_):
    """A node's clock is wrong by four minutes, which it corrects by the database's; by six, and it refuses to serve."""
    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
    assert os.path.exists(library), "the package faketime is missing"
    sign = round_.rng.choice("+-")
    faked = {"LD_PRELOAD": library, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}
    arena.node.stop()
    arena.node.start(extra={**faked, "FAKETIME": f"{sign}240s"})
    round_.wait_more(200)
    offset = arena.node.metrics()["fairlead_clock_offset_seconds"][0][1]
    assert abs(abs(offset) - 240) < 5, f"the clock was not faked: offset {offset}"
    off = arena.value("SELECT max(abs(extract(epoch FROM received_at - clock_timestamp())))::float8 FROM events WHERE project_id = %s "
                      "AND received_at > clock_timestamp() - interval '30 seconds'", [round_.project.uuid])
    assert off is not None and off < 30, "events are not dated by the database's clock"
    arena.node.stop()
    arena.node.start(wait=False, extra={**faked, "FAKETIME": f"{sign}360s"})

    def complains():
        try:
            answer = call(arena.node.admin_url, "GET", "/readyz")
        except OSError:
            return False
        return answer.status == 503 and b"clocks" in answer.body
    wait_until("the node says that its clock is wrong", complains)
    acknowledged = round_.load.acknowledged
    refused = round_.load.outcomes["503"]
    wait_until("producers are refused", lambda: round_.load.outcomes["503"] > refused + 20)
    assert round_.load.acknowledged == acknowledged, "a node whose clock is wrong by six minutes acknowledged events"
    arena.node.stop()
    arena.node.start()


ONE_NODE = [sigkill, sigterm, *(killed_at(point) for point in POINTS), without_control_plane, out_of_files, log_pipe_blocked, wrong_clock]
POSTGRES = [postgres_immediate, postgres_frozen, postgres_refusing, lease_lost_with_results, postgres_without_slots, backends_terminated]
SEVERAL_NODES = [several_nodes, frozen_beyond_lease, cut_from_postgres]
