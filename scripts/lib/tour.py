"""The quickstart's tour: makes endpoints and subscriptions through the REST API, posts the sample events, and shows each one
arriving. Exits 0 only if every expected webhook arrived once, unchanged, with a valid signature."""

import argparse
import hashlib
import http.client
import json
import os
import sys
import time
import urllib.parse
from datetime import datetime
from pathlib import Path

OWNER = "quickstart"
DEADLINE_SECONDS = 60
# name → event types of its subscription: exact names, prefix globs, everything.
ENDPOINTS = {
    "ledger": ["invoice.paid"],
    "billing": ["invoice.*", "payment.*", "subscription.*"],
    "shop": ["order.created"],
    "engineering": ["push", "pull_request.*"],
    "messaging": ["message.*", "email.*", "sms.*"],
    "audit": ["*"],
}


class Api:
    """One kept connection to one of the planes."""

    def __init__(self, url, key):
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        self.key = key

    def call(self, method, path, body=None):
        """The answer's data; anything but a success ends the tour with what the server said."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 201, 202):
            sys.exit(f"error: {method} {path} answered {answer.status}: {text}")
        return json.loads(text)["data"]


def matches(patterns, event_type):
    return any(p == "*" or p == event_type or
               (p.endswith("*") and event_type.startswith(p[:-1]) and len(event_type) > len(p) - 1) for p in patterns)


def page(api, path):
    """All items of a paged list."""
    items, cursor = [], ""
    while True:
        data = api.call("GET", f"{path}?perPage=100" + (f"&direction=next&next_page_cursor={cursor}" if cursor else ""))
        items += data["content"]
        if not data["pagination"]["has_next_page"]:
            return items
        cursor = data["pagination"]["next_page_cursor"]


def make_endpoints(api, project, receiver):
    """name → endpoint; those of an earlier run are used again."""
    known = {e["name"]: e for e in page(api, f"{project}/endpoints") if e.get("owner_id") == OWNER}
    subscribed = {s["name"] for s in page(api, f"{project}/subscriptions")}
    result = {}
    for name, patterns in ENDPOINTS.items():
        url = f"{receiver}/hooks/{name}"
        endpoint = known.get(name)
        if endpoint is None:
            endpoint = api.call("POST", f"{project}/endpoints", {"name": name, "url": url, "owner_id": OWNER})
        elif endpoint["url"] != url:
            endpoint = api.call("PUT", f"{project}/endpoints/{endpoint['uid']}", {"name": name, "url": url})
        if f"{name}-quickstart" not in subscribed:
            api.call("POST", f"{project}/subscriptions", {"name": f"{name}-quickstart", "endpoint_id": endpoint["uid"],
                                                        "filter_config": {"event_types": patterns}})
        result[name] = endpoint
    return result


def write_secrets(path, endpoints):
    """What the receiver verifies with; replaced whole, readable by its owner alone."""
    draft = f"{path}.new"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({name: [s["value"] for s in e["secrets"]] for name, e in endpoints.items()}, file)
    os.replace(draft, path)


def post_samples(api, project, endpoints, samples):
    """Posts each sample; gives what was sent, when its answer came, and where it must arrive."""
    run = f"{time.time_ns():x}"
    sent = []
    for number, path in enumerate(sorted(Path(samples).glob("*.json"))):
        provider, event_type = path.stem.split(".", 1)
        payload = path.read_bytes().strip()
        key = f"quickstart-{run}-{number}"
        head = {"event_type": event_type, "idempotency_key": key}
        if event_type == "maintenance.planned":
            kind, names = "broadcast", [n for n, p in ENDPOINTS.items() if matches(p, event_type)]
        elif event_type == "order.created":
            kind, names = "", ["shop"]
            head["endpoint_id"] = endpoints["shop"]["uid"]
        else:
            kind, names = "/fanout", [n for n, p in ENDPOINTS.items() if matches(p, event_type)]
            head["owner_id"] = OWNER
        # The payload goes as it lies in the file: Fairlead delivers and signs exactly these bytes.
        body = json.dumps(head).encode()[:-1] + b', "data": ' + payload + b"}"
        route = f"{project}/events{'/broadcast' if kind == 'broadcast' else kind}"
        event = api.call("POST", route, body)
        sent.append({"provider": provider, "event_type": event_type, "key": key, "id": event["uid"], "answered_at": time.time(),
                     "names": names, "sha256": hashlib.sha256(payload).hexdigest()})
    return sent


def await_arrivals(receiver, sent):
    """(key, hook) → arrivals, once all are there or the deadline has passed."""
    api = Api(receiver, "")
    wanted = {(event["key"], name) for event in sent for name in event["names"]}
    until = time.monotonic() + DEADLINE_SECONDS
    while True:
        api.connection.request("GET", "/arrivals")
        found = {}
        for arrival in json.loads(api.connection.getresponse().read()):
            found.setdefault((arrival["idempotency_key"], arrival["hook"]), []).append(arrival)
        if wanted <= found.keys() or time.monotonic() > until:
            return found
        time.sleep(0.05)


def await_statuses(api, project, sent, endpoints):
    """(event id, endpoint id) → delivery status, once every delivery is final or the deadline has passed."""
    until = time.monotonic() + DEADLINE_SECONDS
    while True:
        statuses = {}
        for event in sent:
            for delivery in page_of_event(api, project, event["id"]):
                statuses[(event["id"], delivery["endpoint_id"])] = delivery["status"]
        expected = [statuses.get((e["id"], endpoints[n]["uid"])) for e in sent for n in e["names"]]
        if all(s in ("Success", "Failure", "Discarded") for s in expected) or time.monotonic() > until:
            return statuses
        time.sleep(0.1)


def page_of_event(api, project, event_id):
    return api.call("GET", f"{project}/eventdeliveries?perPage=100&eventId={event_id}")["content"]


def created_at(api, project, event_id):
    text = api.call("GET", f"{project}/events/{event_id}")["created_at"]
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def show(rows):
    titles = ("event", "from", "endpoint", "delivery", "signature", "payload", "after answer", "after creation")
    table = [titles] + rows
    widths = [max(len(row[i]) for row in table) for i in range(len(titles))]
    for index, row in enumerate(table):
        print("    " + "  ".join(c.rjust(w) if i >= 6 else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip())
        if index == 0:
            print("    " + "  ".join("-" * w for w in widths))


def report(sent, endpoints, arrivals, statuses, created):
    """Prints the table; gives how many webhooks were expected and how many are as they must be."""
    rows, good, expected = [], 0, 0
    for event in sent:
        for name in event["names"]:
            expected += 1
            found = arrivals.get((event["key"], name), [])
            status = statuses.get((event["id"], endpoints[name]["uid"]), "missing")
            if not found:
                rows.append((event["event_type"], event["provider"], name, status, "-", "never arrived", "-", "-"))
                continue
            first = found[0]
            is_same = first["sha256"] == event["sha256"]
            is_good = is_same and first["signature"] == "valid" and status == "Success" and len(found) == 1
            good += is_good
            rows.append((event["event_type"], event["provider"], name, status, first["signature"],
                         "changed" if not is_same else "same bytes" if len(found) == 1 else f"arrived {len(found)} times",
                         f"{(first['arrived_at'] - event['answered_at']) * 1000:.1f} ms",
                         f"{(first['arrived_at'] - created[event['id']]) * 1000:.1f} ms"))
    show(rows)
    return expected, good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("control", "data", "project", "key-file", "receiver", "secrets", "samples"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    key = Path(options.key_file).read_text(encoding="utf-8").strip()
    project = f"/api/v1/projects/{options.project}"
    control, data = Api(options.control, key), Api(options.data, key)
    endpoints = make_endpoints(control, project, options.receiver)
    write_secrets(options.secrets, endpoints)
    sent = post_samples(data, project, endpoints, options.samples)
    arrivals = await_arrivals(options.receiver, sent)
    statuses = await_statuses(control, project, sent, endpoints)
    created = {event["id"]: created_at(control, project, event["id"]) for event in sent}
    expected, good = report(sent, endpoints, arrivals, statuses, created)
    print("    (below zero after the answer: it arrived before the producer had read its 201)")
    print(f"    {len(sent)} events, {expected} webhooks expected, {good} arrived once, unchanged, with a valid signature")
    return 0 if good == expected else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
