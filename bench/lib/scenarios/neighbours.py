"""Others' latency while one endpoint, one project or one crowd of producers misbehaves: rounds with and without it,
each from a clean state."""

import contextlib
import socket

from lib import beside
from lib.outcome import Outcome, Verdict
from lib.report import row
from lib.runner import Traffic

TITLE = "others' p99 and memory beside one that hangs, refuses, trickles, is flooded, floods ingest, configures, …"
MINUTES = (0.3, 3.7)  # before the rounds, and for each of 8 s
HEALTHY = 10
RATE = 300               # events a second to all healthy endpoints
FLOOD = 10               # times one endpoint's share
CONNECTIONS = 64
SLOW_CONNECTIONS = 2000
CONFIGURATIONS = 100     # a second
INGEST_LIMIT = 200       # events a second of the project that is at its limit: it sends FLOOD times as many
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
        self._projects = {name: self._project(name) for name in ("other", "limited")}
        project, key, _ = self._projects["limited"]
        gateway.put(f"/api/v1/projects/{project}", {
            "name": "limited", "config": {"ratelimit": {"count": INGEST_LIMIT, "duration": 1}}}, key)

    def _project(self, name):
        """(id, key, endpoint) of another one, whose events go to a sink that is always well."""
        gateway = self._site.gateway
        project, key = gateway.create_project(name)
        endpoint = gateway.create_endpoint(name, self._site.sink_url("n", 1), project=project, key=key)
        self._files[name] = self._site.folder / f"endpoints-{name}"
        self._files[name].write_text(endpoint + "\n")
        return project, key, endpoint

    def all(self, seconds):
        """(name, whether the targets are for it, context maker) of each."""
        for name, title in (("hangs", "an endpoint that hangs"), ("refuses", "an endpoint that refuses"),
                            ("trickles", "an endpoint that trickles"),
                            ("flooded", "an endpoint flooded tenfold, at its rate limit")):
            yield title, True, lambda name=name: self._sender(name, seconds)
        yield ("a project at its ingest limit, sending tenfold", True,
               lambda: self._flood("limited", seconds, INGEST_LIMIT * FLOOD))
        yield f"a project that configures {CONFIGURATIONS} times a second", True, self._configure
        yield f"{SLOW_CONNECTIONS} slow producers", True, self._slow_producers
        # Without a limit it takes what the machine has, and there is nothing to hold others harmless with.
        yield "a project without limit that floods ingest", False, lambda: self._flood("other", seconds, 0)

    def _sender(self, name, seconds):
        traffic = Traffic(seconds, RATE * FLOOD // HEALTHY, CONNECTIONS, self._files[name])
        return beside.driver(self._bench.runner, self._site, traffic)

    def _flood(self, name, seconds, rate):
        project, key, _ = self._projects[name]
        traffic = Traffic(seconds, rate, self._bench.options.connections, self._files[name])
        return beside.driver(self._bench.runner, self._site, traffic, project, key)

    def _configure(self):
        project, key, endpoint = self._projects["other"]
        path = f"/api/v1/projects/{project}/endpoints/{endpoint}"
        body = {"name": "other", "url": self._site.sink_url("n", 1)}
        return beside.thread(lambda stop: self._site.gateway.configure_forever(path, body, CONFIGURATIONS, stop, key))

    def _slow_producers(self):
        slow = beside.SlowProducers(self._site.gateway.data_port, self._site.gateway.key, SLOW_CONNECTIONS)
        return beside.thread(slow.run)


def run(bench):
    outcome, rows = Outcome("neighbours"), []
    site = bench.site()
    traffic = Traffic(max(bench.options.seconds, 4), RATE, CONNECTIONS, site.endpoints(HEALTHY), drains=False)
    neighbours = Neighbours(bench, site)
    for title, is_judged, make in neighbours.all(WARM_UP_S + traffic.seconds + 60):
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
        show(rows, title, pairs)
        outcome.notes += told_by(title, pairs[-1][True]["beside"])
        if is_judged:
            judge(outcome, title, pairs)
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
    return load, told


def show(rows, title, pairs):
    for name in ("p50", "p99"):
        for is_with, word in ((False, "without"), (True, "with")):
            values = [each[is_with]["receive"][f"{name}_ms"] for each in pairs]
            rows.append(row(f"{title}: {name} {word}", values, "ms"))


def told_by(title, told):
    """What the neighbour's own driver was answered, in the last round."""
    if not told or "statuses" not in told:
        return []
    answers = ", ".join(f"{count:,} × {status}" for status, count in told["statuses"].items())
    return [f"{title}: {told['sent']:,} events sent; answers {answers or 'none'}; {told['dropped']:,} found no room."]


def judge(outcome, title, pairs):
    outcome.verdicts += [
        Verdict(f"{title}: others' p99 ÷ without",
                [each[True]["receive"]["p99_ms"] / max(each[False]["receive"]["p99_ms"], 1e-9) for each in pairs],
                RATIO_MAX),
        Verdict(f"{title}: peak memory, more than without",
                [max(0, each[True]["peak_mib"] - each[False]["peak_mib"]) for each in pairs], MEMORY_MIB_MAX,
                unit="MiB")]
