"""The two programs as a user runs them: child processes with settings in the environment, on free ports, from another folder."""

import json
import os
import random
import signal
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.api import Api, Project, call
from support.database import Database, make_login_roles
from support.wait import DEADLINE_SECONDS, wait_until


def build_dir():
    default = Path(__file__).resolve().parents[2] / "build" / "dev"
    return Path(os.environ.get("FAIRLEAD_BUILD_DIR", default)).resolve()


def free_ports(count):
    """Ports that nobody has just now, all different, and below those that the system gives to outgoing connections: a program
    that is started again finds its own still free."""
    first_of_the_system = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = set()
    while len(ports) < count:
        port = random.SystemRandom().randrange(10000, max(first_of_the_system, 11000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                ports.add(port)
            except OSError:
                continue
    return list(ports)


def base_environment():
    """What a program inherits: nothing of Fairlead's, and the sanitizers' options."""
    kept = ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")
    return {name: os.environ[name] for name in kept if name in os.environ}


def run_program(name, arguments, settings, seconds=None):
    """Runs a program to its end; gives the CompletedProcess with text output."""
    return subprocess.run([str(build_dir() / name), *arguments], env={**base_environment(), **settings}, cwd="/", text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds or DEADLINE_SECONDS, check=False)


def new_master_key():
    done = run_program("fairlead-control", ["keygen"], {})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def migrate(database, master_key):
    """By the program itself; the roles that the planes log in with are there afterwards."""
    done = run_program("fairlead-control", ["migrate"], {"FAIRLEAD_DATABASE_URL": database.owner_url, "FAIRLEAD_MASTER_KEY": master_key})
    assert done.returncode == 0, done.stdout + done.stderr
    make_login_roles()


class Program:
    """One running program; its output goes to a file."""

    def __init__(self, name, settings, ports, log_path):
        self.name = name
        self.settings = dict(settings)
        self.port, self.admin_port = ports
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_url = f"http://127.0.0.1:{self.admin_port}"
        self.log_path = Path(log_path)
        self.process = None

    def start(self, wait=True, **changes):
        assert self.process is None, f"{self.name} runs already"
        self.settings.update(changes)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([str(build_dir() / self.name), "serve"], env={**base_environment(), **self.settings},
                                            cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        if wait:
            self.wait_ready()
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.log_tail()}")
        try:
            return call(self.admin_url, "GET", "/readyz").status == 200
        except OSError:
            return False

    def wait_ready(self):
        wait_until(f"{self.name} is ready", self.is_ready)

    def terminate(self):
        """SIGTERM, without waiting."""
        self.process.send_signal(signal.SIGTERM)

    def wait_end(self, seconds=None):
        """The exit code, once it has ended by itself."""
        code = self.process.wait(seconds or DEADLINE_SECONDS)
        self.process = None
        return code

    def stop(self):
        """SIGTERM and a clean end; a crash or a sanitizer's finding on the way out fails the test."""
        if self.process is None:
            return
        self.terminate()
        code = self.wait_end()
        assert code == 0, f"{self.name} ended with {code}:\n{self.log_tail()}"

    def kill(self):
        """SIGKILL: no drain, no good-bye."""
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        self.process = None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def metrics(self):
        """name → [(labels, value)] of the admin port's /metrics."""
        return parse_metrics(call(self.admin_url, "GET", "/metrics").body.decode())


def parse_metrics(text):
    """Prometheus text format, as far as it is used: one sample a line, labels without escapes."""
    result = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        head, _, value = line.rpartition(" ")
        name, _, labels = head.partition("{")
        pairs = dict(pair.split("=", 1) for pair in labels.rstrip("}").split(",") if "=" in pair)
        result.setdefault(name, []).append(({k: v.strip('"') for k, v in pairs.items()}, float(value)))
    return result


class Planes:
    """Both planes over one database, with an organisation's key."""

    def __init__(self, database, master_key, log_dir, **settings):
        self.database = database
        self.log_dir = Path(log_dir)
        self.settings = {"FAIRLEAD_MASTER_KEY": master_key, "FAIRLEAD_ALLOW_NETWORKS": "127.0.0.0/8", **settings}
        control_port, control_admin, data_port, data_admin = free_ports(4)
        self.nodes = []
        self.data = self.make_data("node-1", (data_port, data_admin))
        self.control = Program("fairlead-control", {
            **self.settings, "FAIRLEAD_DATABASE_URL": database.control_url, "FAIRLEAD_MIGRATE_DATABASE_URL": database.owner_url,
            "FAIRLEAD_CONTROL_LISTEN": f"127.0.0.1:{control_port}", "FAIRLEAD_CONTROL_ADMIN_LISTEN": f"127.0.0.1:{control_admin}",
            "FAIRLEAD_DATA_URL": self.data.url}, (control_port, control_admin), self.log_dir / "control.log")
        self.organisation_id = self.organisation_key = None

    def make_data(self, node_name, ports=None):
        """A data plane that is not started yet; the first one is `data`."""
        port, admin = ports or free_ports(2)
        node = Program("fairlead-data", {
            **self.settings, "FAIRLEAD_DATABASE_URL": self.database.data_url, "FAIRLEAD_NODE_NAME": node_name,
            "FAIRLEAD_DATA_LISTEN": f"127.0.0.1:{port}", "FAIRLEAD_DATA_ADMIN_LISTEN": f"127.0.0.1:{admin}"},
            (port, admin), self.log_dir / f"data-{node_name}.log")
        self.nodes.append(node)
        return node

    def bootstrap(self):
        """Runs `bootstrap --json`; gives its one line."""
        done = run_program("fairlead-control", ["bootstrap", "--json"], self.control.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        answer = json.loads(done.stdout)
        self.organisation_id, self.organisation_key = answer["organisation_id"], answer["api_key"]
        return answer

    def start(self):
        self.bootstrap()
        self.control.start(wait=False)
        self.data.start(wait=False)
        self.control.wait_ready()
        self.data.wait_ready()
        return self

    def stop(self):
        for node in self.nodes:
            node.stop()
        self.control.stop()

    def kill_all(self):
        for program in [*self.nodes, self.control]:
            if program.process is not None:
                program.kill()

    def logs(self):
        return "".join(program.log() for program in [*self.nodes, self.control])

    def project(self, name, **config):
        """A new project with its own key, so that tests that share the planes do not meet; it allows several subscriptions
        for an endpoint, and is otherwise as a new project is unless `config` says more."""
        api = Api(self.control.url, self.organisation_key)
        body = {"name": name, "type": "outgoing", "config": {"multiple_endpoint_subscriptions": True, **config}}
        made = api.post(f"/api/v1/projects?orgID={self.organisation_id}", body).expect(201).data
        return Project(self, made["project"]["uid"], made["api_key"]["key"])


@contextmanager
def temporary_planes(template, master_key, log_dir, is_started=True, **settings):
    """Planes over a database of their own, with these settings and their logs in `log_dir`; running, unless the caller wants to start
    them. The database is a copy of `template`, or empty if there is none. At the end both planes stop cleanly, or the test fails;
    whatever happens, a start that fails too, no process and no database is left."""
    with ExitStack() as left:
        database = Database(template)
        left.callback(database.drop)
        made = Planes(database, master_key, log_dir, **settings)
        left.callback(made.kill_all)
        yield made.start() if is_started else made
        made.stop()
