"""Health, metrics, the conservation law, and what must never be in a log."""

import time

import psycopg

from support.api import call
from support.receiver import Reply
from support.wait import wait_until


def total(metrics, name, **labels):
    return sum(value for have, value in metrics.get(name, []) if labels.items() <= have.items())


# Goal: health for everybody, readiness and metrics on the admin port only. Method: ask all ports.
def test_health_and_readiness(planes):
    for program in (planes.control, planes.data):
        public = call(program.url, "GET", "/healthz").expect(200)
        assert public.json["status"] is True
        call(program.admin_url, "GET", "/healthz").expect(200)
        call(program.admin_url, "GET", "/readyz").expect(200)
        call(program.admin_url, "GET", "/metrics").expect(200)
        assert call(program.url, "GET", "/readyz").status == 404
        assert call(program.url, "GET", "/metrics").status in (404, 405)


# Goal: created = delivered + failed + waiting, in the tables and in the metrics. Method: a mix of successes, failures, discards,
# retries under way and paused ones; both sides counted when nothing moves.
def test_conservation_law(planes, receiver):
    project = planes.project(f"law-{time.time_ns()}", strategy={"type": "linear", "duration": 1, "retry_count": 2})
    slow = planes.project(f"law-slow-{time.time_ns()}")  # the default schedule: its retry waits five minutes
    good, bad, later, gone, held = (receiver.new_path() for _ in range(5))
    for path in (bad, later):
        receiver.script(path, Reply(500))
    receiver.script(gone, Reply(410))
    for path in (good, bad):
        project.subscribed(receiver.url(path), owner_id="law")
    paused = project.subscribed(receiver.url(held), owner_id="law")
    project.control.put(f"{project.path}/endpoints/{paused['uid']}/pause").expect(202)
    for number in range(4):  # eight failures in a row: one with ten of them would be given a rest by its breaker
        project.send("law", str(number).encode(), owner_id="law")
    waiting = slow.subscribed(receiver.url(later))
    slow.send(endpoint_id=waiting["uid"])
    dead = project.subscribed(receiver.url(gone))
    project.send(endpoint_id=dead["uid"])
    receiver.wait(gone)
    path = f"{project.path}/endpoints/{dead['uid']}"
    wait_until("the endpoint is inactive", lambda: project.control.get(path).data["status"] == "inactive")
    project.send(endpoint_id=dead["uid"])
    statuses = "SELECT status, count(*) FROM deliveries GROUP BY 1"

    def finals():
        by_status = dict(planes.database.rows(statuses))
        return by_status if by_status.get(2) == 4 and by_status.get(3, 0) + by_status.get(4, 0) == 6 and by_status.get(1) == 1 else None
    by_status = wait_until("everything that can end has ended", finals, 60)
    created = planes.database.value("SELECT count(*) FROM deliveries")
    queued = planes.database.value("SELECT count(*) FROM queue")
    assert created == 15
    assert created == by_status[2] + by_status.get(3, 0) + by_status.get(4, 0) + queued
    assert by_status[0] == 4
    assert planes.database.value("SELECT count(*) FROM failed_deliveries") == by_status.get(3, 0)

    def law_holds():
        metrics = planes.data.metrics()
        sides = (total(metrics, "fairlead_deliveries_created_total"),
                 total(metrics, "fairlead_deliveries_finished_total") + total(metrics, "fairlead_deliveries_waiting"))
        return sides if sides[0] == sides[1] == created else None
    wait_until("the metrics agree with the tables", law_holds)
    metrics = planes.data.metrics()
    assert total(metrics, "fairlead_deliveries_finished_total", status="success") == by_status[2]
    assert total(metrics, "fairlead_deliveries_finished_total", status="discarded") == by_status.get(4, 0)
    assert total(metrics, "fairlead_events_stored_total") == planes.database.value("SELECT count(*) FROM events")


# Goal: no secret is in any log or metric: API keys, signing secrets, the master key, database passwords, payloads, credentials of
# endpoints. Method: use all of them, succeed and fail, and search what both programs wrote.
def test_secrets_are_not_logged(planes, project, receiver, master_key):
    path = receiver.new_path()
    receiver.script(path, Reply(500, b"response-body-marker"), Reply(200))
    endpoint = project.subscribed(receiver.url(path), secret="signing-secret-marker", authentication={
        "type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "credential-marker"}})
    project.send("secret", b'{"card":"payload-marker"}', endpoint_id=endpoint["uid"], custom_headers={"X-Private": "header-marker"})
    project.post_event(b'{"card":"payload-marker"').expect(400)
    receiver.wait(path, 2)
    assert receiver.arrivals(path)[0].header("X-Key") == "credential-marker"
    written = planes.logs() + call(planes.data.admin_url, "GET", "/metrics").body.decode() + \
        call(planes.control.admin_url, "GET", "/metrics").body.decode()
    assert planes.data.log() and planes.control.log()
    for secret in ("signing-secret-marker", "credential-marker", "payload-marker", "header-marker", "response-body-marker", project.key,
                   project.key.split(".")[-1], planes.organisation_key, master_key):
        assert secret not in written


# Goal: secrets are sealed at rest from the first row on. Method: search the configuration tables for their text.
def test_secrets_are_sealed(planes, project, receiver):
    project.endpoint(receiver.url(receiver.new_path()), secret="sealed-secret-marker", authentication={
        "type": "basic_auth", "basic_auth": {"username": "u", "password": "sealed-password-marker"}})
    rows = str(planes.database.rows("SELECT endpoints::text FROM endpoints WHERE project_id = %s", [project.uuid]))
    assert "sealed-secret-marker" not in rows
    assert "sealed-password-marker" not in rows
    keys = str(planes.database.rows("SELECT api_keys::text FROM api_keys"))
    assert project.key.split(".")[-1] not in keys


# Goal: the data plane's role has least privilege. Method: what it must not do, tried as that role.
def test_data_role_has_least_privilege(planes):
    forbidden = ["UPDATE endpoints SET name = 'x'", "DELETE FROM projects", "INSERT INTO api_keys SELECT * FROM api_keys",
                 "ALTER TABLE events ADD COLUMN x int", "CREATE TABLE mine (n int)", "DROP TABLE events", "UPDATE config_counter SET version = 0"]
    for statement in forbidden:
        with psycopg.connect(planes.database.data_url) as connection:
            try:
                connection.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                continue
            raise AssertionError(f"the data plane may: {statement}")


# Goal: the queue's dead rows are removed without waiting for autovacuum, with the rights that the data plane has. Method:
# PostgreSQL's own count of vacuums that somebody asked for.
def test_data_plane_vacuums_the_queue(planes):
    count = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'queue'"
    before = planes.database.rows(count)[0][0]
    wait_until("the queue was vacuumed", lambda: planes.database.rows(count)[0][0] > before)


# Goal: a hostile event type or header cannot forge a log line. Method: control characters are refused or escaped.
def test_log_lines_cannot_be_forged(planes, project):
    project.data.post(f"{project.path}/events/fanout", b'{"event_type":"a\\nforged_line x=1","owner_id":"o","data":1}')
    project.data.get("/%0Aforged_line%20x=1")
    assert not any(line.startswith("forged_line") for line in planes.logs().splitlines())
