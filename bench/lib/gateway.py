"""Both planes on one database: migrated and set up as in production, each plane with the role that it may have."""

import http.client
import json
import os
import pathlib
import subprocess
import time

from lib.cluster import Failure
from lib.programs import Program, call, free_ports, headers

BALANCE_DEADLINE_S = 60
LANES = 64


class Gateway:
    """With an organisation, a project and a key; one data plane, or several (`nodes`)."""

    def __init__(self, build, state, cluster, name="fairlead"):
        """`state` is a folder of its own; `name` is the database, which exists and belongs to fairlead_owner."""
        self._state, self._cluster, self._name = pathlib.Path(state), cluster, name
        self._control_binary, self._data_binary = build / "fairlead-control", build / "fairlead-data"
        self.control_port, self._control_admin, self.data_port, self._data_admin = free_ports(4)
        self.key_file = self._state / "master.key"
        self.nodes = []

    @property
    def data(self):
        return self.nodes[0]

    @property
    def data_ports(self):
        return [node.port for node in self.nodes if node.is_running]

    def start(self, make_role):
        """Migrates, bootstraps, starts both; make_role(name, group) makes a login role if there is none."""
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(self._run([self._control_binary, "keygen"], {}))
        self._common = {
            "FAIRLEAD_MASTER_KEY_FILE": str(self.key_file),
            "FAIRLEAD_ALLOW_NETWORKS": "127.0.0.0/8",
            "FAIRLEAD_CONTROL_LISTEN": f"127.0.0.1:{self.control_port}",
            "FAIRLEAD_CONTROL_ADMIN_LISTEN": f"127.0.0.1:{self._control_admin}",
            "FAIRLEAD_DATA_URL": f"http://127.0.0.1:{self.data_port}",
        }
        owner = {**self._common, "FAIRLEAD_DATABASE_URL": self._cluster.url(self._name, "fairlead_owner")}
        self._run([self._control_binary, "migrate"], owner)
        for plane in ("control", "data"):
            make_role(f"fairlead_{plane}", f"fairlead_{plane}_plane")
        self._control_settings = {
            **self._common, "FAIRLEAD_DATABASE_URL": self._cluster.url(self._name, "fairlead_control"),
            "FAIRLEAD_MIGRATE_DATABASE_URL": self._cluster.url(self._name, "fairlead_owner")}
        self.project, self.key = self.create_project("bench")
        self.control = Program("fairlead-control", [self._control_binary, "serve"], self._state / "control.log",
                               self._environment(self._control_settings), self._control_admin)
        self.control.start()
        self._add_node(self.data_port, self._data_admin)
        return self.data.start()

    def add_node(self):
        node = self._add_node(*free_ports(2))
        node.start()
        return node

    def wait_for_balance(self):
        """Until the running nodes own all lanes, none more than its share."""
        running = [node for node in self.nodes if node.is_running]
        most = -(-LANES // len(running))
        deadline = time.monotonic() + BALANCE_DEADLINE_S
        while True:
            owned = [node.metric("fairlead_lanes_owned") for node in running]
            if sum(owned) == LANES and max(owned) <= most:
                return
            if time.monotonic() > deadline:
                raise Failure(f"lanes did not spread evenly over {len(running)} nodes: {owned}")
            time.sleep(0.1)

    def restart_data(self):
        """Seconds from the start to readiness."""
        self.data.stop()
        return self.data.start()

    def stop(self):
        for node in reversed(self.nodes):
            node.stop()
        if hasattr(self, "control"):
            self.control.stop()

    def create_endpoint(self, name, url, owner="bench", project=None, key=None, **fields):
        """With a subscription to everything; its id."""
        project, key = project or self.project, key or self.key
        endpoint = self.post(f"/api/v1/projects/{project}/endpoints",
                             {"name": name, "url": url, "owner_id": owner, **fields}, key)["uid"]
        self.post(f"/api/v1/projects/{project}/subscriptions", {"name": name, "endpoint_id": endpoint}, key)
        return endpoint

    def create_project(self, name):
        """(id, key) of a project in an organisation of its own."""
        answer = self._run([self._control_binary, "bootstrap", "--json", "--organisation", name, "--project", name],
                           self._control_settings)
        made = json.loads(answer.strip().splitlines()[-1])
        return made["project_id"], made["api_key"]

    def post(self, path, body, key):
        return self._change("POST", path, body, key)

    def put(self, path, body, key):
        return self._change("PUT", path, body, key)

    def _change(self, method, path, body, key):
        status, answer = call(self.control_port, method, path, body, key)
        if status not in (200, 201, 202):
            raise Failure(f"{method} {path} was answered with {status}: {answer}")
        return answer["data"]

    def configure_forever(self, path, body, rate, stop, key):
        """PUTs `body` so many times a second over one connection until the event `stop`; how often it was answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=30)
        begin, done = time.monotonic(), 0
        while not stop.wait(max(0, begin + done / rate - time.monotonic())):
            connection.request("PUT", path, json.dumps({**body, "description": f"write {done}"}),
                               headers(body, key))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status not in (200, 202):
                raise Failure(f"PUT {path} was answered with {answer.status}: {text[:300]}")
            done += 1
        connection.close()
        return done / (time.monotonic() - begin)

    def _add_node(self, port, admin_port):
        number = len(self.nodes)
        settings = {**self._common, "FAIRLEAD_DATABASE_URL": self._cluster.url(self._name, "fairlead_data"),
                    "FAIRLEAD_DATA_LISTEN": f"127.0.0.1:{port}", "FAIRLEAD_NODE_NAME": f"bench-{number}",
                    "FAIRLEAD_DATA_ADMIN_LISTEN": f"127.0.0.1:{admin_port}"}
        node = Program(f"fairlead-data {number}", [self._data_binary, "serve"], self._state / f"data-{number}.log",
                       self._environment(settings), admin_port)
        node.port = port
        self.nodes.append(node)
        return node

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
