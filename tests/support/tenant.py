"""A project with one of everything that it can have, for tests that walk through the whole document."""

import secrets
import time
import urllib.parse

from support import openapi
from support.api import Api
from support.wait import wait_until

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def random_id():
    """An id of now that nothing has."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(ALPHABET[(number >> (5 * index)) & 31] for index in reversed(range(26)))


class Tenant:
    """`ids`: the document's path parameters, each with an object of this project. `project`: another owner's things in a project
    that is there."""

    def __init__(self, planes, receiver, name, project=None):
        self.planes, self.receiver = planes, receiver
        config = {"strategy": {"type": "linear", "duration": 1, "retry_count": 1}}
        if openapi.has("GetMetaEvent"):
            config["meta_event"] = {"is_enabled": True, "type": "http", "event_type": ["endpoint.created"], "secret": "s",
                                    "url": receiver.url(receiver.new_path())}
        self.project = project or planes.project(name, **config)
        self.path, self.owner, self.event_type = self.project.path, f"owner-of-{name}", f"done.{name}"
        self.ids = {"projectID": self.project.id}
        self.secrets = {}
        self.make_delivery()
        self.make_objects()

    def post(self, path, body):
        return self.project.control.post(self.path + path, body).expect(201).data

    def make_delivery(self):
        path = self.receiver.new_path()
        self.hook = self.receiver.url(path)
        endpoint = self.project.endpoint(self.hook, owner_id=self.owner)
        self.ids["endpointID"] = endpoint["uid"]
        self.ids["subscriptionID"] = self.project.subscribe(endpoint, ["*"])["uid"]
        self.ids["eventID"] = self.project.send(self.event_type, b'{"secret":"of %s"}' % self.owner.encode(), endpoint_id=endpoint["uid"])
        self.ids["eventDeliveryID"] = self.project.wait_delivery(self.ids["eventID"], "Success")["uid"]
        attempts = wait_until("the attempt is recorded", lambda: self.project.attempts(self.ids["eventDeliveryID"]))
        self.ids["deliveryAttemptID"] = attempts[0]["uid"]

    def make_objects(self):
        self.ids["eventTypeId"] = self.post("/event-types", {"name": self.event_type})["uid"]
        self.ids["eventType"] = self.event_type
        if openapi.has("GetMetaEvent"):
            look = lambda: self.project.control.get(f"{self.path}/meta-events").expect(200).data["content"]
            self.ids["metaEventID"] = wait_until("the meta event is there", look)[0]["uid"]
        if openapi.has("CreateSource"):
            source = self.post("/sources", {"name": "source", "type": "http"})
            self.ids["sourceID"], self.ids["maskID"] = source["uid"], source["mask_id"]
        if openapi.has("CreateFilter"):
            self.ids["filterID"] = self.post(f"/subscriptions/{self.ids['subscriptionID']}/filters",
                                             {"event_type": self.event_type, "body": {"n": 1}})["uid"]
        if openapi.has("CreatePortalLink"):
            link = self.post("/portal-links", {"name": "link", "owner_id": self.owner, "can_manage_endpoint": True})
            self.ids["portalLinkID"], self.secrets["portal_token"] = link["uid"], link["token"]
        if openapi.has("CreateProjectApiKey"):
            self.ids["apiKeyID"] = self.post("/api-keys", {"name": "key"})["uid"]
        if openapi.has("CreateJob"):
            self.ids["jobID"] = self.post("/jobs", self.job_body())["uid"]

    def job_body(self):
        return {"kind": "replay_events"}

    def known(self, **changes):
        """Members of request bodies by name, so that a body made from its schema is this project's."""
        known = {"endpoint_id": self.ids["endpointID"], "owner_id": self.owner, "url": self.hook, "event_type": self.event_type,
                 "data": {"n": 1}, "source_id": self.ids.get("sourceID", ""), "name": f"name-{secrets.token_hex(4)}"}
        return {**known, **changes}

    def api(self, key=None, plane=None):
        return Api((plane or self.planes.control).url, key or self.project.key)


def fill(operation, ids):
    """The operation's path with these ids; a parameter without one gets a random id."""
    path = operation.path
    for name in operation.path_parameters:
        path = path.replace("{" + name + "}", urllib.parse.quote(ids.get(name) or random_id()))
    return path
