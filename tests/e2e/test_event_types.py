"""The catalogue of event types: schemas are checked when stored, OpenAPI documents are imported, whatever strangers put into them."""

import json

import pytest

SPEC = {
    "openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {},
    "webhooks": {
        "invoice.paid": {"post": {"description": "An invoice was paid", "requestBody": {"content": {"application/json": {
            "schema": {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}}}}}},
        "order.placed": {"$ref": "#/components/pathItems/Order"},
        "ping": {"post": {"summary": "Nothing but a sign of life"}},
    },
    "components": {
        "pathItems": {"Order": {"post": {"requestBody": {"$ref": "#/components/requestBodies/Order"}}}},
        "requestBodies": {"Order": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}},
        "schemas": {
            "Order": {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}}},
            "Item": {"type": "object", "properties": {"name": {"type": "string"}, "part_of": {"$ref": "#/components/schemas/Item"}}},
            "Unused": {"type": "string"}}}}

YAML = """
# the same in YAML, with what YAML has
openapi: 3.1.0
info: {title: Shop, version: '1'}
webhooks:
  invoice.paid:
    post:
      description: >-
        An invoice
        was paid
      requestBody:
        content:
          application/json:
            schema: &body
              type: object
              required: [amount]
              properties:
                amount: {type: number, minimum: 0, maximum: 1e3, default: 0x10}
                paid: {type: boolean, default: true}
                note: {type: [string, "null"], default: null, example: "yes"}
  invoice.voided:
    post:
      requestBody: {content: {application/json: {schema: *body}}}
"""


def types_of(project):
    return {each["name"]: each for each in project.control.get(f"{project.path}/event-types").expect(200).data}


def import_spec(project, spec):
    text = spec if isinstance(spec, str) else json.dumps(spec)
    return project.control.post(f"{project.path}/event-types/import", {"spec": text})


# Goal: webhooks become event types with description and schema, references resolved or taken along. Method: a document with each
# kind of reference, one of them to itself.
def test_import_json(project):
    imported = {each["name"]: each for each in import_spec(project, SPEC).expect(200).data}
    assert list(imported) == ["invoice.paid", "order.placed", "ping"]
    assert imported["invoice.paid"]["description"] == "An invoice was paid"
    assert imported["invoice.paid"]["json_schema"] == SPEC["webhooks"]["invoice.paid"]["post"]["requestBody"]["content"][
        "application/json"]["schema"]
    schemas = SPEC["components"]["schemas"]
    assert imported["order.placed"]["json_schema"] == {
        "$ref": "#/components/schemas/Order", "components": {"schemas": {"Order": schemas["Order"], "Item": schemas["Item"]}}}
    assert imported["ping"]["json_schema"] is None
    assert imported["ping"]["description"] == "Nothing but a sign of life"
    assert types_of(project).keys() == {"*", "invoice.paid", "order.placed", "ping"}


# Goal: YAML is read as YAML 1.2 has it. Method: a document with block and flow styles, an anchor and each kind of plain scalar.
def test_import_yaml(project):
    imported = {each["name"]: each for each in import_spec(project, YAML).expect(200).data}
    assert imported["invoice.paid"]["description"] == "An invoice was paid"
    schema = {"type": "object", "required": ["amount"], "properties": {
        "amount": {"type": "number", "minimum": 0, "maximum": 1000.0, "default": 16}, "paid": {"type": "boolean", "default": True},
        "note": {"type": ["string", "null"], "default": None, "example": "yes"}}}
    assert imported["invoice.paid"]["json_schema"] == imported["invoice.voided"]["json_schema"] == schema


# Goal: what is there is brought up to date and keeps the rest. Method: a type made by hand and deprecated, then two imports.
def test_import_updates(project):
    made = project.control.post(f"{project.path}/event-types", {"name": "ping", "category": "ops", "json_schema": {"type": "null"}}).expect(201).data
    project.control.post(f"{project.path}/event-types/{made['uid']}/deprecate").expect(201)
    for _ in range(2):
        import_spec(project, SPEC).expect(200)
    ping = types_of(project)["ping"]
    assert ping["uid"] == made["uid"]
    assert (ping["category"], ping["json_schema"], ping["description"]) == ("ops", {"type": "null"}, "Nothing but a sign of life")
    assert ping["deprecated_at"] is not None
    assert len(types_of(project)) == 4


def hook(schema):
    return {"openapi": "3.1.0", "webhooks": {"x": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}}}


BOMB = "openapi: 3.1.0\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + last] * 9)}]\n" for last, name in zip("abcdefgh", "bcdefghi", strict=True)) + "webhooks: {x: {post: {}}}\n"
NESTED = "openapi: 3.1.0\nwebhooks: {x: {post: " + "[" * 500 + "]" * 500 + "}}\n"
LADDER = "openapi: 3.1.0\na0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300)) + "webhooks: {x: {post: {}}}\n"
ANCHORS = "openapi: 3.1.0\nwebhooks: {x: {post: " + "".join(f"&n{n} [" for n in range(90)) + "x," * 4000 + "]" * 90 + "}}\n"


