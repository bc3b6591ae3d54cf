"""Signatures computed anew from the published rules, sharing nothing with the product: the header of the wire contract (6.4)
and Standard Webhooks (with the key rules of both)."""

import base64
import hashlib
import hmac

from standardwebhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook


def contract_simple(secret, body):
    """HMAC-SHA256 of the body with the secret's literal bytes, lower-case hex."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def contract_advanced(secrets, timestamp, body):
    """t=<unix>,v1=<sig>,…: every secret in order, over "<unix>,<body>"."""
    signed = f"{timestamp},".encode() + body
    return f"t={timestamp}" + "".join(f",v1={hmac.new(s.encode(), signed, hashlib.sha256).hexdigest()}" for s in secrets)


def advanced_timestamp(header):
    """The time in an advanced header."""
    first = header.split(",")[0]
    assert first.startswith("t="), header
    return int(first[2:])


def whsec(secret):
    """A secret in the libraries' form: a whsec_ one as it is, any other as its own bytes."""
    return secret if secret.startswith("whsec_") else "whsec_" + base64.b64encode(secret.encode()).decode()


def standard_signature(secret, webhook_id, timestamp, body):
    """One "v1,…" element of webhook-signature, by hand."""
    key = base64.b64decode(secret[len("whsec_"):] + "==") if secret.startswith("whsec_") else secret.encode()
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verify_with_libraries(secret, arrival):
    """Both third-party libraries accept the delivery; raises what they raise."""
    StandardWebhook(whsec(secret)).verify(arrival.body, arrival.header_map, json_parse=False)
    SvixWebhook(whsec(secret)).verify(arrival.body, arrival.header_map)
