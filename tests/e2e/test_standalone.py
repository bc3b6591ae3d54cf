"""The data plane stands alone: PostgreSQL is all it needs."""

from support.planes import run_program, temporary_planes
from support.api import call
from support.receiver import Reply
from support.wait import wait_until


# Goal: with no control plane running, the data plane goes on, and it also starts, ingests, delivers and retries. Method: configure,
# stop the control plane, send; restart the data plane, send again, with one failure in between.
def test_no_control_plane(own_planes, receiver):
    planes = own_planes
    project = planes.project("alone", strategy={"type": "linear", "duration": 1, "retry_count": 5})
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    planes.control.stop()
    project.send("alone", b"1", endpoint_id=endpoint["uid"])
    receiver.wait(path, 1)
    planes.data.stop()
    planes.data.start()
    receiver.script(path, Reply(500), Reply(200))
    project.send("alone", b"2", endpoint_id=endpoint["uid"])
    project.send("alone", b"3", endpoint_id=endpoint["uid"])
    receiver.wait(path, 4)
    wait_until("the queue is empty", lambda: project.counts()[2] == 0)
    assert planes.database.rows("SELECT status, count(*) FROM deliveries GROUP BY 1") == [(2, 3)]


# Goal: creating an event at the control plane is forwarded to a data plane, unchanged, and a data plane that is away is a 503.
# Method: post to the control plane with and without the data plane.
def test_control_plane_forwards_events(own_planes, receiver):
    planes = own_planes
    project = planes.project("forward")
    path = receiver.new_path()
    endpoint = project.subscribed(receiver.url(path))
    body = b'{"event_type":"forwarded","endpoint_id":"%s","data": {"n" : 1.0e5} }' % endpoint["uid"].encode()
    made = project.control.post(f"{project.path}/events", body).expect(201).data
    assert made["is_duplicate_event"] is False
    assert receiver.wait(path)[0].body == b'{"n" : 1.0e5}'
    planes.data.stop()
    refused = project.control.post(f"{project.path}/events", body)
    assert refused.status == 503
    assert refused.json["code"]
    assert "retry-after" in refused.headers


# Goal: the data plane never migrates: on an empty database it is alive, not ready, and says why; once migrated it serves. Method: a
# database without our schema.
def test_data_plane_waits_for_the_schema(master_key, template, tmp_path):
    with temporary_planes(None, master_key, tmp_path, is_started=False) as planes:
        database = planes.database
        planes.data.settings["FAIRLEAD_DATABASE_URL"] = database.owner_url
        planes.data.start(wait=False)

        def alive():
            try:
                return call(planes.data.admin_url, "GET", "/healthz").status == 200
            except OSError:
                return False
        wait_until("the data plane is alive", alive)
        readiness = call(planes.data.admin_url, "GET", "/readyz")
        assert readiness.status == 503
        wait_until("it says that the schema is missing", lambda: "schema" in planes.data.log())
        assert database.value("SELECT to_regclass('events') IS NULL")
        done = run_program("fairlead-control", ["migrate"], planes.control.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        planes.data.wait_ready()
        planes.data.stop()


# Goal: `serve --no-migrate` refuses an older schema instead of changing it. Method: an empty database.
def test_no_migrate_refuses_an_old_schema(master_key, template, tmp_path):
    with temporary_planes(None, master_key, tmp_path, is_started=False) as planes:
        database = planes.database
        done = run_program("fairlead-control", ["serve", "--no-migrate"],
                           {**planes.control.settings, "FAIRLEAD_DATABASE_URL": database.owner_url})
        assert done.returncode != 0
        assert "schema" in (done.stdout + done.stderr)
        assert database.value("SELECT to_regclass('events') IS NULL")


# Goal: migrating twice changes nothing, and bootstrap keeps organisation and project but replaces its key. Method: run both again.
def test_migrate_and_bootstrap_are_idempotent(own_planes):
    planes = own_planes
    first = {"organisation_id": planes.organisation_id, "api_key": planes.organisation_key}
    applied = planes.database.rows("SELECT * FROM schema_migrations ORDER BY number")
    done = run_program("fairlead-control", ["migrate"], {**planes.control.settings, "FAIRLEAD_DATABASE_URL": planes.database.owner_url})
    assert done.returncode == 0, done.stdout + done.stderr
    assert planes.database.rows("SELECT * FROM schema_migrations ORDER BY number") == applied
    before = planes.database.value("SELECT count(*) FROM projects")
    second = planes.bootstrap()
    assert second["organisation_id"] == first["organisation_id"]
    assert second["api_key"] != first["api_key"]
    assert planes.database.value("SELECT count(*) FROM projects") == before
    path = f"/api/v1/projects?orgID={first['organisation_id']}"
    headers = {"Authorization": f"Bearer {first['api_key']}"}
    assert call(planes.control.url, "GET", path, headers=headers).status == 401
    headers = {"Authorization": f"Bearer {second['api_key']}"}
    assert call(planes.control.url, "GET", path, headers=headers).status == 200