# Goal: a document that is none of ours, or that was made to do harm, is refused with a reason, quickly. Method: one of each.
@pytest.mark.parametrize("spec, code, field", [
    ("", "required", "spec"), ("   ", "required", "spec"), (5, "wrong_type", "spec"), ("text", "invalid_spec", "spec"), ("{", "invalid_json", "spec"),
    ("[]", "invalid_spec", "spec"), ("null", "invalid_spec", "spec"), ("a: [1", "invalid_yaml", "spec"), ("a: b: c", "invalid_yaml", "spec"),
    ("\ta: 1", "invalid_yaml", "spec"), ("a: *none", "invalid_yaml", "spec"), ("a: &a [*a]", "invalid_yaml", "spec"), ("{a: 1}\n---\n{b: 2}", "invalid_json", "spec"),
    ("a: 1\n---\nb: 2", "invalid_yaml", "spec"), ('a: "\\0"', "invalid_yaml", "spec"), ("? [a]\n: b", "invalid_yaml", "spec"),
    ("a: &x {b: 1}\nc: {<<: *x}", "invalid_yaml", "spec"), (BOMB, "too_large", "spec"), (NESTED, "invalid_yaml", "spec"),
    (LADDER, "invalid_yaml", "spec"), (ANCHORS, "too_large", "spec"),
    ("x" * 1_100_000, "too_long", "spec"), ({"openapi": "2.0", "webhooks": {"x": {}}}, "invalid_spec", "spec"),
    ({"swagger": "2.0", "webhooks": {"x": {}}}, "invalid_spec", "spec"), ({"openapi": "3.1.0"}, "invalid_spec", "spec"),
    ({"openapi": "3.1.0", "webhooks": {}}, "invalid_spec", "spec"), ({"openapi": "3.1.0", "webhooks": []}, "invalid_spec", "spec"),
    ({"openapi": "3.1.0", "webhooks": {"x": 1}}, "invalid_spec", "spec.webhooks.x"), ({"openapi": "3.1.0", "webhooks": {"x": {}}}, "invalid_spec", "spec.webhooks.x"),
    ({"openapi": "3.1.0", "webhooks": {"x": {"$ref": "#/nowhere"}}}, "invalid_spec", "spec.webhooks.x"),
    ({"openapi": "3.1.0", "webhooks": {"x": {"$ref": "#/webhooks/x"}}}, "invalid_spec", "spec.webhooks.x"),
    ({"openapi": "3.1.0", "webhooks": {"x": {"$ref": "http://127.0.0.1/"}}}, "invalid_spec", "spec.webhooks.x"),
    ({"openapi": "3.1.0", "webhooks": {"": {"post": {}}}}, "required", "spec.webhooks"), ({"openapi": "3.1.0", "webhooks": {"a\nb": {"post": {}}}}, "control_character", "spec.webhooks"),
    (hook({"type": "text"}), "invalid_schema", "spec.webhooks.x.schema.type"),
    (hook({"description": "x" * 300_000}), "too_long", "spec.webhooks.x.schema"),
    ({"openapi": "3.1.0", "webhooks": {f"t{n}": {"post": {}} for n in range(1001)}}, "too_many", "spec"),
], ids=lambda value: str(value)[:25])
def test_bad_spec(project, spec, code, field):
    body = {"spec": spec if isinstance(spec, (str, int)) else json.dumps(spec)}
    refused = project.control.post(f"{project.path}/event-types/import", body).expect(400).json
    assert (refused["code"], refused["field"]) == (code, field), refused
    assert types_of(project).keys() == {"*"}


# Goal: many webhooks that share one large component do not become a multiple of it without end. Method: 1,000 times 200 KB.
def test_shared_components_are_bounded(project):
    spec = {"openapi": "3.1.0", "webhooks": {f"t{n}": hook({"$ref": "#/components/schemas/Big"})["webhooks"]["x"] for n in range(1000)},
            "components": {"schemas": {"Big": {"description": "x" * 200_000}}}}
    assert import_spec(project, spec).expect(400).json["code"] == "too_large"
    assert types_of(project).keys() == {"*"}


# Goal: importing needs a body with spec. Method: none, and one without.
def test_import_needs_spec(project):
    for body, code, field in ((b"", "body_required", None), ({}, "required", "spec"), ({"spec": None}, "required", "spec"), (b"[]", "wrong_type", None)):
        refused = project.control.post(f"{project.path}/event-types/import", body).expect(400).json
        assert (refused["code"], refused.get("field")) == (code, field)


