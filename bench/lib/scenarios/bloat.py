"""1,000,000 events at a sustained rate in equal windows: the queue's size, events/s and CPU per event from first to last.
An old day's partitions are dropped in the middle; then 60 s with a REPEATABLE READ transaction open."""

import contextlib
import datetime
import statistics

from lib import beside
from lib.outcome import Outcome, Verdict
from lib.report import number
from lib.runner import Traffic

TITLE = "1,000,000 events: queue size and CPU over time, a partition drop in the middle, a 60 s transaction"
MINUTES = (6, 0)  # before the rounds, and for each of 8 s
ENDPOINTS = 10
CONNECTIONS = 256
WINDOWS = 20
RATE_SHARE = 0.6         # of what the machine just did saturated: sustained means below the limit
GROWTH_MAX = 1.2
OLD_DAYS = 40
OLD_EVENTS = 20_000
SIZES_SQL = """SELECT pg_relation_size('queue'), pg_indexes_size('queue'), n_dead_tup FROM pg_stat_user_tables
  WHERE relname = 'queue'"""


class Queue:
    def __init__(self, site):
        self._site = site

    def sizes(self):
        heap, index, dead = map(int, self._site.psql.ask(SIZES_SQL)[0].split("|"))
        return {"heap_mb": heap / 1e6, "index_mb": index / 1e6, "dead_rows": dead}


def run(bench):
    outcome, events = Outcome("bloat"), bench.options.events or bench.size(1_000_000, 40_000)
    site = bench.site()
    file = site.endpoints(ENDPOINTS)
    make_old_partition(site, file)
    bench.runner.load(site, Traffic(1, endpoints_file=file))
    peak = bench.runner.load(site, Traffic(bench.size(8, 2), connections=CONNECTIONS, endpoints_file=file))
    rate = max(200, int(peak["events_per_second"] * RATE_SHARE))
    count = events // WINDOWS
    bench.say(f"peak {peak['events_per_second']:,.0f} events/s; {WINDOWS} windows of {count:,} events at {rate:,}/s")
    window = Traffic(count / rate + 60, rate, CONNECTIONS, file, count=count)
    windows = [one_window(bench, outcome, site, window, f"window {index + 1}", index == WINDOWS // 2)
               for index in range(WINDOWS)]
    phases = long_transaction(bench, outcome, site, Traffic(bench.size(20, 3), rate, CONNECTIONS, file))
    judge(outcome, windows, phases, rate)
    bench.end(site)
    return outcome


def one_window(bench, outcome, site, traffic, name, drops):
    with beside.thread(lambda stop: drop_old_partition(bench, site)) if drops else contextlib.nullcontext() as dropping:
        load = outcome.take(name, bench.runner.load(site, traffic), "windows")
    load.update(Queue(site).sizes(), name=name)
    if drops:
        load["drop_s"] = dropping["answer"]
    bench.say(f"{name}: {load['events_per_second']:,.0f} events/s, queue {load['heap_mb']:.1f} + "
              f"{load['index_mb']:.1f} MB{' (old partitions dropped meanwhile)' if drops else ''}")
    return load


def old_day():
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=OLD_DAYS)).strftime("%Y%m%d")


def make_old_partition(site, file):
    site.psql.ask(f"SELECT make_partitions((now() AT TIME ZONE 'UTC')::date - {OLD_DAYS}, 1)")
    site.seed(endpoints_in=file, events=OLD_EVENTS, finished=True, days=0, age_days=OLD_DAYS)


def drop_old_partition(bench, site):
    """Seconds that it took: detached without blocking who works on the others, then dropped."""
    psql = bench.connect(site.name)
    begin = datetime.datetime.now()
    for table in ("events", "deliveries", "attempts"):
        partition = f"{table}_{old_day()}"
        psql.ask(f"ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY")
        psql.ask(f"DROP TABLE {partition}")
    return (datetime.datetime.now() - begin).total_seconds()


def long_transaction(bench, outcome, site, traffic):
    """Loads before, during (three times as long) and after it."""
    psql, phases = bench.connect(site.name), {}
    for name in ("before", "first third", "second third", "last third", "after"):
        if name == "first third":
            psql.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM projects")
        phases[name] = outcome.take(f"transaction, {name}", bench.runner.load(site, traffic), "transaction")
        phases[name].update(Queue(site).sizes())
        if name == "last third":
            psql.ask("COMMIT")
        bench.say(f"60 s transaction, {name}: {phases[name]['events_per_second']:,.0f} events/s, queue "
                  f"{phases[name]['heap_mb']:.1f} MB, p99 {phases[name]['receive']['p99_ms']:.1f} ms")
    return phases


def per_event(load):
    return load["per_event"]["postgres_cpu_us"] + load["per_event"]["fairlead-data_cpu_us"]


def line(name, load):
    return [name, number(load["events_per_second"]), number(load["receive"]["p99_ms"]),
            number(load["per_event"]["postgres_cpu_us"]), number(load["per_event"]["fairlead-data_cpu_us"]),
            number(load["heap_mb"]), number(load["index_mb"]), f"{load['dead_rows']:,}"]


def judge(outcome, windows, phases, rate):
    part = max(1, WINDOWS // 5)
    first, last = windows[1:1 + part], windows[-part:]  # the first one warms up

    def grown(find):
        return [statistics.median(map(find, last)) / max(statistics.median(map(find, first)), 1e-9)]

    outcome.verdicts = [
        Verdict("CPU per event (data plane and PostgreSQL), last fifth ÷ first", grown(per_event), GROWTH_MAX),
        Verdict("events/s, last fifth ÷ first", grown(lambda each: each["events_per_second"]), 1 / GROWTH_MAX, True),
        Verdict("queue's heap and index, last fifth ÷ first",
                grown(lambda each: each["heap_mb"] + each["index_mb"]), 1.5),
        Verdict("p99 in the window of the partition drop ÷ median of the others",
                [windows[WINDOWS // 2]["receive"]["p99_ms"] / max(statistics.median(
                    each["receive"]["p99_ms"] for each in windows), 1e-9)], 2),
        Verdict("60 s transaction, CPU per event in its last third ÷ before",
                [per_event(phases["last third"]) / per_event(phases["before"])], 1.5),
        Verdict("60 s transaction, CPU per event after ÷ before",
                [per_event(phases["after"]) / per_event(phases["before"])], GROWTH_MAX)]
    head = ["window", "events/s", "p99 ms", "PostgreSQL µs", "data plane µs", "heap MB", "index MB", "dead rows"]
    outcome.tables = [(f"{rate:,} events/s asked for", head, [line(each["name"], each) for each in windows]),
                      ("A REPEATABLE READ transaction open for 60 s", head,
                       [line(name, each) for name, each in phases.items()])]
    outcome.notes.append(f"Dropping the old day's three partitions took {windows[WINDOWS // 2]['drop_s']:.2f} s.")
