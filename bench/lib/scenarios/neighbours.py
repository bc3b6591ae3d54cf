"""Others' latency while one endpoint, one project or one crowd of producers misbehaves: rounds with and without it, each
from a clean state."""

import contextlib
import socket

from lib import beside
from lib.outcome import Outcome, Verdict
from lib.report import row
from lib.runner import Traffic

TITLE = "others' p99 and memory beside one that hangs, refuses, trickles, is flooded, floods ingest, configures, …"
HEALTHY = 10
RATE = 300               # events a second to all healthy endpoints
FLOOD = 10               # times one endpoint's share
CONNECTIONS = 64
SLOW_CONNECTIONS = 2000
CONFIGURATIONS = 100     # a second
WARM_UP_S = 2
RATIO_MAX = 2
MEMORY_MIB_MAX = 200


class Neighbours:
    """Each method is a neighbour: a context manager that is entered before the load."""

    def __init__(self, bench, site):
        self._bench, self._site = bench, site
        self._closed = socket.socket()  # bound and never listening: connections to it are refused
        self._closed.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{self._closed.getsockname()[1]}/e/0"
        gateway, share = site.gateway, RATE // HEALTHY
        self._files = {
            "hangs": site.endpoints(1, "hangs", "hang"), "trickles": site.endpoints(1, "trickles", "trickle"),
            "flooded": site.endpoints(1, "flooded", "n", rate_limit=share, rate_limit_duration=1),
            "refuses": site.folder / "endpoints-refuses"}
        self._files["refuses"].write_text(gateway.create_endpoint("refuses", refused, "refuses") + "\n")
        self._other, self._other_key = gateway.create_project("other")
        self._other_endpoint = gateway.create_endpoint("other", site.sink_url("n", 1), project=self._other,
                                                       key=self._other_key)
        self._files["other"] = site.folder / "endpoints-other"
        self._files["other"].write_text(self._other_endpoint + "\n")

    def all(self, seconds):
        """(name, context maker) of each."""
        for name, title in (("hangs", "an endpoint that hangs"), ("refuses", "an endpoint that refuses"),
                            ("trickles", "an endpoint that trickles"),
                            ("flooded", "an endpoint flooded tenfold, at its rate limit")):
            yield title, lambda name=name: self._sender(name, seconds)
        yield "a project that floods ingest", lambda: self._flood(seconds)
        yield f"a project that configures {CONFIGURATIONS} times a second", self._configure
        yield f"{SLOW_CONNECTIONS} slow producers", self._slow_producers

    def _sender(self, name, seconds):
        traffic = Traffic(seconds, RATE * FLOOD // HEALTHY, CONNECTIONS, self._files[name])
        return beside.driver(self._bench.runner, self._site, traffic)

    def _flood(self, seconds):
        traffic = Traffic(seconds, 0, self._bench.options.connections, self._files["other"])
        return beside.driver(self._bench.runner, self._site, traffic, self._other, self._other_key)

    def _configure(self):
        path = f"/api/v1/projects/{self._other}/endpoints/{self._other_endpoint}"
        body = {"name": "other", "url": self._site.sink_url("n", 1)}
        return beside.thread(lambda stop: self._site.gateway.configure_forever(
            path, body, CONFIGURATIONS, stop, self._other_key))

    def _slow_producers(self):
        slow = beside.SlowProducers(self._site.gateway.data_port, self._site.gateway.key, SLOW_CONNECTIONS)
        return beside.thread(slow.run)


def run(bench):
    outcome, rows = Outcome("neighbours"), []
    site = bench.site()
    traffic = Traffic(max(bench.options.seconds, 4), RATE, CONNECTIONS, site.endpoints(HEALTHY), drains=False)
    neighbours = Neighbours(bench, site)
    for title, make in neighbours.all(WARM_UP_S + traffic.seconds + 60):
        pairs = []
        for count in range(1, bench.options.rounds + 1):
            pair = {}
            # Turned round by round, so that what drifts meanwhile favours neither.
            for is_with in (False, True) if count % 2 else (True, False):
                load, told = measure(bench, site, traffic, make if is_with else contextlib.nullcontext)
                pair[is_with] = outcome.take(f"{title}, round {count}, {'with' if is_with else 'without'}", load, title)
                if is_with:
                    load["beside"] = told
            pairs.append(pair)
            bench.say(f"{title}, round {count}: p99 {pair[False]['receive']['p99_ms']:.1f} → "
                      f"{pair[True]['receive']['p99_ms']:.1f} ms")
        judge(outcome, rows, title, pairs)
    outcome.tables = [(f"Received at {RATE}/s by {HEALTHY} healthy endpoints", ["measured", "median", "range"], rows)]
    bench.end(site)
    return outcome


def measure(bench, site, traffic, make):
    """One load from a clean state; with what make() does beside it, and what that told of itself."""
    site.clean()
    bench.runner.next_run(traffic)
    with make() as told:
        bench.runner.load(site, Traffic(WARM_UP_S, traffic.rate, traffic.connections, traffic.endpoints_file,
                                        drains=False), is_new_run=False)
        load = bench.runner.load(site, traffic)
    if told and "answer" in told:
        told = {"answer": told["answer"]}
    return load, told


def judge(outcome, rows, title, pairs):
    for name in ("p50", "p99"):
        key = f"{name}_ms"
        rows.append(row(f"{title}: {name} without", [each[False]["receive"][key] for each in pairs], "ms"))
        rows.append(row(f"{title}: {name} with", [each[True]["receive"][key] for each in pairs], "ms"))
    outcome.verdicts += [
        Verdict(f"{title}: others' p99 ÷ without",
                [each[True]["receive"]["p99_ms"] / max(each[False]["receive"]["p99_ms"], 1e-9) for each in pairs],
                RATIO_MAX),
        Verdict(f"{title}: peak memory, more than without",
                [max(0, each[True]["peak_mib"] - each[False]["peak_mib"]) for each in pairs], MEMORY_MIB_MAX,
                unit="MiB")]
