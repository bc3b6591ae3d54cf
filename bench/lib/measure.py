"""What a phase cost, measured from outside and by the same code for raw inserts and for the whole path."""

import dataclasses
import os
import pathlib
import time

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    # Behind the name, which may hold spaces and brackets: state is field 3.
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def process_cpu_s(pid):
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def cluster_cpu_s(postmaster):
    """All that PostgreSQL has used: the postmaster, the processes it has reaped, and those that live."""
    ticks = 0
    for attempt in range(5):
        fields = _stat(postmaster)
        reaped = int(fields[13]) + int(fields[14])
        ticks = int(fields[11]) + int(fields[12]) + reaped
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        try:
            for child in children:
                own = _stat(child)
                ticks += sum(int(own[index]) for index in (11, 12, 13, 14))
        except (FileNotFoundError, ProcessLookupError):
            continue  # one ended meanwhile: it is now among the reaped
        again = _stat(postmaster)
        if int(again[13]) + int(again[14]) == reaped:
            break
    return ticks / TICKS


def resident_kib(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def _machine_ticks():
    fields = [int(value) for value in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = fields[3] + fields[4]
    return sum(fields[:8]), fields[7], idle, sum(fields[:7]) - idle


@dataclasses.dataclass
class Cost:
    """Of one phase; CPU in seconds."""

    seconds: float
    postgres_cpu_s: float
    process_cpu_s: dict
    wal_bytes: int
    write_commits: int      # transactions that took an id: those that a commit record was written for
    counted_commits: int    # pg_stat_database of the database in question, without our own questions
    steal_share: float      # of the machine's time: taken by the hypervisor
    idle_share: float
    busy_cpu_s: float       # of all processes of the machine
    machine_cpu_s: float    # what all its processors could have given

    def add_process(self, name, cpu_s):
        """One that began and ended within the phase."""
        self.process_cpu_s[name] = cpu_s

    @property
    def others_share(self):
        """Of the machine's time: used by what is not part of the measurement (and by the kernel for nobody)."""
        ours = self.postgres_cpu_s + sum(self.process_cpu_s.values())
        return max(0, self.busy_cpu_s - ours) / max(self.machine_cpu_s, 1e-9)

    def to_json(self):
        return {**dataclasses.asdict(self), "others_share": self.others_share}

    def per_event(self, events):
        events = max(events, 1)
        return {
            "postgres_cpu_us": self.postgres_cpu_s * 1e6 / events,
            "wal_bytes": self.wal_bytes / events,
            "write_commits": self.write_commits / events,
            "counted_commits": self.counted_commits / events,
            **{f"{name}_cpu_us": spent * 1e6 / events for name, spent in self.process_cpu_s.items()},
        }


class Meter:
    """`processes`: name → pid. `psql` asks; `database` is the one whose commits are counted."""

    SQL = """SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), txid_snapshot_xmax(txid_current_snapshot()),
      (SELECT xact_commit FROM pg_stat_database WHERE datname = '{database}')"""

    def __init__(self, postmaster, psql, processes):
        self._postmaster, self._psql, self._processes = postmaster, psql, processes

    def begin(self, database):
        self._database = database
        # Dirty pages of the phase before are written now, not at its successor's expense.
        self._psql.ask("CHECKPOINT")
        self._before = self._sample()

    def end(self):
        before, after = self._before, self._sample()
        machine = [late - early for early, late in zip(before["machine"], after["machine"])]
        return Cost(
            seconds=after["time"] - before["time"],
            postgres_cpu_s=after["postgres"] - before["postgres"],
            process_cpu_s={name: after["processes"][name] - spent for name, spent in before["processes"].items()},
            wal_bytes=after["wal"] - before["wal"],
            write_commits=after["xids"] - before["xids"],
            counted_commits=max(0, after["commits"] - before["commits"]),
            steal_share=machine[1] / max(machine[0], 1),
            idle_share=machine[2] / max(machine[0], 1),
            busy_cpu_s=machine[3] / TICKS,
            machine_cpu_s=machine[0] / TICKS,
        )

    def _sample(self):
        wal, xids, commits = self._psql.ask(self.SQL.format(database=self._database))[0].split("|")
        return {
            "time": time.monotonic(),
            "postgres": cluster_cpu_s(self._postmaster),
            "processes": {name: process_cpu_s(pid) for name, pid in self._processes.items()},
            "wal": int(wal), "xids": int(xids), "commits": int(commits),
            "machine": _machine_ticks(),
        }
