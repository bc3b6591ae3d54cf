"""A private PostgreSQL 15 cluster with default settings, for one run: own folder, own Unix socket, no TCP port."""

import os
import pathlib
import pwd
import shutil
import subprocess

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SOCKET_PATH_MAX = 80


class Failure(Exception):
    """What a person has to be told; printed without a traceback."""


def _as_postgres(*command):
    # PostgreSQL refuses to run as root: then the package's user runs it.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return [*become, *map(str, command)]


class Cluster:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        if len(str(self.folder)) > SOCKET_PATH_MAX:
            raise Failure(f"{self.folder} is too long for a Unix socket: name a shorter place with --state-dir")

    def start(self):
        if not (BIN / "initdb").exists():
            raise Failure(f"no PostgreSQL 15 in {BIN}: install the package postgresql-15")
        self.folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", self.data, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        self._run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "60", "-o", options, "start")
        self.postmaster = int((self.data / "postmaster.pid").read_text().split()[0])

    def halt(self):
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-m", "fast", "stop")

    def stop(self):
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database, user="postgres"):
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def _run(self, program, *arguments):
        done = subprocess.run(_as_postgres(BIN / program, *arguments), cwd="/", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120)
        if done.returncode != 0:
            log = self.folder / "log"
            end = log.read_text()[-2000:] if log.exists() else ""
            raise Failure(f"{program} failed ({done.returncode}):\n{done.stdout}{end}")


class Psql:
    """One psql for the whole run: a question costs the server one short statement, not a new process."""

    MARK = "-- end of answer --"

    def __init__(self, url):
        self.statements = 0
        self._process = subprocess.Popen(
            [BIN / "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", url], cwd="/", text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"})

    def ask(self, sql):
        """The answer's lines."""
        self.statements += 1
        try:
            self._process.stdin.write(f"{sql};\n\\echo {self.MARK}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        lines = []
        for line in self._process.stdout:
            if line.rstrip("\n") == self.MARK:
                return lines
            lines.append(line.rstrip("\n"))
        raise Failure(f"psql: {self._process.stderr.read().strip()}\n  in {sql}")

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
