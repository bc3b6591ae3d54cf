"""A data plane that can be killed, frozen and watched; its sampler remembers what was under way."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

from harness.metrics import Mark, Sample
from harness.traffic import Sampler
from support.planes import Program, base_environment, build_dir, free_ports
from support.wait import DEADLINE_SECONDS, wait_until


class Node(Program):
    def __init__(self, name, settings, log_path, traffic):
        port, admin_port = free_ports(2)
        super().__init__("fairlead-data", {**settings, "FAIRLEAD_NODE_NAME": name, "FAIRLEAD_DATA_LISTEN": f"127.0.0.1:{port}",
                                           "FAIRLEAD_DATA_ADMIN_LISTEN": f"127.0.0.1:{admin_port}"}, (port, admin_port), log_path)
        self.node_name, self.traffic = name, traffic
        self.sampler = Sampler(traffic, admin_port)
        self.marks, self.frozen = [], []
        self.started_at = 0.0

    def start(self, wait=True, output=None, extra=None, **changes):
        """`output`: a file descriptor for its log; `extra`: settings of this start alone."""
        assert self.process is None, f"{self.node_name} runs already"
        self.settings.update(changes)
        self.started_at = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([str(build_dir() / self.name), "serve"], cwd="/", stdin=subprocess.DEVNULL,
                                            env={**base_environment(), **self.settings, **(extra or {})},
                                            stdout=log if output is None else output, stderr=log)
        self.sampler.pid = self.process.pid
        if wait:
            self.wait_ready()
        return self

    def last_sample(self):
        """The newest of this process; one of zeros at its start if there is none yet."""
        last = self.sampler.last()
        if last is None or last.pid != self.process.pid:
            return Sample(self.started_at, self.started_at, self.process.pid)
        return last

    def mark(self, what, before=None):
        self.marks.append(Mark(self.node_name, what, time.monotonic(), before or self.last_sample()))

    def kill(self):
        before = self.last_sample()
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        self.mark("was killed", before)
        self.gone()

    def gone(self):
        self.process = None
        self.sampler.pid = None

    def wait_killed_by_itself(self, seconds):
        """The fault point ends it."""
        code = self.process.wait(seconds)
        self.mark("killed itself")
        self.gone()
        assert code == -signal.SIGKILL, f"{self.node_name} ended with {code}:\n{self.log_tail()}"

    def wait_end(self, seconds=None):
        code = super().wait_end(seconds)
        self.sampler.pid = None
        return code

    def freeze(self):
        before = self.last_sample()
        self.process.send_signal(signal.SIGSTOP)
        self.note_freeze(before)

    def note_freeze(self, before=None):
        self.mark("was frozen", before)
        self.frozen.append([time.monotonic(), None])

    def is_stopped(self):
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return stat[0] == "T"

    def wait_frozen_by_itself(self, seconds):
        wait_until(f"{self.node_name} froze at its fault point", self.is_stopped, seconds)
        self.note_freeze()

    def thaw(self):
        self.frozen[-1][1] = time.monotonic()
        self.process.send_signal(signal.SIGCONT)

    def limit_files(self, spare):
        """At most `spare` descriptors more than it has now; gives the limits before."""
        opened = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        return resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (opened + spare, hard))

    def sockets_to(self, port):
        """The local ports of its connections to this port."""
        inodes = set()
        folder = f"/proc/{self.process.pid}/fd"
        try:
            for name in os.listdir(folder):
                try:
                    target = os.readlink(f"{folder}/{name}")
                except OSError:
                    continue  # closed meanwhile
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
            lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        except OSError:
            return set()
        wanted, found = f":{port:04X}", set()
        for line in lines:
            fields = line.split()
            if fields[2].endswith(wanted) and fields[9] in inodes:
                found.add(int(fields[1].rpartition(":")[2], 16))
        return found
