"""The targets of the data plane's design that one run can judge: pure functions of the rounds' numbers."""

import dataclasses
import statistics

MEMORY_IDLE_MIB = 64
MEMORY_MANY_MIB = 400
MANY_ENDPOINTS = 100_000
COLD_START_ENDPOINTS = 10_000


@dataclasses.dataclass
class Verdict:
    name: str
    measured: list       # one number a round
    bound: float
    is_floor: bool       # at least the bound, else at most
    unit: str = ""
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.measured)

    @property
    def holds(self):
        return self.median >= self.bound if self.is_floor else self.median <= self.bound

    def to_json(self):
        return {"name": self.name, "measured": self.measured, "median": self.median, "bound": self.bound,
                "kind": "at least" if self.is_floor else "at most", "unit": self.unit, "holds": self.holds,
                "note": self.note}


def round_verdicts(rounds):
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
        Verdict("end-to-end events/s ÷ raw, 2 connections", ratios(rate("saturated"), rate("raw_2")), 0.25, True, "×"),
        Verdict("PostgreSQL CPU per event ÷ raw, 1 connection",
                ratios(per_event("saturated", "postgres_cpu_us"), per_event("raw_1", "postgres_cpu_us")), 6, False,
                "×"),
        Verdict("WAL per event ÷ raw, 1 connection",
                ratios(per_event("saturated", "wal_bytes"), per_event("raw_1", "wal_bytes")), 2, False, "×"),
        Verdict("commits per event", [commits(each) for each in rounds], 0.1, False),
        Verdict("received at 500/s, p50 ÷ (1.5 × single-row p50 + 1 ms)",
                ratios(latency("steady", "receive", "p50_ms"), lambda each: 1.5 * single_p50(each) + 1), 1, False, "×"),
        Verdict("received at 500/s, p99 ÷ single-row p99",
                ratios(latency("steady", "receive", "p99_ms"), latency("single", "commit", "p99_ms")), 3, False, "×"),
    ]


def start_verdicts(facts):
    endpoints = facts["endpoints"]
    is_many = endpoints >= MANY_ENDPOINTS
    note = "" if endpoints >= COLD_START_ENDPOINTS else f"the target is for {COLD_START_ENDPOINTS} endpoints"
    return [
        Verdict(f"resident memory, {'' if is_many else 'idle, '}{endpoints} endpoint(s)", [facts["idle_mib"]],
                MEMORY_MANY_MIB if is_many else MEMORY_IDLE_MIB, False, "MiB"),
        Verdict(f"start to serving, {endpoints} endpoint(s)", [facts["restart_s"]], 1, False, "s", note),
    ]


# Said in every report, so that a table is never taken for the whole list.
NOT_COVERED = [
    "others' p99 while one endpoint hangs, or has a backlog of 1,000,000",
    "growth of CPU per event with subscriptions, endpoints and backlog",
    "resident memory under a backlog of 1,000,000",
]
