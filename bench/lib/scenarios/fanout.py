"""Fan-out 5 beside fan-out 1: each event to all five endpoints of an owner, or to one of them."""

from lib.outcome import Outcome
from lib.report import row
from lib.runner import Traffic

TITLE = "fan-out 1 and 5, saturated: events/s, deliveries/s, PostgreSQL CPU per delivery"
MINUTES = (0.2, 0.4)  # before the rounds, and for each of 8 s
FAN_OUT = 5


def run(bench):
    options, outcome = bench.options, Outcome("fan-out")
    site = bench.site()
    file = site.endpoints(FAN_OUT)
    loads = {1: Traffic(options.seconds, connections=options.connections, endpoints_file=file),
             FAN_OUT: Traffic(options.seconds, connections=options.connections, owner="bench", fan_out=FAN_OUT)}
    bench.runner.load(site, Traffic(1, endpoints_file=file))
    for count in range(1, options.rounds + 1):
        for fan_out, traffic in loads.items():
            load = outcome.take(f"round {count}, fan-out {fan_out}", bench.runner.load(site, traffic),
                                f"fan_out_{fan_out}")
            bench.say(f"round {count} of {options.rounds}, fan-out {fan_out}: "
                      f"{load['events_per_second']:,.0f} events/s")
    rows = []
    for fan_out in loads:
        measured = outcome.numbers[f"fan_out_{fan_out}"]
        title = f"fan-out {fan_out}"
        rows += [
            row(f"{title}, events/s", [each["events_per_second"] for each in measured]),
            row(f"{title}, deliveries/s", [each["events_per_second"] * fan_out for each in measured]),
            row(f"{title}, PostgreSQL CPU per delivery",
                [each["per_event"]["postgres_cpu_us"] / fan_out for each in measured], "µs"),
            row(f"{title}, data plane CPU per delivery",
                [each["per_event"]["fairlead-data_cpu_us"] / fan_out for each in measured], "µs"),
            row(f"{title}, WAL per delivery", [each["per_event"]["wal_bytes"] / fan_out for each in measured], "B"),
        ]
    outcome.tables = [("", ["measured", "median", "range"], rows)]
    bench.end(site)
    return outcome
