"""What a node said of itself, sampled all the time: how much was in flight or unrecorded just before a fault, and what it counted."""

from dataclasses import dataclass

NAMES = {
    "fairlead_deliveries_in_flight": "in_flight",
    "fairlead_results_unrecorded": "unrecorded",
    "fairlead_events_stored_total": "stored",
    "fairlead_deliveries_created_total": "created",
    "fairlead_deliveries_finished_total": "finished",
    "fairlead_results_fenced_total": "fenced",
    "fairlead_leases_lost_total": "leases_lost",
    "fairlead_database_errors_total": "database_errors",
    "fairlead_log_lines_dropped": "lines_dropped",
    "fairlead_lanes_owned": "lanes",
}


@dataclass
class Sample:
    """`begin`, `end`: time.monotonic() around the request. Everything that a node has begun since `begin` is not in it."""
    begin: float
    end: float
    pid: int
    in_flight: int = 0
    unrecorded: int = 0
    stored: int = 0
    created: int = 0
    finished: int = 0
    fenced: int = 0
    leases_lost: int = 0
    database_errors: int = 0
    lines_dropped: int = 0
    lanes: int = 0


def parse_sample(text, begin, end, pid):
    """Sums each metric over its labels."""
    sample = Sample(begin, end, pid)
    for line in text.splitlines():
        name = line.partition(" ")[0].partition("{")[0]
        if name in NAMES:
            setattr(sample, NAMES[name], getattr(sample, NAMES[name]) + int(float(line.rpartition(" ")[2])))
    return sample


@dataclass
class Mark:
    """A fault that may leave what was under way unrecorded: a node ended, froze or lost its lease."""
    node: str
    what: str
    at: float              # time.monotonic() by which it had happened
    before: Sample         # the last sample before it

    def bound(self, arrival_times, grace=0.3):
        """The most that may arrive once more: what the sample shows, one for the moment between the two gauges, and what
        arrived since the sample was asked for (whatever the node began later arrived later)."""
        began_later = sum(1 for at in arrival_times if self.before.begin <= at <= self.at + grace)
        return self.before.in_flight + self.before.unrecorded + 1 + began_later


def lease_losses(node, samples, frozen=()):
    """Marks of the lost leases between two samples of one process. `frozen`: (from, until) of times at which it could do
    nothing; what it did is counted from its continuation."""
    marks = []
    for before, after in zip(samples, samples[1:]):
        if before.pid != after.pid or after.leases_lost == before.leases_lost:
            continue
        begin = max([before.begin, *(until for start, until in frozen if before.begin <= until <= after.end)])
        marks.append(Mark(node, "lost its lease", after.end, Sample(**{**before.__dict__, "begin": begin})))
    return marks
