"""One endpoint with a backlog of 1,000,000: due, and becoming due within one second. What it costs the others, what
memory it takes, and how fast it drains when the endpoint comes back."""

import time

from lib.cluster import Failure
from lib.measure import forget_peak, resident_kib
from lib.outcome import Outcome, Verdict
from lib.report import row
from lib.runner import Traffic

TITLE = "a backlog of 1,000,000 at one endpoint: others' p99, CPU per event, memory, draining"
MINUTES = (0.3, 3.3)  # before the rounds, and for each of 8 s
HEALTHY = 10
RATE = 300
CONNECTIONS = 64
PAYLOAD_BYTES = 256      # of what waits
RATIO_MAX, GROWTH_MAX = 2, 1.5
MEMORY_MIB_MAX = 200
DRAIN_SHARE_MIN = 0.8
WARM_UP_S = 2


class Round:
    """One round: without, with the backlog due, draining, becoming due in one second."""

    def __init__(self, bench, outcome, site, door_file):
        self._bench, self._outcome, self._site, self._door_file = bench, outcome, site, door_file
        seconds = bench.options.seconds
        self._steady = Traffic(max(seconds, 4), RATE, CONNECTIONS, site.healthy, drains=False,
                               neighbour_bytes=PAYLOAD_BYTES)
        self._saturated = Traffic(seconds, 0, bench.options.connections, site.healthy, drains=False,
                                  neighbour_bytes=PAYLOAD_BYTES)
        self.backlog = bench.size(1_000_000, 50_000)
        self.drain_s = bench.size(30, 5)

    def run(self, where):
        found = {}
        self._clean(0)
        found["without"] = self._load(f"{where}, without", self._steady)
        found["saturated without"] = self._load(f"{where}, saturated without", self._saturated)
        self._clean(self.backlog)
        found["due"] = self._load(f"{where}, due", self._steady)
        found["saturated due"] = self._load(f"{where}, saturated, due", self._saturated)
        found["drain"] = self._drain()
        found["without again"] = self._load_clean(f"{where}, without again")
        found["becoming due"] = self._herd(f"{where}, becoming due")
        return found

    def _load(self, where, traffic):
        return self._outcome.take(where, self._bench.runner.load(self._site, traffic), where.partition(", ")[2])

    def _load_clean(self, where):
        self._clean(0)
        return self._load(where, self._steady)

    def _clean(self, backlog, **due):
        """The data plane new, the door shut, so many deliveries waiting for the endpoint behind it."""
        self._bench.sink.set_door(False)
        self._site.gateway.data.stop()
        self._site.clean_tables()
        # The backlog's stamps carry the number of the run that drains it.
        if backlog:
            self._site.seed(endpoints_in=self._door_file, events=backlog, payload_bytes=PAYLOAD_BYTES,
                            run=self._bench.runner.run_number + 4, **due)
            self._site.psql.ask("ANALYZE; CHECKPOINT")
        self._site.gateway.data.start()
        self._bench.runner.load(self._site, Traffic(WARM_UP_S, RATE, CONNECTIONS, self._site.healthy, drains=False))

    def _drain(self):
        """Deliveries a second of the backlog alone, from the first that arrives; nothing else is sent meanwhile."""
        runner, sink = self._bench.runner, self._bench.sink
        runner.next_run(self._steady)
        pid = self._site.gateway.data.pid
        forget_peak(pid)
        sink.set_door(True)
        deadline = time.monotonic() + 120
        while (report := sink.report())["neighbour"]["unique"] == 0:
            if time.monotonic() > deadline:
                return {"waited_s": 120, "deliveries_per_second": 0, "report": report, "peak_mib": 0}
            time.sleep(0.05)
        waited_s = 120 - (deadline - time.monotonic())
        samples, begin = [], time.monotonic()
        while time.monotonic() - begin < self.drain_s and report["neighbour"]["unique"] < self.backlog:
            time.sleep(1)
            report = sink.report()
            samples.append((time.monotonic() - begin, report["neighbour"]["unique"]))
        seconds, unique = samples[-1]
        if unique >= self.backlog:
            seconds = (report["neighbour"]["last_received_ns"] - report["neighbour"]["first_received_ns"]) / 1e9
        self._bench.say(f"drained {unique} in {seconds:.1f} s, the first after {waited_s:.1f} s")
        return {"waited_s": waited_s, "deliveries_per_second": unique / seconds, "samples": samples, "report": report,
                "peak_mib": resident_kib(pid, "VmHWM") / 1024}

    def _herd(self, where):
        """All due within the same second, in the middle of a load whose endpoints are healthy."""
        due_in = self.backlog / 1_000_000 * 90 + 10
        begin = time.time()
        self._clean(self.backlog, due_in=due_in, due_over=1)
        first_due = float(self._site.psql.ask("SELECT extract(epoch FROM max(due_at)) FROM queue")[0]) - 1
        if first_due < time.time():
            raise Failure("seeding took longer than the backlog has time until it is due")
        wait = first_due - time.time() - self._steady.seconds / 4
        self._bench.say(f"seeded in {time.time() - begin:.0f} s, due in {first_due - time.time():.0f} s")
        time.sleep(max(0, wait))
        return self._load(where, self._steady)


