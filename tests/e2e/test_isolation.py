"""What is another project's is answered exactly like what does not exist: every operation of the document, tried with every id
that it takes."""

import json
import urllib.parse

import pytest

from support import openapi
from support.api import Api
from support.tenant import Tenant, fill, random_id

PROJECT_PATH = "/api/v1/projects/{projectID}"


@pytest.fixture(scope="module")
def ours(planes, receiver):
    return Tenant(planes, receiver, "ours")


@pytest.fixture(scope="module")
def theirs(planes, receiver):
    return Tenant(planes, receiver, "theirs")


@pytest.fixture(scope="module")
def neighbour(planes, receiver, ours):
    """Another owner in our own project."""
    return Tenant(planes, receiver, "neighbour", ours.project)


def project_operations():
    return [each for each in openapi.operations() if each.path.startswith(PROJECT_PATH)]


def body_of(operation, known):
    schema = operation.request_schema()
    return None if schema is None else openapi.sample(schema, known)


def words(answer, *ids):
    """The answer's status and text without what differs by nature: the request's id, and the ids that were asked for."""
    text = answer.body.decode()
    for each in ids:
        text = text.replace(each, "<id>")
    try:
        value = json.loads(text)
    except ValueError:
        return answer.status, text
    if isinstance(value, dict):
        value.pop("request_id", None)
    return answer.status, value


def looks(tenant):
    """Everything that reading shows of a project, without what reading itself changes."""
    seen = {}
    for operation in project_operations():
        if operation.method != "GET" or operation.id == "RefreshPortalLinkAuthToken":
            continue
        answer = tenant.api().get(fill(operation, tenant.ids))
        text = json.loads(answer.body)
        text.pop("request_id", None)
        seen[operation.id] = (answer.status, without(text, ("last_used_at", "auth_key", "url")))
    return seen


def without(value, names):
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items() if key not in names}
    return [without(each, names) for each in value] if isinstance(value, list) else value


# Goal: a project's key reaches no other project, whatever is asked there. Method: every operation below a project is asked with
# our key in their project, with all of their ids, and then in a project that does not exist; the answers are the same 404.
@pytest.mark.parametrize("operation", project_operations(), ids=lambda each: each.id)
def test_their_project_is_like_none(ours, theirs, operation):
    body = body_of(operation, theirs.known())
    ghost = {**theirs.ids, "projectID": random_id()}
    answers = [ours.api().request(operation.method, fill(operation, ids), body) for ids in (theirs.ids, ghost)]
    assert answers[0].status in (404, 403), answers[0]
    assert words(answers[0], theirs.ids["projectID"]) == words(answers[1], ghost["projectID"])


# Goal: an id of another project in our own project's path is like one that nothing has. Method: for every operation and each of
# its path parameters, our ids with theirs in that one place, against our ids with a random one there: the same 404.
@pytest.mark.parametrize("operation,place", [(each, name) for each in project_operations() for name in each.path_parameters
                                             if name not in ("projectID", "eventType")],
                         ids=lambda each: getattr(each, "id", each))
def test_their_object_is_like_none(ours, theirs, operation, place):
    assert place in theirs.ids, f"no object for {{{place}}}: make one in support/tenant.py"
    body = body_of(operation, ours.known())
    foreign, ghost = ({**ours.ids, place: each} for each in (theirs.ids[place], random_id()))
    answers = [ours.api().request(operation.method, fill(operation, ids), body) for ids in (foreign, ghost)]
    assert answers[0].status in (404, 403), answers[0]
    assert words(answers[0], foreign[place]) == words(answers[1], ghost[place])


def references(schema):
    """Names of the members of a body that hold ids of objects, and whether each is a list."""
    found = []
    for name, member in openapi.resolve(schema).get("properties", {}).items():
        resolved = openapi.resolve(member)
        if openapi.is_id(member) or name in ("source_id", "app_id"):
            found.append((name, False))
        elif resolved.get("type") == "array" and (openapi.is_id(resolved.get("items", {})) or name == "ids"):
            found.append((name, True))
    return found


def body_references():
    return [(each, name, is_list) for each in project_operations() if each.request_schema() and each.id != "BulkUpdateFilters"
            for name, is_list in references(each.request_schema())]


PLACES = {"endpoint_id": "endpointID", "source_id": "sourceID", "ids": "eventDeliveryID", "endpoints": "endpointID", "uid": "filterID",
          "event_id": "eventID", "subscription_id": "subscriptionID", "endpoint_ids": "endpointID", "app_id": "endpointID"}


