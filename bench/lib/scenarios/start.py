"""From the start of the process to /readyz 200, and resident memory at rest, by number of endpoints."""

from lib.bench import settled_mib
from lib.outcome import Outcome, Verdict
from lib.report import row

TITLE = "cold start with 10,000 endpoints; memory idle and with 100,000 endpoints"
MINUTES = (1, 0)  # before the rounds, and for each of 8 s
STARTS = 5
START_S_MAX = 1
IDLE_MIB_MAX, MANY_MIB_MAX = 64, 400


def run(bench):
    outcome = Outcome("start")
    site = bench.site()
    sizes = [1, bench.size(10_000, 2_000), bench.size(100_000, 10_000)]
    seconds, resident, there = {}, {}, 0
    for size in sizes:
        bench.say(f"seeding {size} endpoint(s), each with a subscription")
        site.seed(endpoints=size - there, subscriptions=size - there, url=site.sink_url("e", "{n}"))
        there = size
        site.psql.ask("ANALYZE endpoints; ANALYZE subscriptions; CHECKPOINT")
        seconds[size] = [site.gateway.restart_data() for _ in range(STARTS)]
        resident[size] = [settled_mib(site.gateway.data.pid)]
        bench.say(f"{size} endpoint(s): serves after {sorted(seconds[size])[STARTS // 2]:.2f} s, "
                  f"{resident[size][0]:.0f} MiB")
    outcome.tables = [("", ["measured", "median", "range"], [
        line for size in sizes for line in (
            row(f"start to serving, {size:,} endpoint(s)", seconds[size], "s"),
            row(f"resident at rest, {size:,} endpoint(s)", resident[size], "MiB"))])]
    one, some, many = sizes
    outcome.verdicts = [
        Verdict(f"start to serving, {some:,} endpoints", seconds[some], START_S_MAX, unit="s"),
        Verdict("resident memory, idle", resident[one], IDLE_MIB_MAX, unit="MiB"),
        Verdict(f"resident memory, {many:,} endpoints", resident[many], MANY_MIB_MAX, unit="MiB"),
    ]
    outcome.numbers = {"seconds": seconds, "resident_mib": resident}
    bench.end(site)
    return outcome
