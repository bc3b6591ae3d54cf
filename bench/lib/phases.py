"""The phases of a round: each gives plain numbers for the report."""

import json
import os
import subprocess
import time

from lib.cluster import Failure

BATCH = 128
STEADY_RATE = 500
STEADY_CONNECTIONS = 64
DRAIN_DEADLINE_S = 120


class Phases:
    def __init__(self, options, programs, cluster, gateway, sink, meter, psql, raw_psql):
        self._options, self._programs, self._cluster = options, programs, cluster
        self._gateway, self._sink, self._meter = gateway, sink, meter
        self._psql, self._raw_psql = psql, raw_psql
        self._run_number = 0

    def raw(self, connections, batch, seconds=None):
        self._raw_psql.ask("DROP TABLE IF EXISTS bench_raw")
        self._meter.begin("bench_raw")
        report = self._json([
            self._programs / "fairlead_bench_raw", "--database", self._cluster.url("bench_raw"),
            "--connections", connections, "--batch", batch, "--seconds", seconds or self._options.seconds,
            "--row-bytes", self._options.payload_bytes])
        cost = self._meter.end()
        cost.add_process("raw", report["cpu_s"])
        return {**report, "cost": cost.to_json(), "per_event": cost.per_event(report["events"])}

    def saturated(self, seconds=None):
        """As fast as the data plane accepts, until the sink has everything and every result is recorded."""
        return self._load(seconds or self._options.seconds, ["--connections", self._options.connections])

    def steady(self):
        """At a fixed rate far below the limit: how late events arrive."""
        return self._load(max(self._options.seconds, 2), ["--connections", STEADY_CONNECTIONS, "--rate", STEADY_RATE])

    def _load(self, seconds, arguments):
        self._run_number += 1
        fan_out = self._options.endpoints if self._options.fan_out else 1
        self._sink.reset(self._run_number, fan_out)
        one = ["--endpoints-file", self._gateway.endpoints_file]
        target = ["--owner-id", "bench"] if self._options.fan_out else one
        self._meter.begin("fairlead")
        asked = self._psql.statements
        driver = self._json([
            self._programs / "fairlead_bench_driver", "--port", self._gateway.data_port,
            "--project", self._gateway.project, "--payload-bytes", self._options.payload_bytes,
            "--run", self._run_number, "--seconds", seconds, *target, *arguments],
            {"FAIRLEAD_BENCH_KEY": self._gateway.key})
        expected = driver["accepted"] * fan_out
        sink = self._sink.wait_for(expected)
        waiting = self._drain()
        cost = self._meter.end()
        cost.counted_commits = max(0, cost.counted_commits - (self._psql.statements - asked))
        cost.add_process("driver", driver["cpu_s"])
        span_s = (sink["last_received_ns"] - driver["first_sent_ns"]) / 1e9
        return {
            "events": driver["accepted"],
            "events_per_second": sink["unique"] / fan_out / span_s if span_s > 0 else 0,
            "receive": sink["latency"], "answer": driver["answer"], "driver": driver, "sink": sink,
            "problems": self._problems(driver, sink, expected, waiting),
            "cost": cost.to_json(), "per_event": cost.per_event(driver["accepted"]),
        }

    def _drain(self):
        """Unfinished deliveries, 0 as soon as all results are recorded."""
        deadline = time.monotonic() + DRAIN_DEADLINE_S
        while True:
            waiting = int(self._psql.ask("SELECT count(*) FROM queue")[0])
            if waiting == 0 or time.monotonic() > deadline:
                return waiting
            self._gateway.data.expect_alive()
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

    def _json(self, command, environment=None):
        command = [str(part) for part in command]
        # The longest load is bounded by the driver itself; this bounds a program that hangs.
        limit_s = self._options.seconds * 2 + 120
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                                  timeout=limit_s, env={**os.environ, **(environment or {})})
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{command[0]} did not end within {limit_s:.0f} s") from error
        if done.returncode != 0:
            raise Failure(f"{command[0]} failed ({done.returncode}): {done.stderr.strip()}")
        return json.loads(done.stdout)
