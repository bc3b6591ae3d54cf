"""A client of the REST API that shows everything: status, headers, the body's bytes; and a project's daily calls."""

import http.client
import itertools
import json
import threading
import urllib.parse
from dataclasses import dataclass

from support import openapi
from support.database import uuid_of
from support.wait import DEADLINE_SECONDS, wait_until

_numbers = itertools.count(1)


@dataclass
class Answer:
    status: int
    headers: dict  # lower-case names
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    def expect(self, status):
        assert self.status == status, f"expected {status}, got {self.status}: {self.body[:2000]!r}"
        return self


def _exchange(connection, method, path, body, headers):
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    openapi.check(method, path, headers, answer.status, answer.headers, answer.body)
    return answer


def call(url, method, path, body=None, headers=None):
    """One request on a connection of its own."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=DEADLINE_SECONDS)
    try:
        return _exchange(connection, method, path, body, headers or {})
    finally:
        connection.close()


class Api:
    """Calls with a key. `keep` keeps one connection per thread, which a load needs; a broken one is an OSError or HTTPException."""

    def __init__(self, url, key, keep=False):
        self.url, self.key, self.keep = url, key, keep
        self.local = threading.local()

    def request(self, method, path, body=None, headers=None):
        """`body`: bytes go as they are, anything else as JSON."""
        all_headers = {"Authorization": f"Bearer {self.key}"} if self.key is not None else {}
        if body is not None:
            all_headers["Content-Type"] = "application/json"
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        all_headers.update(headers or {})
        if not self.keep:
            return call(self.url, method, path, body, all_headers)
        connection = getattr(self.local, "connection", None)
        if connection is None:
            parts = urllib.parse.urlsplit(self.url)
            connection = self.local.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=DEADLINE_SECONDS)
        try:
            return _exchange(connection, method, path, body, all_headers)
        except (OSError, http.client.HTTPException):
            connection.close()
            self.local.connection = None
            raise

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)


def event_body(data=b"{}", **head):
    """A creation's body whose `data` value is exactly these bytes."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return json.dumps(head).encode()[:-1] + b',"data":' + raw + b"}"


class Project:
    """One project: its paths, its key, and the calls that most tests make."""

    def __init__(self, planes, project_id, key):
        self.planes, self.id, self.key = planes, project_id, key
        self.uuid = uuid_of(project_id)
        self.path = f"/api/v1/projects/{project_id}"
        self.control = Api(planes.control.url, key)
        self.data = Api(planes.data.url, key)

    def endpoint(self, url, **fields):
        body = {"name": f"endpoint-{next(_numbers)}", "url": url, **fields}
        return self.control.post(f"{self.path}/endpoints", body).expect(201).data

    def subscribe(self, endpoint, event_types, **fields):
        body = {"name": f"subscription-{next(_numbers)}", "endpoint_id": endpoint["uid"],
                "filter_config": {"event_types": event_types}, **fields}
        return self.control.post(f"{self.path}/subscriptions", body).expect(201).data

    def subscribed(self, url, event_types=("*",), **fields):
        """An endpoint with one subscription."""
        endpoint = self.endpoint(url, **fields)
        self.subscribe(endpoint, list(event_types))
        return endpoint

    def post_event(self, body, route="", headers=None):
        return self.data.post(f"{self.path}/events{route}", body, headers=headers)

    def send(self, event_type="test.event", data=b"{}", **head):
        """Sends to head's endpoint_id or owner_id, or to everybody; gives the event's id."""
        route = "" if "endpoint_id" in head else "/fanout" if "owner_id" in head else "/broadcast"
        answer = self.post_event(event_body(data, event_type=event_type, **head), route).expect(201).data
        assert answer["is_duplicate_event"] is False, answer
        return answer["uid"]

    def event(self, event_id):
        return self.control.get(f"{self.path}/events/{event_id}").expect(200).data

    def deliveries(self, event_id, per_page=100):
        answer = self.control.get(f"{self.path}/eventdeliveries?perPage={per_page}&eventId={event_id}").expect(200)
        return answer.data["content"]

    def delivery(self, event_id):
        """The event's only delivery."""
        deliveries = self.deliveries(event_id)
        assert len(deliveries) == 1, deliveries
        return deliveries[0]

    def wait_delivery(self, event_id, status):
        """The event's only delivery, once it has this status."""
        def look():
            deliveries = self.deliveries(event_id)
            return deliveries[0] if len(deliveries) == 1 and deliveries[0]["status"] == status else None
        return wait_until(f"the delivery of {event_id} is {status}", look)

    def attempts(self, delivery_id):
        return self.control.get(f"{self.path}/eventdeliveries/{delivery_id}/deliveryattempts").expect(200).data

    def counts(self):
        """Rows of this project: (events, deliveries, queue, idempotency keys)."""
        return tuple(self.planes.database.value(f"SELECT count(*) FROM {table} WHERE project_id = %s", [self.uuid])
                     for table in ("events", "deliveries", "queue", "idempotency_keys"))
