"""The management API's lists over much data: each filter's first and hundredth page, beside a look-up by key over the same
connection."""

import http.client
import json
import statistics
import time
import urllib.parse

from lib.cluster import Failure
from lib.outcome import Outcome, Verdict
from lib.programs import headers

TITLE = "lists over 1,000,000 events, 2,000,000 deliveries, 10,000 endpoints: p95 of the first and the hundredth page"
MINUTES = (6, 0)  # before the rounds, and for each of 8 s
PAGE_MS_MAX = 50
REQUESTS = 40     # of each page
PAGES = 99        # to the hundredth
DAYS = 6          # that the data is spread over; a list's default window is 7


class Client:
    """One kept connection."""

    def __init__(self, site):
        self._connection = http.client.HTTPConnection("127.0.0.1", site.gateway.control_port, timeout=60)
        self._headers = headers(None, site.gateway.key)
        self._root = f"/api/v1/projects/{site.gateway.project}/"

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


def samples(client, path):
    client.get(path)
    return [client.get(path)[1] for _ in range(REQUESTS)]


def p95(values):
    return statistics.quantiles(values, n=20)[-1]


def hundredth(client, name, parameters):
    """The parameters of the page that is the hundredth, or the last before it; how far it is."""
    page = dict(parameters)
    for number in range(1, PAGES + 1):
        data, _ = client.get(with_parameters(name, page))
        if data is None or not data["pagination"]["has_next_page"]:
            return page, number
        page = {**parameters, "direction": "next", "next_page_cursor": data["pagination"]["next_page_cursor"]}
    return page, PAGES + 1


def wanted(site, client):
    """(list, label, parameters) of everything that is asked for."""
    event = client.get("events?perPage=1&sort=ASC")[0]["content"][0]
    delivery = client.get("eventdeliveries?perPage=1")[0]["content"][0]
    start, end = site.psql.ask("SELECT to_char(t, 'YYYY-MM-DD\"T\"HH24:MI:SS'), to_char(t + interval '1 hour', "
                               "'YYYY-MM-DD\"T\"HH24:MI:SS') FROM (SELECT (now() - interval '3 days') "
                               "AT TIME ZONE 'UTC') n(t)")[0].split("|")
    window = {"startDate": start, "endDate": end}
    endpoint = delivery["endpoint_id"]
    return [
        ("endpoints", "", {}), ("endpoints", "q, many", {"q": "bench"}), ("endpoints", "q, one", {"q": "bench-9999"}),
        ("endpoints", "q, none", {"q": "nothing like it"}), ("endpoints", "ownerId", {"ownerId": "bench"}),
        ("subscriptions", "", {}), ("subscriptions", "endpointId", {"endpointId": endpoint}),
        ("subscriptions", "name, none", {"name": "nothing like it"}),
        ("events", "", {}), ("events", "sort=ASC", {"sort": "ASC"}), ("events", "dates", window),
        ("events", "endpointId", {"endpointId": endpoint}), ("events", "ownerId", {"ownerId": "bench"}),
        ("events", "idempotencyKey, none", {"idempotencyKey": "nobody's"}),
        ("events", "query, an id", {"query": event["uid"]}), ("events", "query, a type", {"query": "ticked"}),
        ("eventdeliveries", "", {}), ("eventdeliveries", "sort=ASC", {"sort": "ASC"}),
        ("eventdeliveries", "dates", window), ("eventdeliveries", "endpointId", {"endpointId": endpoint}),
        ("eventdeliveries", "eventId", {"eventId": event["uid"]}),
        ("eventdeliveries", "subscriptionId", {"subscriptionId": delivery["subscription_id"]}),
        ("eventdeliveries", "status=Success", {"status": "Success"}),
        ("eventdeliveries", "status=Failure", {"status": "Failure"}),
        ("eventdeliveries", "status=Retry, none", {"status": "Retry"}),
        ("eventdeliveries", "status=Discarded, none", {"status": "Discarded"}),
        ("eventdeliveries", "event_type", {"event_type": event["event_type"]}),
        ("eventdeliveries", "event_type, none", {"event_type": "nobody.sent"}),
        ("eventdeliveries", "endpointId, status=Failure", {"endpointId": endpoint, "status": "Failure"}),
    ]


def run(bench):
    outcome = Outcome("lists")
    site = bench.site()
    endpoints, events = bench.size(10_000, 1_000), bench.size(1_000_000, 50_000)
    bench.say(f"seeding {endpoints:,} endpoints and {events:,} events with two deliveries each")
    site.seed(endpoints=endpoints, subscriptions=endpoints, url=site.sink_url("e", "{n}"), owner_id="bench",
              events=events, fan_out=2, finished=True, days=DAYS)
    site.psql.ask("VACUUM ANALYZE")
    site.psql.ask("CHECKPOINT")
    client = Client(site)
    key_path = "endpoints/" + client.get("endpoints?perPage=1")[0]["content"][0]["uid"]
    key_ms = p95(samples(client, key_path))
    rows, slow = [], []
    for name, label, parameters in wanted(site, client):
        title = f"{name} {label}".strip()
        first = p95(samples(client, with_parameters(name, parameters)))
        page, number = hundredth(client, name, parameters)
        later = p95(samples(client, with_parameters(name, page)))
        rows.append([title, f"{first:.1f}", f"{later:.1f}", number, f"{max(first, later) / key_ms:.1f} ×"])
        slow.append((max(first, later), title))
        bench.say(f"{title}: {first:.1f} ms, page {number}: {later:.1f} ms")
    worst_ms, worst = max(slow)
    outcome.tables = [("p95 in ms", ["list", "first page", "last page asked for", "which is", "÷ look-up by key"], rows)]
    outcome.verdicts = [Verdict(f"slowest list ({worst})", [worst_ms], PAGE_MS_MAX, unit="ms")]
    outcome.notes.append(f"A look-up by key over the same connection: {key_ms:.2f} ms (p95).")
    outcome.numbers = {"key_ms": key_ms, "rows": rows}
    bench.end(site)
    return outcome
