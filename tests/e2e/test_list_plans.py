"""What PostgreSQL does for a list: the plans of every list operation with every documented filter, on enough data to matter.

auto_explain writes each statement's plan, with the rows it looked at, into the server's log: that is what is read here."""

import json
import os
import pathlib
import re
import urllib.parse

import pytest

from support import openapi
from support.database import uuid_of

HOT = re.compile(r"^(events|deliveries|attempts|queue)(_\d+)?$")
EVENTS = 60_000
FAILED_EVERY = 51    # one in so many failed for good
LOOKED_AT_MAX = 2_500  # rows of hot tables, for a page of 20
# Without an index by design: they are looked through as far as the time allows.
THROUGH = {("events", "query"), ("events", "body"), ("eventdeliveries", "event_type"), ("eventdeliveries", "eventType")}

# Half of the events go to the first endpoint.
SEED = """
WITH places AS (
  SELECT row_number() OVER (ORDER BY s.id) - 1 AS place, s.endpoint_id, s.id AS subscription_id
    FROM subscriptions s WHERE s.project_id = %(project)s),
g AS MATERIALIZED (
  SELECT n, p.*, now() - make_interval(secs => 1 + 250000.0 * n / %(events)s) AS at FROM generate_series(0, %(events)s - 1) n
    JOIN places p ON p.place = CASE WHEN n %% 2 = 0 THEN 0 ELSE n / 2 %% (SELECT count(*) FROM places) END),
i AS MATERIALIZED (
  SELECT g.*, (left(replace(id_floor(at)::text, '-', ''), 12) || substr(md5('e' || n), 1, 20))::uuid AS event_id,
         (left(replace(id_floor(at)::text, '-', ''), 12) || substr(md5('d' || n), 1, 20))::uuid AS delivery_id FROM g),
e AS (
  INSERT INTO events (project_id, id, event_type, body, endpoint_id, received_at, matched_count)
  SELECT %(project)s, event_id, 'many.sent', '{}', endpoint_id, at, 1 FROM i),
a AS (
  INSERT INTO attempts (project_id, delivery_id, n, requested_at, status, failure, detail)
  SELECT %(project)s, delivery_id, 1, at, 500, 'http_status', '' FROM i WHERE n %% %(failed)s = 0)
INSERT INTO deliveries (project_id, id, event_id, endpoint_id, subscription_id, created_at, status, attempts, last_status)
SELECT %(project)s, delivery_id, event_id, endpoint_id, subscription_id, at, CASE WHEN n %% %(failed)s = 0 THEN 3 ELSE 2 END, 1,
       CASE WHEN n %% %(failed)s = 0 THEN 500 ELSE 200 END FROM i"""


