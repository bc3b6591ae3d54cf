"""The API's document, and whether what a server answered is what it says: every call of the tests passes here.

An answer fails the check if its path, method or status is not described, a required header is missing, the body is not what the
schema says, or an object has a member that its schema does not name. (The document leaves objects open, for clients of later
versions; here they are closed.)
"""

import functools
import json
import re
import threading
import urllib.parse
from pathlib import Path

import jsonschema_rs
import yaml

ROOTS = ("/api/", "/healthz", "/portal-api", "/ingest/", "/openapi.json", "/docs")
# What any request may meet before it reaches its operation, always in the error envelope.
TRANSPORT_STATUSES = {405, 408, 413, 414, 431}
METHODS = ("get", "put", "post", "delete", "patch")

_seen = {}  # operationId → statuses that were answered
_lock = threading.Lock()


class Undocumented(AssertionError):
    """The server and the document differ."""


@functools.cache
def document():
    return yaml.safe_load((Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml").read_text("utf-8"))


def resolve(node):
    """Follows $ref until it is no reference."""
    while isinstance(node, dict) and "$ref" in node:
        target = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


class Operation:
    def __init__(self, path, method, item):
        self.path, self.method, self.item = path, method.upper(), item
        self.id = item["operationId"]
        self.parameters = [resolve(each) for each in item.get("parameters", [])]
        self.path_parameters = re.findall(r"\{(\w+)\}", path)
        self.security = item.get("security", document()["security"])
        self.pattern = re.compile("".join(re.escape(part) if index % 2 == 0 else "[^/]+"
                                          for index, part in enumerate(re.split(r"(\{\w+\})", path))) + "/?")

    def request_schema(self):
        content = resolve(self.item.get("requestBody", {})).get("content", {})
        return content.get("application/json", {}).get("schema")

    def response(self, status):
        return resolve(self.item["responses"].get(str(status)))


@functools.cache
def operations():
    """All of them, those with fewer parameters first: a literal wins over a parameter."""
    found = [Operation(path, method, item[method]) for path, item in document()["paths"].items() for method in METHODS if method in item]
    return sorted(found, key=lambda each: (each.path.count("{"), each.path))


def operation(operation_id):
    return next(each for each in operations() if each.id == operation_id)


def find_operation(method, path):
    """(the operation, whether the path is described)."""
    fitting = [each for each in operations() if each.pattern.fullmatch(path)]
    exact = [each for each in fitting if each.path.count("{") == fitting[0].path.count("{")]
    return next((each for each in exact if each.method == method), None), bool(fitting)


def _closed(node):
    """The schema with every object that names its members closed."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "additionalProperties" not in node:
        made["additionalProperties"] = False
    return made


@functools.cache
def _validator(operation_id, status):
    content = operation(operation_id).response(status).get("content", {})
    if "application/json" not in content:
        return None
    schema = _closed(content["application/json"]["schema"])
    return _make_validator(schema, is_closed=True)


@functools.cache
def _error_validator():
    return _make_validator({"$ref": "#/components/schemas/Error"}, is_closed=True)


@functools.cache
def request_validator(operation_id):
    """Of the JSON body that the operation takes; None if it takes none."""
    schema = operation(operation_id).request_schema()
    return None if schema is None else _make_validator(schema, is_closed=False)


def _make_validator(schema, is_closed):
    schemas = document()["components"]["schemas"]
    whole = {**schema, "components": {"schemas": _closed(schemas) if is_closed else schemas}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _complaints(validator, body):
    try:
        value = json.loads(body)
    except ValueError as error:
        return [f"the body is no JSON: {error}"]
    return [f"{'/'.join(str(part) for part in error.instance_path)}: {error.message[:300]}"
            for error in list(validator.iter_errors(value))[:5]]


def check(method, target, request_headers, status, headers, body):
    """Raises Undocumented if the answer to this request is not what the document says."""
    path = urllib.parse.urlsplit(target).path
    if not path.startswith(ROOTS) or any(name.lower() == "x-convoy-version" for name in request_headers):
        return
    if path == "/healthz" and "x-convoy-version" not in headers:
        return  # an admin port's, which is no part of the API
    found, is_described = find_operation(method, path)
    if found is None:
        _check_unknown(method, path, status, body, is_described)
        return
    where = f"{method} {path} ({found.id}) answered {status}"
    response = found.response(status)
    if response is None and status in TRANSPORT_STATUSES:
        problems = _complaints(_error_validator(), body)
    elif response is None:
        raise Undocumented(f"{where}, which is not described: {body[:500]!r}")
    else:
        problems = _response_problems(found, status, response, headers, body)
    if problems:
        raise Undocumented(f"{where}, and is not as described: {problems} in {body[:1000]!r}")
    with _lock:
        _seen.setdefault(found.id, set()).add(status)


def _response_problems(found, status, response, headers, body):
    problems = [f"the header {name} is missing" for name, header in response.get("headers", {}).items()
                if resolve(header).get("required") and name.lower() not in headers]
    content = response.get("content")
    if not content:
        return problems + ([f"a body of {len(body)} bytes"] if body else [])
    kind = headers.get("content-type", "").split(";")[0]
    if kind not in content and "*/*" not in content:
        return problems + [f"the content type {kind!r}"]
    validator = _validator(found.id, status)
    return problems + (_complaints(validator, body) if validator is not None and kind == "application/json" else [])


def _check_unknown(method, path, status, body, is_described):
    if is_described and status in (405, 400, 404, 408, 413, 414, 431):
        return  # the path is described, this method is not
    if not is_described and 400 <= status < 500:
        return
    raise Undocumented(f"{method} {path} answered {status}, and there is no such operation in the document: {body[:500]!r}")


def seen():
    """operationId → statuses answered so far in this process."""
    with _lock:
        return {name: set(statuses) for name, statuses in _seen.items()}


def has(operation_id):
    return any(each.id == operation_id for each in operations())


def is_id(schema):
    """Whether a schema is that of an object's id."""
    while isinstance(schema, dict) and "$ref" in schema:
        if schema["$ref"] == "#/components/schemas/Id":
            return True
        schema = resolve({"$ref": schema["$ref"]})
    return False


def sample(schema, known=None, name=""):
    """A value that the schema allows, with its required members; `known` gives members by name."""
    known = known or {}
    if name in known:
        return known[name]
    if is_id(schema):
        return known.get("id", "01J8ZQ3J2V8M3C5T9YH4N6R7KA")
    schema = resolve(schema)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return sample(schema[key][0], known)
    for key, pick in (("const", lambda value: value), ("enum", lambda values: values[0]), ("examples", lambda values: values[0])):
        if key in schema:
            return pick(schema[key])
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        members = schema.get("properties", {})
        wanted = [each for each in members if each in schema.get("required", []) or each in known]
        return {each: sample(members[each], known, each) for each in wanted}
    if kind == "array":
        return [sample(schema["items"], known, name) for _ in range(max(1, schema.get("minItems", 1)))]
    return {"string": "text", "integer": schema.get("minimum", 1), "number": 1, "boolean": True}.get(kind)
