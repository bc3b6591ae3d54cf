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
    """(user, system) seconds so far."""
    fields = _stat(pid)
    return int(fields[11]) / TICKS, int(fields[12]) / TICKS


def cluster_cpu_s(postmaster):
    """(user, system) seconds of all PostgreSQL: the postmaster, the processes it has reaped, and those that live."""
    user = system = 0
    for _ in range(5):
        fields = [int(value) for value in _stat(postmaster)[11:15]]
        reaped = fields[2:]
        user, system = fields[0] + fields[2], fields[1] + fields[3]
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        try:
            for child in children:
                own = [int(value) for value in _stat(child)[11:15]]
                user, system = user + own[0] + own[2], system + own[1] + own[3]
        except (FileNotFoundError, ProcessLookupError):
            continue  # one ended meanwhile: it is now among the reaped
        if [int(value) for value in _stat(postmaster)[13:15]] == reaped:
            break
    return user / TICKS, system / TICKS


def resident_kib(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def forget_peak(pid):
    """VmHWM of this process counts from now on."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def _machine_ticks():
    fields = [int(value) for value in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = fields[3] + fields[4]
    return sum(fields[:8]), fields[7], idle, sum(fields[:7]) - idle


@dataclasses.dataclass
class Cost:
    """Of one phase; CPU in seconds, (user, system) for each name: "postgres" and the programs."""

    seconds: float
    cpu_s: dict
    wal_bytes: int
    write_commits: int      # transactions that took an id: those that a commit record was written for
    counted_commits: int    # pg_stat_database of the database in question, without our own questions
    steal_share: float      # of the machine's time: taken by the hypervisor
    idle_share: float
    busy_cpu_s: float       # of all processes of the machine
    machine_cpu_s: float    # what all its processors could have given

    def add_process(self, name, report):
        """One that began and ended within the phase, and reported its own time."""
        self.cpu_s[name] = (report["user_s"], report["system_s"])

    @property
    def others_share(self):
        """Of the machine's time: used by what is not part of the measurement (and by the kernel for nobody)."""
        ours = sum(sum(spent) for spent in self.cpu_s.values())
        return max(0, self.busy_cpu_s - ours) / max(self.machine_cpu_s, 1e-9)

    def to_json(self):
        return {**dataclasses.asdict(self), "others_share": self.others_share}

    def per_event(self, events):
        events = max(events, 1)
        spent = {}
        for name, (user, system) in self.cpu_s.items():
            spent[f"{name}_user_us"], spent[f"{name}_system_us"] = user * 1e6 / events, system * 1e6 / events
            spent[f"{name}_cpu_us"] = spent[f"{name}_user_us"] + spent[f"{name}_system_us"]
        return {**spent, "wal_bytes": self.wal_bytes / events, "write_commits": self.write_commits / events,
                "counted_commits": self.counted_commits / events,
                "idle_us": self.idle_share * self.machine_cpu_s * 1e6 / events,
                "steal_us": self.steal_share * self.machine_cpu_s * 1e6 / events,
                "machine_us": self.machine_cpu_s * 1e6 / events,
                "others_us": self.others_share * self.machine_cpu_s * 1e6 / events}


class Meter:
    """`processes`: name → pids, whose times are added up. `psql` asks; `database` is the one whose commits count."""

    SQL = """SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), txid_snapshot_xmax(txid_current_snapshot()),
      (SELECT xact_commit FROM pg_stat_database WHERE datname = '{database}')"""

    def __init__(self, postmaster, psql, processes, database):
        self._postmaster, self._psql, self._processes, self._database = postmaster, psql, processes, database
        # Dirty pages of the phase before are written now, not at its successor's expense.
        psql.ask("CHECKPOINT")
        self._asked = psql.statements
        self._before = self._sample()

    def end(self):
        asked = self._psql.statements - self._asked
        before, after = self._before, self._sample()
        machine = [late - early for early, late in zip(before["machine"], after["machine"])]
        return Cost(
            seconds=after["time"] - before["time"],
            cpu_s={name: tuple(late - early for early, late in zip(spent, after["cpu"][name]))
                   for name, spent in before["cpu"].items()},
            wal_bytes=after["wal"] - before["wal"],
            write_commits=after["xids"] - before["xids"],
            counted_commits=max(0, after["commits"] - before["commits"] - asked),
            steal_share=machine[1] / max(machine[0], 1),
            idle_share=machine[2] / max(machine[0], 1),
            busy_cpu_s=machine[3] / TICKS,
            machine_cpu_s=machine[0] / TICKS,
        )

    def _sample(self):
        wal, xids, commits = self._psql.ask(self.SQL.format(database=self._database))[0].split("|")
        cpu = {"postgres": cluster_cpu_s(self._postmaster)}
        for name, pids in self._processes.items():
            each = [process_cpu_s(pid) for pid in pids]
            cpu[name] = (sum(user for user, _ in each), sum(system for _, system in each))
        return {"time": time.monotonic(), "cpu": cpu, "wal": int(wal), "xids": int(xids), "commits": int(commits),
                "machine": _machine_ticks()}
