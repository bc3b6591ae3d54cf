"""The whole path against what the same PostgreSQL does raw, saturated and at 500 events a second."""

from lib.bench import settled_mib
from lib.measure import resident_kib
from lib.outcome import Outcome, Verdict
from lib.report import number, row
from lib.runner import BATCH, STEADY_CONNECTIONS, STEADY_RATE, Traffic

TITLE = "events/s, CPU, WAL and commits against raw inserts; latency at 500/s; where the CPU goes"
MINUTES = (0.3, 0.8)  # before the rounds, and for each of 8 s
WARM_UP_S = 1
COSTS = [("data plane", "fairlead-data"), ("PostgreSQL", "postgres"), ("driver", "driver"), ("sink", "sink"),
         ("control plane", "fairlead-control")]


def run(bench):
    options, outcome = bench.options, Outcome("core")
    site = bench.site()
    file = site.endpoints(options.endpoints)
    site.gateway.restart_data()
    idle_mib = settled_mib(site.gateway.data.pid)
    target = {"owner": "bench", "fan_out": options.endpoints} if options.fan_out else {"endpoints_file": file}

    def load(rate, seconds, connections):
        return bench.runner.load(site, Traffic(seconds, rate, connections, **target))

    bench.runner.raw(1, BATCH, WARM_UP_S)
    load(0, WARM_UP_S, options.connections)
    rounds = []
    # What is compared with each other is measured next to each other.
    for count in range(1, options.rounds + 1):
        phases = {}
        for name, measure in (
                ("raw_1", lambda: bench.runner.raw(1, BATCH, options.seconds)),
                ("saturated", lambda: load(0, options.seconds, options.connections)),
                ("raw_2", lambda: bench.runner.raw(2, BATCH, options.seconds)),
                ("single", lambda: bench.runner.raw(1, 1, options.seconds)),
                ("paced", lambda: bench.runner.raw(1, 1, max(options.seconds, 2), STEADY_RATE)),
                ("steady", lambda: load(STEADY_RATE, max(options.seconds, 2), STEADY_CONNECTIONS))):
            phases[name] = outcome.take(f"round {count}, {name}", measure(), name)
            bench.say(f"round {count} of {options.rounds}, {name}: {phases[name]['events_per_second']:,.0f} events/s")
        rounds.append(phases)
    outcome.verdicts = verdicts(rounds)
    outcome.tables = [("", ["measured", "median", "range"], measured_rows(rounds)), cpu_table(rounds)]
    pid = site.gateway.data.pid
    outcome.notes.append(f"Data plane resident: idle {number(idle_mib)} MiB, after the last round "
                         f"{number(resident_kib(pid) / 1024)} MiB.")
    bench.end(site)
    return outcome


def verdicts(rounds):
    def ratios(upper, lower):
        return [upper(each) / max(lower(each), 1e-9) for each in rounds]

    def per_event(phase, name):
        return lambda each: each[phase]["per_event"][name]

    def rate(phase):
        return lambda each: each[phase]["events_per_second"]

    def latency(phase, kind, name):
        return lambda each: each[phase][kind][name]

    def commits(each):
        spent = each["saturated"]["per_event"]
        return max(spent["write_commits"], spent["counted_commits"])

    single_p50 = latency("single", "commit", "p50_ms")
    return [
        Verdict("end-to-end events/s ÷ raw, 2 connections", ratios(rate("saturated"), rate("raw_2")), 0.25, True),
        Verdict("PostgreSQL CPU per event ÷ raw, 1 connection",
                ratios(per_event("saturated", "postgres_cpu_us"), per_event("raw_1", "postgres_cpu_us")), 6),
        Verdict("WAL per event ÷ raw, 1 connection",
                ratios(per_event("saturated", "wal_bytes"), per_event("raw_1", "wal_bytes")), 2),
        Verdict("commits per event", [commits(each) for each in rounds], 0.1, unit=""),
        Verdict("received at 500/s, p50 ÷ (1.5 × single-row p50 + 1 ms)",
                ratios(latency("steady", "receive", "p50_ms"), lambda each: 1.5 * single_p50(each) + 1), 1),
        Verdict("received at 500/s, p99 ÷ single-row p99 at 500/s",
                ratios(latency("steady", "receive", "p99_ms"), latency("paced", "commit", "p99_ms")), 3),
        Verdict("received at 500/s, p99 ÷ single-row p99, one after the other",
                ratios(latency("steady", "receive", "p99_ms"), latency("single", "commit", "p99_ms")), 3),
    ]


def measured_rows(rounds):
    def one(name, unit, find):
        return row(name, [find(each) for each in rounds], unit)

    def costs(title, phase, names):
        return [one(f"{title}, {label}", unit, lambda each, key=key: each[phase]["per_event"][key])
                for label, unit, key in names]

    postgres = [("PostgreSQL CPU per event", "µs", "postgres_cpu_us"), ("WAL per event", "B", "wal_bytes")]
    rows = [one(f"single-row commit, {name}", unit, find) for name, unit, find in (
        ("1 connection", "/s", lambda each: each["single"]["events_per_second"]),
        ("p50", "ms", lambda each: each["single"]["commit"]["p50_ms"]),
        ("p99", "ms", lambda each: each["single"]["commit"]["p99_ms"]),
        ("at 500/s, p50", "ms", lambda each: each["paced"]["commit"]["p50_ms"]),
        ("at 500/s, p99", "ms", lambda each: each["paced"]["commit"]["p99_ms"]))]
    for connections in (1, 2):
        phase = f"raw_{connections}"
        rows.append(one(f"raw, 128 a commit, {connections} connection(s)", "events/s",
                        lambda each, phase=phase: each[phase]["events_per_second"]))
        rows += costs(f"raw, {connections} connection(s)", phase, postgres)
    rows.append(one("end to end, saturated", "events/s", lambda each: each["saturated"]["events_per_second"]))
    rows += costs("end to end", "saturated", [*postgres, ("writing commits per event", "", "write_commits"),
                                              ("all transactions per event", "", "counted_commits")])
    rows += [
        one("end to end, answer p50", "ms", lambda each: each["saturated"]["answer"]["p50_ms"]),
        one("at 500/s, answered p50", "ms", lambda each: each["steady"]["answer"]["p50_ms"]),
        one("at 500/s, received p50", "ms", lambda each: each["steady"]["receive"]["p50_ms"]),
        one("at 500/s, received p99", "ms", lambda each: each["steady"]["receive"]["p99_ms"]),
    ]
    return rows


def cpu_table(rounds):
    """Of one saturated event, on all processors of the machine: why the rate is what it is."""
    def values(key):
        return [each["saturated"]["per_event"].get(key, 0) for each in rounds]

    rows = []
    for title, name in COSTS:
        total, user, system = (values(f"{name}_{kind}_us") for kind in ("cpu", "user", "system"))
        rows.append([*row(title, total), row("", user)[1], row("", system)[1]])
    for title, key in (("other programs, kernel for nobody", "others_us"), ("taken by the hypervisor", "steal_us"),
                       ("idle", "idle_us"), ("all that the machine had", "machine_us")):
        rows.append([*row(title, values(key)), "", ""])
    return ("CPU per event, saturated (µs; seconds × processors ÷ events/s is the last line)",
            ["of", "median", "range", "user", "system"], rows)
