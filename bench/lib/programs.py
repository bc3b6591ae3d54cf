"""Programs that a run starts and stops by their own pids, and one HTTP request to them."""

import http.client
import json
import os
import pathlib
import resource
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


def raise_file_limit():
    """As a service has it: what is started inherits it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def headers(body, key):
    made = {} if body is None else {"Content-Type": "application/json"}
    if key is not None:
        made["Authorization"] = f"Bearer {key}"
    return made


def call(port, method, path, body=None, key=None):
    """(status, parsed JSON or text) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers(body, key))
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text


def run_json(command, limit_s, environment=None):
    """What a program of ours prints as JSON; `limit_s` bounds one that hangs."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=limit_s, env={**os.environ, **(environment or {})})
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{command[0]} did not end within {limit_s:.0f} s") from error
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed ({done.returncode}): {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip() else {}


class Program:
    """One process, its output in a log file of its own."""

    def __init__(self, name, command, log, environment=None, admin_port=None):
        self.name, self.log, self.admin_port = name, pathlib.Path(log), admin_port
        self._command, self._environment = [str(part) for part in command], environment
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        """Seconds until it served (its /readyz answers 200)."""
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self._command, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=subprocess.STDOUT, env=self._environment, start_new_session=True)
        while self.admin_port is not None and not self._is_ready():
            self.expect_alive()
            if time.monotonic() - begin > READY_DEADLINE_S:
                raise Failure(f"{self.name} was not ready within {READY_DEADLINE_S} s:\n{self.log_end()}")
            time.sleep(0.002)
        return time.monotonic() - begin

    def start_as(self, command):
        """Starts it by another command from now on; the program itself must stay the process."""
        self._command = [str(part) for part in command]
        return self.start()

    def expect_alive(self):
        if self._process.poll() is not None:
            raise Failure(f"{self.name} ended with {self._process.returncode}:\n{self.log_end()}")

    def stop(self):
        if not self.is_running:
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

    def metric(self, name):
        """A number of /metrics, without labels."""
        for line in call(self.admin_port, "GET", "/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise Failure(f"{self.name} has no metric {name}")

    def _is_ready(self):
        try:
            return call(self.admin_port, "GET", "/readyz")[0] == 200
        except OSError:
            return False


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

    def reset(self, run, fan_out=1, neighbour_bytes=0):
        self._post(f"/reset?run={run}&fan_out={fan_out}&neighbour_bytes={neighbour_bytes}")

    def set_door(self, is_open):
        self._post(f"/set_door?open={int(is_open)}")

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

    def _post(self, path):
        status, answer = call(self.port, "POST", path)
        if status != 200:
            raise Failure(f"the sink refused {path}: {status} {answer}")
