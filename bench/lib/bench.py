"""Everything that a run starts: a private cluster, a sink, and one or more sites (a database with its gateway)."""

import os
import pathlib
import subprocess
import sys
import time

from lib.cluster import Cluster, Failure, Psql
from lib.gateway import Gateway
from lib.measure import resident_kib
from lib.programs import Sink, run_json
from lib.runner import Runner

SEED_LIMIT_S = 600
# What the data plane writes; configuration stays.
WORK_TABLES = ("events, deliveries, attempts, queue, failed_deliveries, idempotency_keys, pending_events, "
               "endpoint_state")


def settled_mib(pid):
    """Resident memory once it stays the same for a second (at most ten)."""
    last, since, deadline = 0, time.monotonic(), time.monotonic() + 10
    while time.monotonic() < deadline and time.monotonic() - since < 1:
        now = resident_kib(pid)
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.05)
    return last / 1024


class Site:
    """A database, both planes on it, and endpoints of the sink."""

    def __init__(self, bench, name):
        self._bench, self.name = bench, name
        self.folder = pathlib.Path(bench.state) / name
        self.folder.mkdir(mode=0o711)
        bench.postgres.ask(f"CREATE DATABASE {name} OWNER fairlead_owner")
        self.psql = bench.connect(name)
        self.gateway = Gateway(bench.programs, self.folder, bench.cluster, name)

    def endpoints(self, count, owner="bench", path="e", **fields):
        """Made through the API, each with a subscription to everything; the file with their ids."""
        file = self.folder / f"endpoints-{owner}"
        ids = [self.gateway.create_endpoint(f"{owner}-{number}", self.sink_url(path, number), owner, **fields)
               for number in range(count)]
        file.write_text("".join(each + "\n" for each in ids))
        return file

    def sink_url(self, path, number):
        return f"http://127.0.0.1:{self._bench.sink.port}/{path}/{number}"

    def seed(self, **options):
        """Runs bench/seed on this database: its options with underscores."""
        arguments = []
        for name, value in options.items():
            arguments += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
        run_json([self._bench.tools / "fairlead_bench_seed", "--database",
                  self._bench.cluster.url(self.name, "fairlead_owner"), "--project", self.gateway.project,
                  "--master-key-file", self.gateway.key_file, *arguments], SEED_LIMIT_S)

    def queue_rows(self):
        return int(self.psql.ask("SELECT count(*) FROM queue")[0])

    def clean(self):
        """Nothing in the queue, nothing in anybody's memory, configuration as it was."""
        for node in self.gateway.nodes:
            node.stop()
        self.clean_tables()
        self.gateway.data.start()

    def clean_tables(self):
        self.psql.ask(f"TRUNCATE {WORK_TABLES}")
        self.psql.ask("CHECKPOINT")


class Bench:
    """stop() ends what was started in reverse order, whatever has happened."""

    def __init__(self, options, programs, state, say):
        self.options, self.programs, self.state, self.say = options, programs, state, say
        self.tools = programs / "bench"
        self._undo = []
        self._number = 0

    def start(self):
        self.cluster = Cluster(self.state / "postgres")
        self._undo.append(self.cluster.stop if not self.options.keep else self.cluster.halt)
        self.cluster.start()
        self.postgres = self.connect("postgres")
        self.postgres.ask("CREATE ROLE fairlead_owner LOGIN CREATEROLE")
        self.postgres.ask("CREATE DATABASE bench_raw")
        self.sink = Sink(self.tools / "fairlead_bench_sink", self.state / "sink.log", self.options.payload_bytes)
        self._undo.append(self.sink.program.stop)
        self.sink.start()
        self.runner = Runner(self.options, self.tools, self.cluster, self.sink, self.connect("bench_raw"))

    def site(self):
        """A new one, serving, without endpoints."""
        self._number += 1
        site = Site(self, f"fairlead_{self._number}")
        self._undo.append(site.gateway.stop)
        site.gateway.start(self._make_role)
        return site

    def end(self, site):
        """One that is no longer needed, so that it does not stand in the others' way."""
        site.gateway.stop()
        site.psql.close()
        self.postgres.ask(f"DROP DATABASE {site.name} WITH (FORCE)")

    def connect(self, database):
        psql = Psql(self.cluster.url(database))
        self._undo.append(psql.close)
        return psql

    def size(self, full, quick):
        return quick if self.options.quick else full

    def stop(self):
        for undo in reversed(self._undo):
            try:
                undo()
            except (Failure, OSError, subprocess.SubprocessError) as error:
                print(f"warning: {error}", file=sys.stderr)

    def _make_role(self, name, group):
        # Roles are the cluster's: the second site finds them. As in production, each plane may do what its role may do.
        if not self.postgres.ask(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"):
            self.postgres.ask(f"CREATE ROLE {name} LOGIN IN ROLE {group}")


def machine_facts():
    return {"cpus": os.cpu_count(), "kernel": os.uname().release}
