"""From the start of the process to /readyz 200, and resident memory at rest, by number of endpoints; of the control plane
as it starts, and once it has served the API's document and page."""

from lib.bench import settled_mib
from lib.cluster import Failure
from lib.outcome import Outcome, Verdict
from lib.programs import call
from lib.report import row

TITLE = "cold start with 10,000 endpoints; memory of both planes idle, and of the data plane with 100,000 endpoints"
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
    control = control_mib(site.gateway)
    outcome.tables = [("", ["measured", "median", "range"], [
        *(line for size in sizes for line in (
            row(f"start to serving, {size:,} endpoint(s)", seconds[size], "s"),
            row(f"resident at rest, {size:,} endpoint(s)", resident[size], "MiB"))),
        row("control plane: resident once it serves", [control[0]], "MiB"),
        row("control plane: after /openapi.json and /docs", [control[1]], "MiB")])]
    one, some, many = sizes
    outcome.verdicts = [
        Verdict(f"start to serving, {some:,} endpoints", seconds[some], START_S_MAX, unit="s"),
        Verdict("resident memory, idle", resident[one], IDLE_MIB_MAX, unit="MiB"),
        Verdict("control plane: resident memory, idle", [max(control)], IDLE_MIB_MAX, unit="MiB"),
        Verdict(f"resident memory, {many:,} endpoints", resident[many], MANY_MIB_MAX, unit="MiB"),
    ]
    outcome.numbers = {"seconds": seconds, "resident_mib": resident, "control_mib": control}
    bench.end(site)
    return outcome


def control_mib(gateway):
    """Resident at rest, [as it starts, once it has served the document and its page]."""
    gateway.control.stop()
    gateway.control.start()
    resident = [settled_mib(gateway.control.pid)]
    for path in ("/openapi.json", "/docs"):
        status, _ = call(gateway.control_port, "GET", path)
        if status != 200:
            raise Failure(f"GET {path} was answered with {status}")
    return [*resident, settled_mib(gateway.control.pid)]
