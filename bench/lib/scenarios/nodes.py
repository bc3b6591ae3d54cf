"""One, two and three data planes on one database; on a machine of two processors they cannot make it faster."""

from lib.outcome import Outcome
from lib.report import row
from lib.runner import Traffic

TITLE = "1, 2 and 3 data planes, saturated: events/s and PostgreSQL CPU per event"
MINUTES = (0.3, 1.3)  # before the rounds, and for each of 8 s
NODES_MAX = 3
ENDPOINTS = 64


def run(bench):
    options, outcome = bench.options, Outcome("nodes")
    site = bench.site()
    traffic = Traffic(options.seconds, connections=options.connections, endpoints_file=site.endpoints(ENDPOINTS))
    for _ in range(1, NODES_MAX):
        site.gateway.add_node()
    for count in range(1, options.rounds + 1):
        for nodes in range(1, NODES_MAX + 1):
            for index, node in enumerate(site.gateway.nodes):
                if index >= nodes:
                    node.stop()
                elif not node.is_running:
                    node.start()
            site.gateway.wait_for_balance()
            bench.runner.load(site, Traffic(1, endpoints_file=traffic.endpoints_file))
            load = outcome.take(f"round {count}, {nodes} node(s)", bench.runner.load(site, traffic), f"nodes_{nodes}")
            bench.say(f"round {count} of {options.rounds}, {nodes} node(s): {load['events_per_second']:,.0f} events/s")
    rows = []
    for nodes in range(1, NODES_MAX + 1):
        measured = outcome.numbers[f"nodes_{nodes}"]
        rows += [
            row(f"{nodes} node(s), events/s", [each["events_per_second"] for each in measured]),
            row(f"{nodes} node(s), events/s ÷ 1 node",
                [each["events_per_second"] / one["events_per_second"]
                 for each, one in zip(measured, outcome.numbers["nodes_1"])], "×"),
            row(f"{nodes} node(s), PostgreSQL CPU per event",
                [each["per_event"]["postgres_cpu_us"] for each in measured], "µs"),
            row(f"{nodes} node(s), data planes' CPU per event",
                [each["per_event"]["fairlead-data_cpu_us"] for each in measured], "µs"),
        ]
    outcome.tables = [("", ["measured", "median", "range"], rows)]
    bench.end(site)
    return outcome