class Plans:
    """The plans of the statements of one database, since the last look."""

    def __init__(self, database):
        self._log = None
        pid = database.value("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
        path = pathlib.Path(f"/proc/{pid}/fd/2")
        try:
            self._log = open(os.path.realpath(path), "rb")
        except OSError:
            pytest.skip("the server's log cannot be read")
        self._log.seek(0, os.SEEK_END)

    def look(self):
        """(statement, plan) of each."""
        text = self._log.read().decode(errors="replace")
        found = []
        for part in re.split(r"^(?=[^\t])", text, flags=re.MULTILINE):
            head, _, plan = part.partition("plan:\n")
            if "duration: " not in head or not plan:
                continue
            parsed = json.loads("\n".join(line.removeprefix("\t") for line in plan.rstrip("\n").split("\n")))
            found.append((parsed["Query Text"], parsed["Plan"]))
        return found


def scans(node):
    """(relation, node type, rows looked at) of every executed scan."""
    if node.get("Actual Loops", 0) > 0 and "Relation Name" in node:
        rows = sum(node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
        yield node["Relation Name"], node["Node Type"], rows * node["Actual Loops"]
    for child in node.get("Plans", []):
        yield from scans(child)


def judge(name, plans, rows_max):
    """What the statements should not have done, in words."""
    seen, wrong = [], []
    for statement, plan in plans:
        for relation, kind, rows in scans(plan):
            if not HOT.match(relation):
                continue
            seen.append((rows, kind, relation, statement))
            if kind == "Seq Scan":
                wrong.append(f"{name}: {relation} is read from end to end by {statement[:300]}")
    looked_at = sum(rows for rows, *_ in seen)
    if rows_max and looked_at > rows_max:
        rows, kind, relation, statement = max(seen)
        wrong.append(f"{name}: {looked_at:.0f} rows of hot tables looked at, {rows:.0f} of them by {kind} of {relation} in {statement}")
    return wrong


@pytest.fixture(scope="module")
def world(planes, receiver):
    database = planes.database
    with database.connect() as connection:
        connection.autocommit = True
        for setting, value in (("session_preload_libraries", "auto_explain"), ("auto_explain.log_min_duration", "0"),
                               ("auto_explain.log_format", "json"), ("auto_explain.log_analyze", "on"),
                               ("auto_explain.log_timing", "off"), ("auto_explain.log_nested_statements", "off")):
            connection.execute(f"ALTER DATABASE {database.name} SET {setting} = '{value}'")
    project = planes.project("plans")
    project.endpoints = [project.subscribed(receiver.url(f"/plans/{n}"), ["*"], owner_id=f"owner-{n}") for n in range(200)]
    project.source = project.control.post(f"{project.path}/sources", {"name": "plans", "type": "http", "verifier": {
        "type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "k"}}}).expect(201).data["uid"]
    day = database.value("SELECT make_partitions((now() - interval '7 days')::date, 7)")
    assert day is not None
    database.rows(SEED + " RETURNING 1", {"project": uuid_of(project.id), "events": EVENTS, "failed": FAILED_EVERY})
    database.rows("INSERT INTO idempotency_keys SELECT project_id, 'key-1', id, '', now() + interval '1 hour' FROM events "
                  "WHERE project_id = %s LIMIT 1 RETURNING 1", [uuid_of(project.id)])
    database.close()
    with database.connect() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    planes.control.stop()
    planes.control.start()  # its sessions begin with the settings
    project.plans, project.database = Plans(database), database
    return project


def values_of(project):
    """A value for each filter that every list could have: one that few objects have, or none."""
    small = project.endpoints[7]["uid"]
    some = project.control.get(f"{project.path}/eventdeliveries?perPage=1&endpointId={small}").expect(200).data["content"][0]
    return {
        "endpointId": [some["endpoint_id"]], "eventId": [some["event_id"]], "subscriptionId": [some["subscription_id"]],
        "sourceId": [project.source], "idempotencyKey": ["key-1", "none"], "ownerId": ["owner-7", "none"],
        "status": ["Scheduled", "Processing", "Retry", "Success", "Failure", "Discarded"],
        "event_type": ["many.sent", "none"], "eventType": ["none"], "query": ["many", "none", some["event_id"]],
        "body": ['{"a":1}'], "q": ["plans", "none"], "name": ["none"], "type": ["http"], "provider": ["github"],
        "brokerMessageId": ["1"], "sort": ["ASC", "DESC"],
    }


SHAPING = {"perPage", "direction", "next_page_cursor", "prev_page_cursor", "startDate", "endDate"}


def lists():
    """(list, path, names of its filters) of every operation that gives a page of a project's objects."""
    for operation in openapi.operations():
        names = {parameter["name"] for parameter in operation.parameters if parameter["in"] == "query"}
        if operation.method == "GET" and "perPage" in names and re.fullmatch(r"/api/v1/projects/\{\w+\}/[a-z-]+", operation.path):
            yield operation.path.rsplit("/", 1)[1], operation.path, sorted(names - SHAPING)


def requests(project, name, filters):
    """The queries to ask: without a filter, with each, dates, both directions, and two filters together."""
    values = values_of(project)
    alone = [(filter_name, value) for filter_name in filters for value in values[filter_name]]
    yield from ([], *([each] for each in alone))
    some = project.control.get(f"{project.path}/{name}?perPage=20").expect(200).data["pagination"]
    if some["next_page_cursor"]:
        yield [("direction", "next"), ("next_page_cursor", some["next_page_cursor"])]
        yield [("direction", "prev"), ("prev_page_cursor", some["next_page_cursor"])]
    if "sort" in filters:
        start = project.database.value("SELECT to_char((now() - interval '3 days') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')")
        yield [("startDate", start)]
        yield [("endDate", start)]
    if name == "eventdeliveries":
        for status in values["status"]:
            yield [("status", status), ("endpointId", project.endpoints[0]["uid"])]
        yield [("status", "Failure"), ("status", "Retry"), ("status", "Scheduled")]


# Goal: no list reads a hot table from end to end, and none looks at much more than it shows: an index that is missing shows.
# Method: every list operation of the document with every filter it names, over 60,000 events of 200 endpoints in three days.
@pytest.mark.parametrize("name, path, filters", [pytest.param(*each, id=each[0]) for each in lists()])
def test_plans(world, name, path, filters):
    wrong, plans = [], 0
    for query in requests(world, name, filters):
        world.plans.look()
        url = path.replace("{projectID}", world.id)
        world.control.get(f"{url}?{urllib.parse.urlencode([*query, ('perPage', 20)])}").expect(200)
        found = world.plans.look()
        plans += len(found)
        is_through = any((name, each) in THROUGH for each, _ in query)
        wrong += judge(f"{name} {query}", found, None if is_through else LOOKED_AT_MAX)
    assert not wrong, "\n".join(wrong)
    assert plans > 0, "no plan was seen"
