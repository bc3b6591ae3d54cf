"""The programs under test and the sink: on free ports of 127.0.0.1, set up over REST, stopped by their own pids."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

from lib.cluster import Failure

READY_DEADLINE_S = 60
STOP_DEADLINE_S = 40


def free_ports(count):
    """Free at this moment, and all different."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Program:
    """One process, its output in a log file of its own."""

    def __init__(self, name, command, log, environment=None, admin_port=None):
        self.name, self.log, self._admin_port = name, pathlib.Path(log), admin_port
        self._command, self._environment = [str(part) for part in command], environment
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Seconds until it served (its /readyz answers 200)."""
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self._command, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=subprocess.STDOUT, env=self._environment, start_new_session=True)
        while self._admin_port is not None and not self._is_ready():
            self.expect_alive()
            if time.monotonic() - begin > READY_DEADLINE_S:
                raise Failure(f"{self.name} was not ready within {READY_DEADLINE_S} s:\n{self.log_end()}")
            time.sleep(0.002)
        return time.monotonic() - begin

    def expect_alive(self):
        if self._process.poll() is not None:
            raise Failure(f"{self.name} ended with {self._process.returncode}:\n{self.log_end()}")

    def stop(self):
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            print(f"warning: {self.name} did not stop within {STOP_DEADLINE_S} s and was killed")

    def log_end(self):
        return self.log.read_text(errors="replace")[-3000:]

    def _is_ready(self):
        try:
            return call(self._admin_port, "GET", "/readyz")[0] == 200
        except OSError:
            return False


def call(port, method, path, body=None, key=None):
    """(status, parsed JSON or text) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), _headers(body, key))
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text


def _headers(body, key):
    headers = {} if body is None else {"Content-Type": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return headers


class Sink:
    def __init__(self, binary, log, payload_bytes):
        self.program = Program("sink", [binary, "--payload-bytes", payload_bytes], log)

    def start(self):
        self.program.start()
        deadline = time.monotonic() + READY_DEADLINE_S
        while "\n" not in self.program.log.read_text():
            self.program.expect_alive()
            if time.monotonic() > deadline:
                raise Failure("the sink did not name its port")
            time.sleep(0.01)
        self.port = json.loads(self.program.log.read_text().splitlines()[0])["port"]

    def reset(self, run, fan_out):
        status, answer = call(self.port, "POST", f"/reset?run={run}&fan_out={fan_out}")
        if status != 200:
            raise Failure(f"the sink refused a new run: {status} {answer}")

    def report(self):
        return call(self.port, "GET", "/report")[1]

    def wait_for(self, events, quiet_s=20, deadline_s=300):
        """The report once that many different events came, or when none has come for a while."""
        begin = last = time.monotonic()
        seen = -1
        while True:
            report = self.report()
            now = time.monotonic()
            if report["unique"] > seen:
                seen, last = report["unique"], now
            if seen >= events or now - last > quiet_s or now - begin > deadline_s:
                return report
            time.sleep(0.02)


class Gateway:
    """Both planes on one migrated database, with an organisation, a project and a key."""

    def __init__(self, build, state, cluster, admin):
        self._state, self._cluster = pathlib.Path(state), cluster
        self._control_binary, self._data_binary = build / "fairlead-control", build / "fairlead-data"
        self._admin = admin  # psql as superuser on database fairlead
        ports = free_ports(4)
        self.control_port, self._control_admin, self.data_port, self._data_admin = ports

    def start(self):
        """Migrates, bootstraps, starts both; the data plane's seconds to readiness."""
        key_file = self._state / "master.key"
        key_file.touch(mode=0o600)
        key_file.write_text(self._run([self._control_binary, "keygen"], {}))
        common = {
            "FAIRLEAD_MASTER_KEY_FILE": str(key_file),
            "FAIRLEAD_ALLOW_NETWORKS": "127.0.0.0/8",
            "FAIRLEAD_CONTROL_LISTEN": f"127.0.0.1:{self.control_port}",
            "FAIRLEAD_CONTROL_ADMIN_LISTEN": f"127.0.0.1:{self._control_admin}",
            "FAIRLEAD_DATA_LISTEN": f"127.0.0.1:{self.data_port}",
            "FAIRLEAD_DATA_ADMIN_LISTEN": f"127.0.0.1:{self._data_admin}",
            "FAIRLEAD_DATA_URL": f"http://127.0.0.1:{self.data_port}",
            "FAIRLEAD_NODE_NAME": "bench",
        }
        owner = {**common, "FAIRLEAD_DATABASE_URL": self._cluster.url("fairlead", "fairlead_owner")}
        self._run([self._control_binary, "migrate"], owner)
        for plane in ("control", "data"):
            # As in production: each plane may do what its role may do.
            self._admin.ask(f"CREATE ROLE fairlead_{plane} LOGIN IN ROLE fairlead_{plane}_plane")
        control = {**common, "FAIRLEAD_DATABASE_URL": self._cluster.url("fairlead", "fairlead_control"),
                   "FAIRLEAD_MIGRATE_DATABASE_URL": self._cluster.url("fairlead", "fairlead_owner")}
        data = {**common, "FAIRLEAD_DATABASE_URL": self._cluster.url("fairlead", "fairlead_data")}
        answer = json.loads(self._run([self._control_binary, "bootstrap", "--json"], control).strip().splitlines()[-1])
        self.project, self.key = answer["project_id"], answer["api_key"]
        self.control = Program("fairlead-control", [self._control_binary, "serve"], self._state / "control.log",
                               self._environment(control), self._control_admin)
        self.data = Program("fairlead-data", [self._data_binary, "serve"], self._state / "data.log",
                            self._environment(data), self._data_admin)
        self.control.start()
        return self.data.start()

    def stop(self):
        for name in ("data", "control"):
            if hasattr(self, name):
                getattr(self, name).stop()

    def create_endpoints(self, count, sink_port):
        """Each with a subscription to everything; their ids go to a file, one a line."""
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=30)
        file = self._state / "endpoints"
        with open(file, "w", encoding="ascii") as ids:
            for number in range(count):
                name = f"bench-{number}"
                url = f"http://127.0.0.1:{sink_port}/e/{number}"
                endpoint = self._create(connection, "endpoints", {"name": name, "url": url, "owner_id": "bench"})
                self._create(connection, "subscriptions", {"name": name, "endpoint_id": endpoint})
                ids.write(endpoint + "\n")
        connection.close()
        return file

    def _create(self, connection, kind, body):
        path = f"/api/v1/projects/{self.project}/{kind}"
        connection.request("POST", path, json.dumps(body), _headers(body, self.key))
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != 201:
            raise Failure(f"creating {kind} was answered with {answer.status}: {text}")
        return json.loads(text)["data"]["uid"]

    @staticmethod
    def _environment(settings):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
        return {**kept, **settings}

    def _run(self, command, settings):
        command = [str(part) for part in command]
        done = subprocess.run(command, cwd="/", env=self._environment(settings), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=120)
        if done.returncode != 0:
            end = done.stdout[-2000:] + done.stderr[-2000:]
            raise Failure(f"{' '.join(command)} failed ({done.returncode}):\n{end}")
        return done.stdout
