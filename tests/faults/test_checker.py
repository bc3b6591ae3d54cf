"""The judgement itself: a ledger with a fault of each kind is refused, and a good one is not. No program runs here."""

import dataclasses

import pytest

from harness import checker
from harness.metrics import Mark, Sample, lease_losses, parse_sample
from harness.traffic import Arrival


def arrival(delivery, number, endpoint, status=200, at=1.0):
    return Arrival(delivery, number, endpoint, at, at, 1000, 1, status)


def good(**changes):
    """Two events; the second one goes to two endpoints, and one of its deliveries was refused once."""
    facts = checker.Facts(
        acknowledged={0: "E0", 1: "E1"}, expected={0: (0,), 1: (1, 2)},
        arrivals=[arrival("D0", 0, 0), arrival("D1", 1, 1, 500), arrival("D1", 1, 1), arrival("D2", 1, 2)],
        events=[("E0", "0"), ("E1", "1")], keys=[("0", "E0"), ("1", "E1")],
        deliveries=[("D0", "E0", 0, checker.SUCCESS, 1), ("D1", "E1", 1, checker.SUCCESS, 2), ("D2", "E1", 2, checker.SUCCESS, 1)],
        attempts=[("D0", 1, "none", 200), ("D1", 1, "http_status", 500), ("D1", 2, "none", 200), ("D2", 1, "none", 200)])
    return dataclasses.replace(facts, **changes)


# Goal: a whole ledger passes; what arrived again passes as long as that much was under way. Method: none, and one, with a bound of one.
def test_a_good_ledger_passes():
    assert checker.check(good()) == []
    assert checker.check(good(arrivals=[*good().arrivals, arrival("D0", 0, 0)], twice_max=1)) == []


def without(items, index):
    return [*items[:index], *items[index + 1:]]


GOOD = good()
BAD = {
    "an arrival is missing": (dict(arrivals=without(GOOD.arrivals, 0)), "never arrived, 1: [0]"),
    "one of two endpoints got nothing": (dict(arrivals=without(GOOD.arrivals, 3)), "never arrived, 1: [1]"),
    "only the refused attempt arrived": (dict(arrivals=without(GOOD.arrivals, 2)), "never arrived, 1: [1]"),
    "one arrives twice": (dict(arrivals=[*GOOD.arrivals, arrival("D0", 0, 0)]), "1 deliveries arrived again, at most 0"),
    "two arrive twice where one may": (dict(arrivals=[*GOOD.arrivals, arrival("D0", 0, 0), arrival("D2", 1, 2)], twice_max=1),
                                       "2 deliveries arrived again, at most 1"),
    "a refused arrival has no attempt": (dict(arrivals=[*GOOD.arrivals, arrival("D2", 1, 2, 500)]), "1 arrivals without an attempt"),
    "an arrival at a wrong endpoint": (dict(arrivals=[*without(GOOD.arrivals, 0), arrival("D0", 0, 5)]), "another endpoint"),
    "an arrival with another body": (dict(arrivals=[*GOOD.arrivals[:3], arrival("D2", 0, 2)]), "another body"),
    "an unknown delivery arrives": (dict(arrivals=[*GOOD.arrivals, arrival("D9", 0, 0)], twice_max=9), "another endpoint"),
    "an acknowledged event is lost": (dict(acknowledged={**GOOD.acknowledged, 2: "E2"}, expected={**GOOD.expected, 2: (2,)}),
                                      "not in the database, 1: [2]"),
    "an event is stored twice": (dict(events=[*GOOD.events, ("E9", "1")]), "stored twice"),
    "an event that nobody was told of": (dict(events=[*GOOD.events, ("E9", "9")]), "never acknowledged"),
    "the producer was told another id": (dict(acknowledged={0: "E0", 1: "E7"}), "told another id"),
    "a key is missing": (dict(keys=without(GOOD.keys, 0)), "idempotency_keys and events differ"),
    "a delivery is unfinished": (dict(deliveries=[("D0", "E0", 0, checker.RETRY, 1), *GOOD.deliveries[1:]]), "has status 1"),
    "a delivery is missing": (dict(deliveries=without(GOOD.deliveries, 2)), "other deliveries than"),
    "a delivery too many": (dict(deliveries=[*GOOD.deliveries, ("D3", "E0", 3, checker.SUCCESS, 0)]), "other deliveries than"),
    "an attempt is missing": (dict(attempts=without(GOOD.attempts, 1)), "2 attempts by its row, [2] stored"),
    "two successes": (dict(attempts=[*GOOD.attempts[:1], ("D1", 1, "none", 200), *GOOD.attempts[2:]]), "not exactly one success"),
    "an attempt that never arrived": (dict(attempts=[*GOOD.attempts[:3], ("D2", 1, "none", 204)]), "never gave"),
    "an attempt without a delivery": (dict(attempts=[*GOOD.attempts, ("D9", 1, "none", None)]), "attempts without a delivery"),
    "the queue is not empty": (dict(queued=1), "1 rows in the queue"),
    "an event is not expanded": (dict(pending=1), "1 events to expand"),
    "the producer met an answer outside the contract": (dict(produced_problems=["event 1 was answered 500"]), "answered 500"),
}


