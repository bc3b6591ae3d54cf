"""The numbers as a table for a person."""

import statistics


def _number(value, unit=""):
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f} {unit}".strip()


def _spread(values):
    return f"{_number(min(values))} – {_number(max(values))}" if len(values) > 1 else ""


def _table(head, rows):
    widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for row in [head, ["-" * width for width in widths], *rows]:
        first, *others = zip(map(str, row), widths)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _others_share(round_):
    return max(phase["cost"]["others_share"] for phase in round_.values())


def _measured_rows(rounds):
    def row(name, unit, find):
        values = [find(each) for each in rounds]
        return [name, _number(statistics.median(values), unit), _spread(values)]

    def costs(title, phase, names):
        return [row(f"{title}, {label}", unit, lambda each, key=key: each[phase]["per_event"][key])
                for label, unit, key in names]

    postgres = [("PostgreSQL CPU per event", "µs", "postgres_cpu_us"), ("WAL per event", "B", "wal_bytes")]
    rows = [
        row("single-row commit, 1 connection", "/s", lambda each: each["single"]["events_per_second"]),
        row("single-row commit, p50", "ms", lambda each: each["single"]["commit"]["p50_ms"]),
        row("single-row commit, p99", "ms", lambda each: each["single"]["commit"]["p99_ms"]),
    ]
    for connections in (1, 2):
        rows.append(row(f"raw, 128 a commit, {connections} connection(s)", "events/s",
                        lambda each, phase=f"raw_{connections}": each[phase]["events_per_second"]))
        rows += costs(f"raw, {connections} connection(s)", f"raw_{connections}", postgres)
    rows.append(row("end to end, saturated", "events/s", lambda each: each["saturated"]["events_per_second"]))
    rows += costs("end to end", "saturated", [
        *postgres, ("data plane CPU per event", "µs", "fairlead-data_cpu_us"),
        ("driver CPU per event", "µs", "driver_cpu_us"), ("sink CPU per event", "µs", "sink_cpu_us"),
        ("writing commits per event", "", "write_commits"),
        ("all transactions per event", "", "counted_commits")])
    rows += [
        row("end to end, answer p50", "ms", lambda each: each["saturated"]["answer"]["p50_ms"]),
        row("at 500/s, answered p50", "ms", lambda each: each["steady"]["answer"]["p50_ms"]),
        row("at 500/s, received p50", "ms", lambda each: each["steady"]["receive"]["p50_ms"]),
        row("at 500/s, received p99", "ms", lambda each: each["steady"]["receive"]["p99_ms"]),
        row("machine time taken by the hypervisor", "%", lambda each: 100 * each["saturated"]["cost"]["steal_share"]),
        row("machine time used by others", "%", lambda each: 100 * _others_share(each)),
    ]
    return rows


def _target_row(verdict):
    bound = ("≥ " if verdict.is_floor else "≤ ") + _number(verdict.bound, verdict.unit)
    holds = ("yes" if verdict.holds else "NO") + (" *" if verdict.note else "")
    return [verdict.name, _number(verdict.median, verdict.unit), _spread(verdict.measured), bound, holds]


# Above it the numbers speak of the neighbours as much as of us.
OTHERS_SHARE_MAX = 0.1


def render(rounds, facts, verdicts, not_covered):
    parts = [f"Medians of {len(rounds)} round(s)", _table(["measured", "median", "range"], _measured_rows(rounds))]
    parts += ["\nProcesses", _table(["data plane", "resident", "peak"], [
        [f"idle, {facts['endpoints']} endpoint(s)", _number(facts["idle_mib"], "MiB"), ""],
        ["after the last round", _number(facts["end_mib"], "MiB"), _number(facts["peak_mib"], "MiB")]])]
    parts += ["\nTargets (medians of each round's own ratio)", _table(
        ["target", "measured", "range", "bound", "holds"], [_target_row(each) for each in verdicts])]
    parts += [f"* {each.name}: {each.note}" for each in verdicts if each.note]
    parts.append("Not covered by this run: " + "; ".join(not_covered) + ".")
    others = max(map(_others_share, rounds))
    if others > OTHERS_SHARE_MAX:
        parts.append(f"warning: other programs used up to {100 * others:.0f} % of this machine meanwhile: measure again "
                     "when it is quiet")
    return "\n".join(parts)