def run(bench):
    outcome, rounds = Outcome("backlog"), []
    site = bench.site()
    site.healthy = site.endpoints(HEALTHY)
    one = Round(bench, outcome, site, site.endpoints(1, "door", "door"))
    for count in range(1, bench.size(min(bench.options.rounds, 2), 1) + 1):
        rounds.append(one.run(f"round {count}"))
        found = rounds[-1]
        bench.say(f"round {count}: p99 {found['without']['receive']['p99_ms']:.1f} → due "
                  f"{found['due']['receive']['p99_ms']:.1f}; {found['without again']['receive']['p99_ms']:.1f} → "
                  f"becoming due {found['becoming due']['receive']['p99_ms']:.1f} ms")
    judge(outcome, rounds, one.backlog)
    bench.end(site)
    return outcome


def judge(outcome, rounds, backlog):
    def each(find):
        return [find(found) for found in rounds]

    def p99(name):
        return lambda found: max(found[name]["receive"]["p99_ms"], 1e-9)

    def cpu(phase, name):
        return lambda found: found[phase]["per_event"][f"{name}_cpu_us"]

    peak = each(lambda found: found["saturated without"]["events_per_second"])
    drain = each(lambda found: found["drain"]["deliveries_per_second"])
    outcome.numbers["drain"] = each(lambda found: found["drain"])
    outcome.verdicts = [
        Verdict(f"{backlog:,} due: others' p99 ÷ without",
                each(lambda f: p99("due")(f) / p99("without")(f)), RATIO_MAX),
        Verdict(f"{backlog:,} becoming due in a second: others' p99 ÷ without",
                each(lambda f: p99("becoming due")(f) / p99("without again")(f)), RATIO_MAX),
        *(Verdict(f"backlog 0 → {backlog:,}: {title} CPU per event, saturated",
                  each(lambda f, n=name: cpu("saturated due", n)(f) / cpu("saturated without", n)(f)), GROWTH_MAX)
          for title, name in (("data plane", "fairlead-data"), ("PostgreSQL", "postgres"))),
        Verdict(f"{backlog:,} due: peak memory, more than without", each(
            lambda f: max(0, max(f[n]["peak_mib"] for n in ("due", "saturated due", "becoming due", "drain")) -
                          max(f[n]["peak_mib"] for n in ("without", "saturated without")))),
                MEMORY_MIB_MAX, unit="MiB"),
        Verdict("the backlog drains, deliveries/s ÷ peak of the same round",
                [late / max(early, 1e-9) for late, early in zip(drain, peak)], DRAIN_SHARE_MIN, True)]
    rows = [row(f"{name}: received at {RATE}/s, {q}", each(lambda f, n=name, k=q: f[n]["receive"][f"{k}_ms"]), "ms")
            for name in ("without", "due", "without again", "becoming due") for q in ("p50", "p99")]
    rows += [row("peak, saturated without", peak, "deliveries/s"), row("draining", drain, "deliveries/s"),
             row("until the first delivery of the drain", each(lambda f: f["drain"]["waited_s"]), "s")]
    outcome.tables = [("", ["measured", "median", "range"], rows)]
