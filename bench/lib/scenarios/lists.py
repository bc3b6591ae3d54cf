"""The management API's lists over much data: each filter's first and hundredth page and the way back, beside a look-up by key
over the same connection."""

import http.client
import json
import statistics
import time
import urllib.parse

from lib.cluster import Failure
from lib.outcome import Outcome, Verdict
from lib.programs import call, headers

TITLE = "lists over 1,000,000 events, 2,000,000 deliveries, 10,000 endpoints: p95 of the first and the hundredth page"
MINUTES = (6, 0)  # before the rounds, and for each of 8 s
PAGE_MS_MAX = 50
REQUESTS = 40     # of each page
POOL = 3          # connections that the server keeps for lists
PAGES = 99        # to the hundredth
DAYS = 6          # that the data is spread over; a list's default window is 7


RARE = 60         # events, deliveries or others of a kind that is rare


class Client:
    """One kept connection."""

    def __init__(self, site, root=None, key=None):
        self._connection = http.client.HTTPConnection("127.0.0.1", site.gateway.control_port, timeout=60)
        self._headers = headers(None, key or site.gateway.key)
        self._root = root or f"/api/v1/projects/{site.gateway.project}/"

    def get(self, path):
        """(`data`, milliseconds); None for a list that took longer than the server lets it."""
        begin = time.perf_counter()
        self._connection.request("GET", self._root + path, headers=self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        took_ms = (time.perf_counter() - begin) * 1e3
        if answer.status == 504:
            return None, took_ms
        if answer.status != 200:
            raise Failure(f"GET {path} was answered with {answer.status}: {text[:300]}")
        return json.loads(text)["data"], took_ms


def with_parameters(name, parameters):
    return name + "?" + urllib.parse.urlencode(parameters, doseq=True)


def p95(client, path):
    for _ in range(4 * POOL):  # each of the server's connections plans a statement once
        client.get(path)
    return statistics.quantiles([client.get(path)[1] for _ in range(REQUESTS)], n=20)[-1]


def hundredth(client, name, parameters):
    """The page that is the hundredth, or the last before it: its parameters, those of the page before it, its number."""
    page = dict(parameters)
    for number in range(1, PAGES + 2):
        data, _ = client.get(with_parameters(name, page))
        pagination = data["pagination"] if data is not None else {"has_next_page": False, "has_prev_page": False}
        before = None
        if pagination["has_prev_page"]:
            before = {**parameters, "direction": "prev", "prev_page_cursor": pagination["prev_page_cursor"]}
        if number > PAGES or not pagination["has_next_page"]:
            return page, before, number
        page = {**parameters, "direction": "next", "next_page_cursor": pagination["next_page_cursor"]}


def make_rare(site):
    """Beside the many: an endpoint of another owner with a few events, and deliveries that wait, fail or were discarded."""
    gateway, root = site.gateway, f"/api/v1/projects/{site.gateway.project}"
    endpoint = gateway.create_endpoint("rare", site.sink_url("e", 0), "rare")
    for number in range(RARE):
        body = {"endpoint_id": endpoint, "event_type": "rare.sent", "idempotency_key": f"rare-{number}", "data": {"rare": number}}
        status, answer = call(gateway.data_port, "POST", root + "/events", body, gateway.key)
        if status != 201:
            raise Failure(f"an event was answered with {status}: {answer}")
    for status in (1, 4):
        site.psql.ask(f"UPDATE deliveries SET status = {status} WHERE id IN (SELECT id FROM deliveries WHERE status = 2 AND "
                      f"created_at < now() - interval '{status} days' ORDER BY id DESC LIMIT {RARE})")
    for number in range(RARE):
        gateway.post(root + "/sources", {"name": f"rare-{number}", "type": "http", "verifier": {
            "type": "api_key", "api_key": {"header_name": "X-Key", "header_value": "k"}}}, gateway.key)
        gateway.post(root + "/portal-links", {"name": f"rare-{number}", "owner_id": "rare", "auth_type": "static_token"},
                     gateway.key)
    return endpoint


def portal(site, owner):
    link = site.gateway.post(f"/api/v1/projects/{site.gateway.project}/portal-links",
                             {"name": owner, "owner_id": owner, "auth_type": "static_token", "can_see_payloads": True}, site.gateway.key)
    return Client(site, "/portal-api/", link["token"])


def wanted(site, client, rare):
    """(list, label, parameters) of everything that is asked for."""
    event = client.get("events?perPage=1&sort=ASC")[0]["content"][0]
    delivery = client.get("eventdeliveries?perPage=1&sort=ASC")[0]["content"][0]
    source = client.get("sources?perPage=1")[0]["content"][0]["uid"]
    start, end = site.psql.ask("SELECT to_char(t, 'YYYY-MM-DD\"T\"HH24:MI:SS'), to_char(t + interval '1 hour', "
                               "'YYYY-MM-DD\"T\"HH24:MI:SS') FROM (SELECT (now() - interval '3 days') "
                               "AT TIME ZONE 'UTC') n(t)")[0].split("|")
    window = {"startDate": start, "endDate": end}
    endpoint = delivery["endpoint_id"]
    return [
        ("endpoints", "", {}), ("endpoints", "q, many", {"q": "bench"}), ("endpoints", "q, one", {"q": "bench-9999"}),
        ("endpoints", "q, none", {"q": "nothing like it"}), ("endpoints", "ownerId, many", {"ownerId": "bench"}),
        ("endpoints", "ownerId, one", {"ownerId": "rare"}),
        ("subscriptions", "", {}), ("subscriptions", "endpointId", {"endpointId": endpoint}),
        ("subscriptions", "name, none", {"name": "nothing like it"}),
        ("sources", "", {}), ("sources", "type", {"type": "http"}), ("sources", "provider, none", {"provider": "github"}),
        ("sources", "q, none", {"q": "nothing like it"}),
        ("portal-links", "", {}), ("portal-links", "ownerId", {"ownerId": "rare"}), ("portal-links", "q", {"q": "rare"}),
        ("portal-links", "endpointId", {"endpointId": rare}),
        ("meta-events", "", {}), ("jobs", "", {}), ("api-keys", "", {}),
        ("events", "", {}), ("events", "sort=ASC", {"sort": "ASC"}), ("events", "dates", window),
        ("events", "dates, sort=ASC", {**window, "sort": "ASC"}),
        ("events", "endpointId", {"endpointId": endpoint}), ("events", "endpointId, rare", {"endpointId": rare}),
        ("events", "ownerId, many", {"ownerId": "bench"}), ("events", "ownerId, rare", {"ownerId": "rare"}),
        ("events", "sourceId, none", {"sourceId": source}),
        ("events", "idempotencyKey", {"idempotencyKey": "rare-7"}),
        ("events", "idempotencyKey, none", {"idempotencyKey": "nobody's"}),
        ("events", "query, an id", {"query": event["uid"]}), ("events", "query, many", {"query": "ticked"}),
        ("events", "query, none *", {"query": "nothing like it"}), ("events", "body, none *", {"body": '{"nobody":1}'}),
        ("events", "endpointId, query, none", {"endpointId": endpoint, "query": "nothing like it"}),
        ("eventdeliveries", "", {}), ("eventdeliveries", "sort=ASC", {"sort": "ASC"}),
        ("eventdeliveries", "dates", window), ("eventdeliveries", "dates, sort=ASC", {**window, "sort": "ASC"}),
        ("eventdeliveries", "endpointId", {"endpointId": endpoint}),
        ("eventdeliveries", "endpointId, rare", {"endpointId": rare}),
        ("eventdeliveries", "eventId", {"eventId": event["uid"]}),
        ("eventdeliveries", "subscriptionId", {"subscriptionId": delivery["subscription_id"]}),
        ("eventdeliveries", "idempotencyKey", {"idempotencyKey": "rare-7"}),
        ("eventdeliveries", "status=Success", {"status": "Success"}),
        ("eventdeliveries", "status=Failure", {"status": "Failure"}),
        ("eventdeliveries", "status=Scheduled, none", {"status": "Scheduled"}),
        ("eventdeliveries", "status=Retry, rare", {"status": "Retry"}),
        ("eventdeliveries", "status=Discarded, rare", {"status": "Discarded"}),
        ("eventdeliveries", "three statuses", {"status": ["Retry", "Failure", "Discarded"]}),
        ("eventdeliveries", "event_type, many", {"event_type": event["event_type"]}),
        ("eventdeliveries", "event_type, rare *", {"event_type": "rare.sent"}),
        ("eventdeliveries", "event_type, none *", {"event_type": "nobody.sent"}),
        ("eventdeliveries", "endpointId, status=Failure", {"endpointId": endpoint, "status": "Failure"}),
        ("eventdeliveries", "endpointId, event_type, none", {"endpointId": endpoint, "event_type": "nobody.sent"}),
        ("eventdeliveries", "dates, status=Discarded, none", {**window, "status": "Discarded"}),
    ]


PORTAL = [("endpoints", "", {}), ("endpoints", "q, none", {"q": "nothing like it"}), ("subscriptions", "", {}), ("events", "", {}),
          ("eventdeliveries", "", {}), ("eventdeliveries", "status=Failure", {"status": "Failure"})]


class Table:
    """What is measured, list after list."""

    def __init__(self, bench, key_ms):
        self._bench, self._key_ms = bench, key_ms
        self.rows, self.slow = [], []

    def measure(self, client, title, name, parameters):
        first = p95(client, with_parameters(name, parameters))
        page, before, number = hundredth(client, name, parameters)
        later = p95(client, with_parameters(name, page)) if number > 1 else first
        back = p95(client, with_parameters(name, before)) if before else None
        worst = max(first, later, back or 0)
        self.rows.append([title, f"{first:.1f}", f"{later:.1f}", number, "" if back is None else f"{back:.1f}",
                          f"{worst / self._key_ms:.1f} ×"])
        self.slow.append((worst, title))
        self._bench.say(f"{title}: {first:.1f} ms, page {number}: {later:.1f} ms, back: {'-' if back is None else f'{back:.1f} ms'}")


def run(bench):
    outcome = Outcome("lists")
    site = bench.site()
    endpoints, events = bench.size(10_000, 1_000), bench.size(1_000_000, 50_000)
    bench.say(f"seeding {endpoints:,} endpoints and {events:,} events with two deliveries each")
    site.seed(endpoints=endpoints, subscriptions=endpoints, url=site.sink_url("e", "{n}"), owner_id="bench",
              events=events, fan_out=2, finished=True, days=DAYS)
    site.psql.ask("VACUUM ANALYZE")
    site.psql.ask("CHECKPOINT")
    rare = make_rare(site)
    site.psql.ask("ANALYZE")
    client = Client(site)
    key_ms = p95(client, "endpoints/" + client.get("endpoints?perPage=1")[0]["content"][0]["uid"])
    table = Table(bench, key_ms)
    for name, label, parameters in wanted(site, client, rare):
        table.measure(client, f"{name} {label}".strip(), name, parameters)
    for owner, words in (("bench", "portal, an owner of 10,000"), ("rare", "portal, an owner of one")):
        customer = portal(site, owner)
        for name, label, parameters in PORTAL:
            table.measure(customer, f"{words}: {name} {label}".strip(), name, parameters)
    worst_ms, worst = max(table.slow)
    outcome.tables = [("p95 in ms", ["list", "first page", "hundredth, or last", "which is", "the page before it",
                                     "slowest ÷ look-up by key"], table.rows)]
    outcome.verdicts = [Verdict(f"slowest list ({worst})", [worst_ms], PAGE_MS_MAX, unit="ms")]
    outcome.notes.append(f"A look-up by key over the same connection: {key_ms:.2f} ms (p95).")
    outcome.notes.append("* Without an index: a page holds what could be looked through in its time, and its cursor goes on.")
    outcome.numbers = {"key_ms": key_ms, "rows": table.rows}
    bench.end(site)
    return outcome