# Goal: each of these is found, and named. Method: a good ledger with one change.
@pytest.mark.parametrize("changes,words", BAD.values(), ids=BAD.keys())
def test_a_bad_ledger_is_refused(changes, words):
    problems = checker.check(good(**changes))
    assert any(words in problem for problem in problems), problems


# Goal: counters that do not balance are found, and those of unknown commits are allowed for. Method: one count wrong at a time.
def test_counters():
    before = Sample(0, 0, 1, created=5, finished=5)
    assert checker.check_counters(before, Sample(1, 1, 1, created=8, finished=8), 3, 0) == []
    assert checker.check_counters(before, Sample(1, 1, 1, created=8, finished=7), 3, 0)
    assert checker.check_counters(before, Sample(1, 1, 1, created=7, finished=8), 3, 0)
    unknown = Sample(1, 1, 1, created=7, finished=6, fenced=2, database_errors=2)
    assert checker.check_counters(before, unknown, 3, 1) == []
    assert checker.check_counters(before, dataclasses.replace(unknown, fenced=1), 3, 1)
    assert checker.check_counters(before, unknown, 3, 0)


# Goal: the bound is what the last sample shows and what began since. Method: a sample, and arrivals before, after it and after the end.
def test_bound_of_a_mark():
    mark = Mark("node-1", "was killed", 10.0, Sample(9.0, 9.1, 1, in_flight=4, unrecorded=2))
    assert mark.bound([8.9, 9.0, 9.5, 10.2, 11.0]) == 4 + 2 + 1 + 3


# Goal: a lost lease is seen, also of a node that was frozen, whose frozen time does not count. Method: samples of two processes.
def test_lease_losses():
    samples = [Sample(0, 0.1, 1), Sample(1, 1.1, 1, leases_lost=1), Sample(2, 2.1, 2), Sample(9, 9.1, 2, leases_lost=1)]
    assert [(mark.before.begin, mark.at) for mark in lease_losses("n", samples)] == [(0, 1.1), (2, 9.1)]
    assert [(mark.before.begin, mark.at) for mark in lease_losses("n", samples, [(3, 8)])] == [(0, 1.1), (8, 9.1)]


# Goal: a page of metrics is read, each name summed over its labels. Method: a page as the program writes it.
def test_sample_of_a_page():
    page = ('# HELP x\nfairlead_deliveries_finished_total{status="success"} 3\nfairlead_deliveries_finished_total{status="failure"} 2\n'
            "fairlead_results_unrecorded 7\nfairlead_results_unrecorded_other 9\n")
    sample = parse_sample(page, 1.0, 2.0, 3)
    assert (sample.finished, sample.unrecorded, sample.in_flight) == (5, 7, 0)