# Goal: an id of another project in a body is like one that nothing has. Method: for every operation and each member of its body
# that holds ids, theirs against a random one: the same answer, which is a refusal unless the operation passes over unknown ids.
@pytest.mark.parametrize("operation,name,is_list", body_references(), ids=lambda each: str(getattr(each, "id", each)))
def test_their_id_in_a_body_is_like_none(ours, theirs, operation, name, is_list):
    answers, asked = [], []
    for each in (theirs.ids.get(PLACES[name]) or random_id(), random_id()):
        body = body_of(operation, ours.known(**{name: [each] if is_list else each}))
        asked.append(each)
        answers.append(ours.api().request(operation.method, fill(operation, ours.ids), body))
    assert answers[0].status in ((404, 403, 400, 200) if is_list else (404, 403, 400)), answers[0]
    assert words(answers[0], asked[0]) == words(answers[1], asked[1])


def query_references():
    found = []
    for operation in project_operations():
        for parameter in operation.parameters:
            schema = openapi.resolve(parameter["schema"])
            if parameter["in"] == "query" and (openapi.is_id(parameter["schema"]) or openapi.is_id(schema.get("items", {}))):
                found.append((operation, parameter["name"]))
    return found


# Goal: filters and cursors do not reach into another project. Method: every operation with a parameter that takes an id is asked
# with theirs: nothing of theirs comes back, and a filter answers as for a random id. (A cursor is only a place in our own list.)
@pytest.mark.parametrize("operation,name", [each for each in query_references() if each[0].method == "GET"],
                         ids=lambda each: getattr(each, "id", each))
def test_their_id_in_a_query_is_like_none(ours, theirs, operation, name):
    is_cursor = name.endswith("_cursor")
    answers = []
    candidates = list(theirs.ids.values()) if is_cursor else [theirs.ids.get(PLACES_IN_QUERIES.get(name, ""), random_id())]
    for each in candidates + [random_id()]:
        query = urllib.parse.urlencode({name: each, **({"direction": name.split("_")[0]} if is_cursor else {})})
        answer = ours.api().get(f"{fill(operation, ours.ids)}?{query}")
        answers.append((answer, each))
        assert_nothing_of(theirs, answer, each)
    if not is_cursor:
        assert words(*answers[0]) == words(*answers[-1])


PLACES_IN_QUERIES = {"endpointId": "endpointID", "eventId": "eventID", "subscriptionId": "subscriptionID", "sourceId": "sourceID"}


def assert_nothing_of(tenant, answer, *asked):
    text = answer.body.decode()
    for name, each in tenant.ids.items():
        if each not in asked and name != "eventType":
            assert each not in text, f"{name} of another project"
    assert tenant.owner not in text and tenant.project.key not in text


# Goal: no list shows another project's entries. Method: everything that can be read of our project, and nothing of theirs in it.
def test_lists_hold_only_what_is_ours(ours, theirs):
    for operation in project_operations():
        if operation.method == "GET":
            assert_nothing_of(theirs, ours.api().get(fill(operation, ours.ids)))


# Goal: nothing that was tried above has changed anything. Method: everything that can be read of their project, before and after
# every operation is tried on it once more with our key.
def test_their_project_stays_as_it_is(ours, theirs):
    before = looks(theirs)
    for operation in project_operations():
        body = body_of(operation, theirs.known())
        ours.api().request(operation.method, fill(operation, theirs.ids), body)
        if operation.path_parameters != ["projectID"]:
            ours.api().request(operation.method, fill(operation, {**theirs.ids, "projectID": ours.ids["projectID"]}), body)
    assert looks(theirs) == before
    assert all(status == 200 for status, _ in before.values()), {name: each for name, each in before.items() if each[0] != 200}


# Goal: without a key, or with a wrong one, nothing is answered but 401, whether the project exists or not. Method: every
# operation that asks for a key.
@pytest.mark.parametrize("key", [None, "CO.abcdefghijklmnop." + "x" * 64, "nonsense"], ids=["none", "unknown", "nonsense"])
def test_no_key_no_answer(planes, ours, key):
    api = Api(planes.control.url, key)
    for operation in openapi.operations():
        if not operation.security:
            continue
        answers = [api.request(operation.method, fill(operation, ids), body_of(operation, ours.known())) for ids in (ours.ids, {})]
        assert words(answers[0]) == words(answers[1])
        assert answers[0].status == 401, (operation.id, answers[0])


# What belongs to an owner: the rest of a project is not open to portal tokens at all.
OWNED = ("endpointID", "subscriptionID", "filterID", "eventID", "eventDeliveryID", "deliveryAttemptID")


def portal_operations():
    return [each for each in openapi.operations() if each.path.startswith((PROJECT_PATH, "/portal-api"))]


def portal_places():
    return [(each, name) for each in portal_operations() for name in each.path_parameters if name not in ("projectID", "eventType")]


