"""The program's match language against an independent one (tests/support/match_language.py), on generated filters and events."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import match_language
from support.api import Api
from support.wait import SLOWNESS

KEYS = ["a", "b", "c", "0", "1", "a.b", "b.0", "é"]
NUMBERS = ["0", "-0", "1", "1.0", "1e0", "-1", "2", "10", "1.5", "1.50", "0.1", "0.10000000000000001", "9007199254740992",
           "9007199254740993", "123456789012345678901234567890", "1e30", "-1e-30", "1E+2", "100"]
TEXTS = ["", "x", "y", "X", "1", "1.0", "1.5", "007", "-0", "1e2", "100", "10", "true", "null", "9007199254740993", "é", "xy z", "$",
         "2026-01-01T00:00:00Z", "\\n\\\"\\u00e9"]
PATTERNS = ["x", "^x", "y|1", "^[0-9]+", ".", "(?i)x", "é", "^$|x"]

# JSON texts: a number is written in each of its spellings, which a parsed value could not say.
scalars = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(TEXTS).map(lambda text: f'"{text}"'),
                    st.sampled_from(["null", "true", "false"]))


def array_of(items):
    return "[" + ",".join(items) + "]"


def object_of(members):
    return "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"


def members(values, names=KEYS, count=4, **options):
    return st.lists(st.tuples(st.sampled_from(names), values), max_size=count, **options).map(object_of)


values = st.recursive(scalars, lambda inner: st.one_of(st.lists(inner, max_size=3).map(array_of), members(inner)), max_leaves=12)
ordered = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(TEXTS).map(lambda text: f'"{text}"'))
lists = st.lists(values, max_size=3).map(array_of)
tests = st.one_of(
    *[st.tuples(st.just(name), values) for name in ("$eq", "$neq")],
    *[st.tuples(st.just(name), lists) for name in ("$in", "$nin")],
    *[st.tuples(st.just(name), ordered) for name in ("$gt", "$gte", "$lt", "$lte")],
    st.tuples(st.just("$exist"), st.sampled_from(["true", "false"])),
    st.tuples(st.just("$regex"), st.sampled_from(PATTERNS).map(lambda text: f'"{text}"')))
# An implicit operand: an object there would be conditions of its own.
implicit = st.one_of(scalars, lists, st.just("{}"))


# A wildcard is never the last part.
keys = (st.lists(st.sampled_from(["a", "b", "c", "0", "1", "$"]), min_size=1, max_size=3)
        .filter(lambda key: key[-1] != "$").map(".".join))


def filters_of(inner):
    conditions = st.one_of(
        st.tuples(keys, implicit),
        st.tuples(keys, st.lists(tests, min_size=1, max_size=2, unique_by=lambda test: test[0]).map(object_of)),
        st.tuples(st.sampled_from(["a", "b", "c", "a.$"]), st.tuples(keys, implicit).map(lambda each: object_of([each]))),
        st.tuples(st.sampled_from(["$or", "$and"]), st.lists(inner, min_size=1, max_size=3).map(array_of)),
        st.tuples(st.just("$not"), inner.filter(lambda text: text != "{}")))
    return st.lists(conditions, max_size=3, unique_by=lambda each: each[0]).map(object_of)


filters = st.recursive(filters_of(st.just('{"a":1}')), filters_of, max_leaves=5)


@pytest.fixture(scope="module")
def tester(planes):
    project = planes.project("match-language")
    api = Api(planes.control.url, project.key, keep=True)

    def test(schema, request):
        body = f'{{"schema":{schema},"request":{request}}}'.encode()
        return api.post(f"{project.path}/subscriptions/test_filter", body)
    return test


# Goal: the program says of every filter and event what the language's description says. Method: generated ones, the same on
# every run, judged by both; disagreements are shrunk to the smallest.
@settings(max_examples=1500, derandomize=True, deadline=None, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(schema=filters, event=values)
def test_bodies(tester, schema, event):
    compare(tester, "body", schema, event)


# Goal: the same of headers, whose names compare without case. Method: names in both cases.
@settings(max_examples=300, derandomize=True, deadline=None, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(schema=members(scalars, ["X-A", "x-a", "X-b", "x.y"], 2),
       event=members(st.sampled_from(TEXTS).map(lambda text: f'"{text}"'), ["X-A", "x-a", "x-B", "X.Y"], 3,
                     unique_by=lambda each: each[0].lower()))
def test_headers(tester, schema, event):
    compare(tester, "headers", schema, event)


def compare(tester, scope, schema, event):
    answer = tester(f'{{"{scope}":{schema}}}', f'{{"{scope}":{event}}}')
    expected = match_language.matches({scope: match_language.parse(schema)}, {scope: match_language.parse(event)})
    assert answer.expect(200).data is expected, f"{schema} on {event}: {expected} expected"


pytestmark = pytest.mark.timeout(240 * SLOWNESS)