GOOD_SCHEMAS = [
    {}, {"type": "object"}, {"type": ["string", "null"]}, {"$ref": "#/$defs/a", "$defs": {"a": True}}, {"items": [{"type": "string"}, False]},
    {"exclusiveMinimum": True, "minimum": 0, "nullable": True}, {"exclusiveMinimum": 0.5}, {"maxLength": 5.0}, {"x-own": {"type": 7}},
    {"properties": {"type": {"type": "string"}, "required": {"enum": [1, None, {}]}}}, {"dependencies": {"a": ["b"], "c": {"type": "null"}}},
    {"if": True, "then": {}, "else": {"not": {}}}, {"const": {"type": "nonsense"}, "default": [], "examples": []},
    {"$schema": "https://json-schema.org/draft/2020-12/schema", "dependentRequired": {"a": ["b", "c"]}, "prefixItems": [True]}]


# Goal: every JSON Schema is stored as it is. Method: what the drafts and OpenAPI have.
def test_good_schemas(project):
    for number, schema in enumerate(GOOD_SCHEMAS):
        made = project.control.post(f"{project.path}/event-types", {"name": f"t{number}", "json_schema": schema}).expect(201).data
        assert made["json_schema"] == schema
        assert types_of(project)[f"t{number}"]["json_schema"] == schema


BAD_SCHEMAS = [
    ({"type": "text"}, "type"), ({"type": []}, "type"), ({"type": ["string", "string"]}, "type"), ({"type": {}}, "type"), ({"type": None}, "type"),
    ({"properties": []}, "properties"), ({"properties": {"a": 1}}, "properties.a"), ({"properties": {"a": {"type": 1}}}, "properties.a.type"),
    ({"required": "a"}, "required"), ({"required": ["a", "a"]}, "required"), ({"required": [1]}, "required"), ({"enum": {}}, "enum"),
    ({"minLength": -1}, "minLength"), ({"minLength": 1.5}, "minLength"), ({"minLength": "1"}, "minLength"), ({"multipleOf": 0}, "multipleOf"),
    ({"maximum": "1"}, "maximum"), ({"uniqueItems": 1}, "uniqueItems"), ({"pattern": 1}, "pattern"), ({"$ref": {}}, "$ref"), ({"$id": 5}, "$id"),
    ({"allOf": []}, "allOf"), ({"anyOf": {}}, "anyOf"), ({"oneOf": [1]}, "oneOf.0"), ({"not": []}, "not"), ({"items": "x"}, "items"),
    ({"items": [{}, {"type": 0}]}, "items.1.type"), ({"$defs": {"a": None}}, "$defs.a"), ({"dependentRequired": {"a": [1]}}, "dependentRequired"),
    ({"dependencies": {"a": 1}}, "dependencies.a"), ({"additionalProperties": "no"}, "additionalProperties"), ({"title": 1}, "title")]


# Goal: what is no JSON Schema is refused where it is wrong, on create and update, and changes nothing. Method: one fault at a time.
@pytest.mark.parametrize("schema, where", BAD_SCHEMAS, ids=lambda value: str(value)[:30])
def test_bad_schemas(project, schema, where):
    made = project.control.post(f"{project.path}/event-types", {"name": "kept", "json_schema": {"type": "null"}}).expect(201).data
    for answer in (project.control.post(f"{project.path}/event-types", {"name": "bad", "json_schema": schema}),
                   project.control.put(f"{project.path}/event-types/{made['uid']}", {"json_schema": schema})):
        refused = answer.expect(400).json
        assert (refused["code"], refused["field"]) == ("invalid_schema", f"json_schema.{where}"), refused
    assert types_of(project)["kept"]["json_schema"] == {"type": "null"}
    assert "bad" not in types_of(project)


# Goal: a schema that is no object or too large is refused. Method: each type, and 300 KB.
def test_schema_is_a_bounded_object(project):
    for schema in (True, 1, "x", []):
        refused = project.control.post(f"{project.path}/event-types", {"name": "x", "json_schema": schema}).expect(400).json
        assert (refused["code"], refused["field"]) == ("wrong_type", "json_schema")
    refused = project.control.post(f"{project.path}/event-types", {"name": "x", "json_schema": {"title": "x" * 300_000}}).expect(400).json
    assert (refused["code"], refused["field"]) == ("too_long", "json_schema")


# Goal: exact names of subscriptions join the catalogue, patterns do not. Method: a subscription made and changed.
def test_subscriptions_name_types(project, receiver):
    endpoint = project.endpoint(receiver.url("/types"))
    made = project.subscribe(endpoint, ["a.b", "a.*", "*"])
    assert types_of(project).keys() == {"*", "a.b"}
    project.control.put(f"{project.path}/subscriptions/{made['uid']}", {"filter_config": {"event_types": ["c", "d.*"]}}).expect(202)
    assert types_of(project).keys() == {"*", "a.b", "c"}


# Goal: another project's types are none. Method: its ids and its import.
def test_other_project(planes, project):
    other = planes.project("types-other")
    theirs = other.control.post(f"{other.path}/event-types", {"name": "theirs"}).expect(201).data
    project.control.put(f"{project.path}/event-types/{theirs['uid']}", {"description": "x"}).expect(404)
    assert other.control.post(f"{project.path}/event-types/import", {"spec": json.dumps(SPEC)}).status == 404
    assert types_of(project).keys() == {"*"}
