"""A PostgreSQL of this suite's own, because it is killed, frozen, starved and restarted; durable as in production."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from support.planes import free_ports
from support.wait import wait_until

BIN = Path("/usr/lib/postgresql/15/bin")
DATA_ROLE = "fairlead_e2e_data"
ALLOW_ALL = "local all all trust\nhost all all 127.0.0.1/32 trust\n"


def as_postgres():
    """PostgreSQL refuses to run as root: then the package's user runs it."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def make_folder(use):
    """A new folder that PostgreSQL's user can enter; its name says whose it is."""
    folder = Path(tempfile.mkdtemp(prefix=f"fairlead-faults-{use}-{os.getpid()}-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    return folder


def remove_leftovers():
    """What runs that were killed left behind: servers that still run, folders, mounts."""
    for folder in Path(tempfile.gettempdir()).glob("fairlead-faults-*-*-*"):
        owner = folder.name.split("-")[3]
        if not owner.isdecimal() or Path(f"/proc/{owner}").exists():
            continue
        postmaster = folder / "data" / "postmaster.pid"
        if postmaster.exists():
            subprocess.run([str(BIN / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"], cwd="/", check=False,
                           capture_output=True, **as_postgres())
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """`wal_folder`: where pg_wal goes, if not into the data folder. `settings` are PostgreSQL's own, over the suite's."""

    def __init__(self, wal_folder=None, initdb_options=(), **settings):
        remove_leftovers()
        self.folder = make_folder("pg")
        self.data = self.folder / "data"
        self.port = free_ports(1)[0]
        self.settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": str(self.folder),
                         "max_connections": 120, "shared_buffers": "128MB", "fsync": "on", "synchronous_commit": "on",
                         "log_timezone": "UTC", "timezone": "UTC", "log_min_messages": "error", **settings}
        wal = ["--waldir", str(wal_folder)] if wal_folder else []
        self.run("initdb", "-D", self.data, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync",
                 *wal, *initdb_options)
        self.allow()
        self.start()

    def run(self, program, *arguments, check=True):
        done = subprocess.run([str(BIN / program), *map(str, arguments)], cwd="/", stdin=subprocess.DEVNULL, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **as_postgres())
        assert not check or done.returncode == 0, f"{program} failed: {done.stdout}\n{self.log_tail()}"
        return done

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def log_tail(self, lines=20):
        log = self.folder / "postgres.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def start(self):
        options = " ".join(f"-c {name}='{value}'" for name, value in self.settings.items())
        # Its output must not be a pipe of ours: the postmaster would hold it open.
        done = subprocess.run([str(BIN / "pg_ctl"), "-D", str(self.data), "-l", str(self.folder / "postgres.log"), "-w", "-t", "60",
                               "-o", options, "start"], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=120, check=False, **as_postgres())
        assert done.returncode == 0, f"PostgreSQL did not start:\n{self.log_tail()}"

    def stop(self, mode="fast"):
        """`immediate` is a crash: no checkpoint, recovery at the next start."""
        self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-m", mode, "stop")

    def is_running(self):
        return self.run("pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def remove(self):
        if self.pids():
            self.thaw()
        if self.is_running():
            self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self):
        """The postmaster first, then its children."""
        try:
            postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        except (OSError, ValueError, IndexError):
            return []
        return [postmaster, *map(int, children)]

    def signal_all(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # a child that ended meanwhile

    def freeze(self):
        """Nothing of it runs any more; connections to it hang. Twice, because a child may be born during the first round."""
        self.signal_all(signal.SIGSTOP)
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def connect(self, database="postgres", role="postgres"):
        return psycopg.connect(f"postgresql://{role}@127.0.0.1:{self.port}/{database}", autocommit=True, connect_timeout=10)

    def set_rules(self, text):
        (self.data / "pg_hba.conf").write_text(text)
        if self.pids():
            self.run("pg_ctl", "-D", self.data, "reload")

    def allow(self):
        self.set_rules(ALLOW_ALL)

    def refuse(self, role=DATA_ROLE):
        """New connections of the role are turned away, and those that it has are ended."""
        self.set_rules(f"host all {role} 127.0.0.1/32 reject\n" + ALLOW_ALL)
        with self.connect() as connection:
            wait_until("the role is turned away", lambda: self.is_refused(role))
            self.end_backends(connection, role)

    def is_refused(self, role):
        try:
            self.connect(role=role).close()
        except psycopg.OperationalError:
            return True
        return False

    @staticmethod
    def end_backends(connection, role=DATA_ROLE, state=None):
        """Ends the role's backends (those in this state); gives how many."""
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = %s"
        return connection.execute(query + (" AND state = %s" if state else ""), [role, state] if state else [role]).fetchone()[0]

    def take_all_slots(self, role="fairlead_e2e_control", seconds=10):
        """Takes every connection that the role can get and the data plane's too; gives them, so that they can be closed."""
        taken = []
        with self.connect() as connection:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                try:
                    taken.append(self.connect(role=role))
                except psycopg.OperationalError:
                    if self.end_backends(connection) == 0:
                        break
        return taken