# Goal: a portal token reaches nothing of another owner of the same project. Method: every operation, there and below /portal-api,
# with each path parameter taken from the neighbour, against a random id in its place: 403, or the same 404.
@pytest.mark.skipif(not openapi.has("CreatePortalLink"), reason="the document has no portal links")
@pytest.mark.parametrize("operation,place", portal_places(), ids=lambda each: getattr(each, "id", each))
def test_neighbours_object_is_like_none(ours, neighbour, operation, place):
    api = ours.api(ours.secrets["portal_token"])
    body = body_of(operation, ours.known())
    foreign, ghost = ({**ours.ids, place: each} for each in (neighbour.ids[place], random_id()))
    answers = [api.request(operation.method, fill(operation, ids), body) for ids in (foreign, ghost)]
    assert answers[0].status in ((404, 403) if place in OWNED else (403,)), answers[0]
    assert words(answers[0], foreign[place]) == words(answers[1], ghost[place])


# Goal: the same for ids in bodies and in queries. Method: the neighbour's endpoint, event and subscription against random ids.
@pytest.mark.skipif(not openapi.has("CreatePortalLink"), reason="the document has no portal links")
@pytest.mark.parametrize("operation", portal_operations(), ids=lambda each: each.id)
def test_neighbours_id_elsewhere_is_like_none(ours, neighbour, operation):
    api = ours.api(ours.secrets["portal_token"])
    for name, is_list in references(operation.request_schema() or {}):
        place = PLACES[name]
        if place not in OWNED:
            continue
        bodies = [(each, body_of(operation, ours.known(**{name: [each] if is_list else each})))
                  for each in (neighbour.ids[place], random_id())]
        answers = [(api.request(operation.method, fill(operation, ours.ids), body), each) for each, body in bodies]
        assert answers[0][0].status in ((404, 403, 400, 200) if is_list else (404, 403, 400)), answers[0]
        assert words(*answers[0]) == words(*answers[1])
    for name, place in PLACES_IN_QUERIES.items():
        if place not in OWNED or name not in [each["name"] for each in operation.parameters] or operation.method != "GET":
            continue
        answers = [(api.get(f"{fill(operation, ours.ids)}?{name}={each}"), each) for each in (neighbour.ids[place], random_id())]
        assert words(*answers[0]) == words(*answers[1])
        assert_nothing_of_owner(neighbour, *answers[0])


def assert_nothing_of_owner(tenant, answer, *asked):
    text = answer.body.decode()
    for name in OWNED:
        if name in tenant.ids and tenant.ids[name] not in asked:
            assert tenant.ids[name] not in text, f"{name} of another owner"
    assert tenant.owner not in text and tenant.hook not in text


# Goal: what a portal token may list holds nothing of other owners, nor of the project at large. Method: everything that can be
# read with the token; then, after every operation was tried on the neighbour's things, those are as they were.
@pytest.mark.skipif(not openapi.has("CreatePortalLink"), reason="the document has no portal links")
def test_portal_token_sees_its_own_and_changes_no_other(ours, neighbour):
    api = ours.api(ours.secrets["portal_token"])
    for operation in portal_operations():
        if operation.method == "GET":
            assert_nothing_of_owner(neighbour, api.get(fill(operation, ours.ids)))
    before = looks_at_owned(neighbour)
    for operation in portal_operations():
        if set(operation.path_parameters) & set(OWNED):
            api.request(operation.method, fill(operation, neighbour.ids), body_of(operation, neighbour.known()))
    assert looks_at_owned(neighbour) == before


def looks_at_owned(tenant):
    seen = looks(tenant)
    return {each.id: seen[each.id] for each in project_operations() if each.id in seen and set(each.path_parameters) & set(OWNED)}


# Goal: a portal token is worth nothing in another project, and its link is gone for good once it is revoked. Method: every
# operation with their ids and our token; then the token after the revocation.
@pytest.mark.skipif(not openapi.has("CreatePortalLink"), reason="the document has no portal links")
def test_portal_token_elsewhere_and_after_its_end(ours, theirs):
    link = ours.post("/portal-links", {"name": "short", "owner_id": ours.owner})
    api = ours.api(link["token"])
    for operation in project_operations():
        body = body_of(operation, theirs.known())
        answers = [(api.request(operation.method, fill(operation, {**theirs.ids, "projectID": each}), body), each)
                   for each in (theirs.ids["projectID"], random_id())]
        assert answers[0][0].status in (404, 403), (operation.id, answers[0])
        assert words(*answers[0]) == words(*answers[1])
    ours.project.control.put(f"{ours.path}/portal-links/{link['uid']}/revoke").expect(200)
    for operation in portal_operations():
        answer = api.request(operation.method, fill(operation, ours.ids), body_of(operation, ours.known()))
        assert answer.status == 401, (operation.id, answer)
