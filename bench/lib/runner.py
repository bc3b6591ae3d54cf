"""Loads: each gives plain numbers for the report."""

import dataclasses
import os
import subprocess
import time

from lib.measure import Meter, forget_peak, resident_kib
from lib.programs import run_json

BATCH = 128
STEADY_RATE = 500
STEADY_CONNECTIONS = 64
DRAIN_DEADLINE_S = 180


@dataclasses.dataclass
class Traffic:
    """What the driver does; `rate` 0: as fast as it is answered."""

    seconds: float
    rate: float = 0
    connections: int = 256
    endpoints_file: str = ""    # events go to its endpoints in turn …
    owner: str = ""             # … or each to all endpoints of this owner,
    fan_out: int = 1            # of which there are so many
    count: int = 0              # at most so many events
    drains: bool = True         # wait until every result is recorded; else only until everything was received
    neighbour_bytes: int = 0    # size of what the neighbour's endpoint receives; 0: as the others


class Runner:
    def __init__(self, options, programs, cluster, sink, raw_psql):
        self._options, self._programs, self._cluster = options, programs, cluster
        self._sink, self._raw_psql = sink, raw_psql
        self._run_number = 0

    @property
    def run_number(self):
        """Of the load under way: what is sent beside it carries the same."""
        return self._run_number

    def raw(self, connections, batch, seconds, rate=0):
        self._raw_psql.ask("DROP TABLE IF EXISTS bench_raw")
        meter = Meter(self._cluster.postmaster, self._raw_psql, {}, "bench_raw")
        report = run_json([
            self._programs / "fairlead_bench_raw", "--database", self._cluster.url("bench_raw"),
            "--connections", connections, "--batch", batch, "--seconds", seconds, "--rate", rate,
            "--row-bytes", self._options.payload_bytes], seconds + 120)
        cost = meter.end()
        cost.add_process("raw", report)
        return {**report, "cost": cost.to_json(), "per_event": cost.per_event(report["events"])}

    def next_run(self, traffic):
        """Makes the sink ready; a neighbour that sends beside the load starts after it."""
        self._run_number += 1
        self._sink.reset(self._run_number, traffic.fan_out, traffic.neighbour_bytes)

    def load(self, site, traffic, is_new_run=True):
        """Until the sink has everything, and every result is recorded if the traffic drains."""
        if is_new_run:
            self.next_run(traffic)
        running = [node for node in site.gateway.nodes if node.is_running]
        for node in running:
            forget_peak(node.pid)
        meter = self._meter(site, running)
        driver = run_json(self.driver_command(site, traffic), traffic.seconds + 120, self.driver_environment(site))
        expected = driver["accepted"] * traffic.fan_out
        sink = self._sink.wait_for(expected)
        waiting = self._drain(site) if traffic.drains else 0
        cost = meter.end()
        cost.add_process("driver", driver)
        span_s = (sink["last_received_ns"] - driver["first_sent_ns"]) / 1e9
        return {
            "events": driver["accepted"],
            "events_per_second": sink["unique"] / traffic.fan_out / span_s if span_s > 0 else 0,
            "receive": sink["latency"], "answer": driver["answer"], "driver": driver, "sink": sink,
            "peak_mib": max(resident_kib(node.pid, "VmHWM") for node in running) / 1024,
            "problems": self._problems(driver, sink, expected, waiting),
            "cost": cost.to_json(), "per_event": cost.per_event(driver["accepted"]),
        }

    def driver_command(self, site, traffic, project=None):
        target = ["--owner-id", traffic.owner] if traffic.owner else ["--endpoints-file", traffic.endpoints_file]
        return [str(part) for part in [
            self._programs / "fairlead_bench_driver", "--port", *site.gateway.data_ports, "--project",
            project or site.gateway.project, "--payload-bytes", self._options.payload_bytes,
            "--run", self._run_number, "--seconds", traffic.seconds, "--rate", traffic.rate,
            "--connections", traffic.connections, "--count", traffic.count, *target]]

    @staticmethod
    def driver_environment(site, key=None):
        return {"FAIRLEAD_BENCH_KEY": key or site.gateway.key}

    def start_driver(self, site, traffic, project=None, key=None):
        """One beside the load, to be terminated by its caller."""
        return subprocess.Popen(self.driver_command(site, traffic, project), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, **self.driver_environment(site, key)})

    def _meter(self, site, running):
        processes = {"fairlead-data": [node.pid for node in running],
                     "fairlead-control": [site.gateway.control.pid], "sink": [self._sink.program.pid]}
        return Meter(self._cluster.postmaster, site.psql, processes, site.name)

    @staticmethod
    def _drain(site):
        """Unfinished deliveries, 0 as soon as all results are recorded."""
        deadline = time.monotonic() + DRAIN_DEADLINE_S
        while True:
            waiting = site.queue_rows()
            if waiting == 0 or time.monotonic() > deadline:
                return waiting
            site.gateway.data.expect_alive()
            time.sleep(0.1)

    @staticmethod
    def _problems(driver, sink, expected, waiting):
        """What a gateway must not do, whatever its speed; empty if all is well."""
        refused = driver["sent"] - driver["accepted"]
        counts = {
            "not accepted": refused, "accepted and never received": max(0, expected - sink["unique"]),
            "received more than once": sink["duplicates"], "received with other bytes": sink["altered"],
            "received without a signature": sink["unsigned"], "received and not an event of ours": sink["strange"],
            "still in the queue": waiting, "not sent, as the driver's backlog was full": driver["dropped"],
        }
        problems = {name: count for name, count in counts.items() if count > 0}
        if refused:
            problems["first refusal"] = driver.get("first_refusal") or driver.get("first_error") or "no answer"
        return problems
