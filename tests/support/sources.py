"""Sources with their senders: what proves a request by the providers' published rules, or by their own libraries."""

import base64
import hashlib
import hmac
import time
from datetime import datetime, timezone

from standardwebhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

from support.api import call

BODY = b'{ "type" : "order.paid", "order": {"id": 12345678901234567890, "items": [{"sku": "a,]"}, {"sku": "b"}]} }'
SECRET = "whsec_" + base64.b64encode(b"a good long secret of ours").decode()


def mac(secret, body, digest=hashlib.sha256):
    return hmac.new(secret.encode(), body, digest)


def b64(raw):
    return base64.b64encode(raw).decode()


class Source:
    """A source with a subscription to everything that it brings."""

    def __init__(self, project, receiver, **fields):
        self.project, self.receiver = project, receiver
        self.data = project.control.post(f"{project.path}/sources", {"name": "s", "type": "http", **fields}).expect(201).data
        self.target = receiver.new_path()
        self.endpoint = project.endpoint(receiver.url(self.target))
        project.subscribe(self.endpoint, ["*"], source_id=self.data["uid"])
        self.path = f"/ingest/{self.data['mask_id']}"
        self.url = project.planes.data.url

    def post(self, body=BODY, headers=None, query="", url=None):
        return call(url or self.url, "POST", self.path + query, body, {"Content-Type": "application/json", **(headers or {})})

    def change(self, **fields):
        body = {"name": "s", "type": "http", **fields}
        return self.project.control.put(f"{self.project.path}/sources/{self.data['uid']}", body).expect(202).data

    def arrivals(self, count=1):
        return self.receiver.wait(self.target, count)

    def events(self):
        answer = self.project.control.get(f"{self.project.path}/events?sourceId={self.data['uid']}&perPage=100").expect(200)
        return answer.data["content"]

    def stored(self):
        return self.project.counts()[0]


def refused(source, answer, code, status=400, field=None):
    """Refused, nothing stored."""
    answer.expect(status)
    assert answer.json["code"] == code, answer.json
    assert field is None or answer.json["field"] == field, answer.json
    assert source.stored() == 0
    return answer.json


def hmac_verifier(digest, encoding):
    return {"verifier": {"type": "hmac", "hmac": {"header": "X-Sig", "hash": digest, "secret": SECRET, "encoding": encoding}}}


def provider(name):
    return {"provider": name, "verifier": {"hmac": {"secret": SECRET}}}


def stripe_header(body, secret=SECRET, at=None):
    at = int(at or time.time())
    return {"Stripe-Signature": f"t={at},v0=old,v1={mac(secret, f'{at}.'.encode() + body).hexdigest()}"}


def slack_headers(body, secret=SECRET, at=None):
    at = int(at or time.time())
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": "v0=" + mac(secret, f"v0:{at}:".encode() + body).hexdigest()}


def standard_headers(body, secret=SECRET, at=None, prefix="webhook-", library=StandardWebhook):
    at = datetime.fromtimestamp(int(at or time.time()), tz=timezone.utc)
    signature = library(secret).sign("msg_1", at, body.decode())
    return {f"{prefix}id": "msg_1", f"{prefix}timestamp": str(int(at.timestamp())), f"{prefix}signature": signature}


def svix_headers(body, secret=SECRET, at=None):
    return standard_headers(body, secret, at, "svix-", SvixWebhook)


# name → (fields of the source, headers that prove a body with a secret)
VERIFIERS = {
    "hmac-256-hex": (hmac_verifier("SHA256", "hex"), lambda body, secret=SECRET: {"X-Sig": mac(secret, body).hexdigest()}),
    "hmac-256-hex-upper": (hmac_verifier("SHA256", "hex"), lambda body, secret=SECRET: {"X-Sig": mac(secret, body).hexdigest().upper()}),
    "hmac-512-base64": (hmac_verifier("SHA512", "base64"), lambda body, secret=SECRET: {"X-Sig": b64(mac(secret, body, hashlib.sha512).digest())}),
    "hmac-512-hex": (hmac_verifier("SHA512", "hex"), lambda body, secret=SECRET: {"X-Sig": mac(secret, body, hashlib.sha512).hexdigest()}),
    "basic": ({"verifier": {"type": "basic_auth", "basic_auth": {"username": "u", "password": SECRET + ":with:colons"}}},
              lambda body, secret=SECRET: {"Authorization": "Basic " + b64(f"u:{secret}:with:colons".encode())}),
    "api-key": ({"verifier": {"type": "api_key", "api_key": {"header_name": "X-Key", "header_value": SECRET}}},
                lambda body, secret=SECRET: {"X-Key": secret}),
    "github": (provider("github"), lambda body, secret=SECRET: {"X-Hub-Signature-256": "sha256=" + mac(secret, body).hexdigest()}),
    "shopify": (provider("shopify"), lambda body, secret=SECRET: {"X-Shopify-Hmac-SHA256": b64(mac(secret, body).digest())}),
    "twitter": (provider("twitter"), lambda body, secret=SECRET: {"X-Twitter-Webhooks-Signature": "sha256=" + b64(mac(secret, body).digest())}),
    "stripe": (provider("stripe"), stripe_header),
    "slack": (provider("slack"), slack_headers),
    "standardwebhooks": (provider("standardwebhooks"), standard_headers),
    "svix": (provider("svix"), svix_headers),
}
