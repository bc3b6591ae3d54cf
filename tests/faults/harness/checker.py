"""The one judgement of every round: nothing acknowledged is lost, what came twice is explained, and all ledgers agree."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

SCHEDULED, RETRY, SUCCESS, FAILURE, DISCARDED = range(5)


@dataclass
class Facts:
    """`acknowledged`: number → event id. `expected`: number → the endpoints that must get it. Ids in the wire's form."""
    acknowledged: dict
    expected: dict
    arrivals: list                # traffic.Arrival
    events: list                  # (id, idempotency key)
    keys: list                    # (idempotency key, event id)
    deliveries: list              # (id, event id, endpoint index, status, attempts)
    attempts: list                # (delivery id, n, failure class, HTTP status or None)
    queued: int = 0
    pending: int = 0
    twice_max: int = 0            # arrivals that may be unrecorded: what was under way at the faults
    produced_problems: list = field(default_factory=list)


def some(items):
    listed = sorted(items)
    return f"{len(listed)}: {listed[:5]}" + (" …" if len(listed) > 5 else "")


def check_events(facts):
    """Every acknowledged number is one event under its own key and the id that the producer was told, and nothing else is stored."""
    problems = []
    stored = Counter(key for _, key in facts.events)
    if lost := set(facts.acknowledged) - {int(key) for key in stored}:
        problems.append(f"acknowledged events that are not in the database, {some(lost)}")
    if strange := {int(key) for key in stored} - set(facts.acknowledged):
        problems.append(f"stored events that were never acknowledged although the producer went on asking, {some(strange)}")
    if twice := {key for key, count in stored.items() if count > 1}:
        problems.append(f"events stored twice under one key, {some(twice)}")
    told = {str(number): uid for number, uid in facts.acknowledged.items()}
    if wrong := {key for uid, key in facts.events if key in told and told[key] != uid}:
        problems.append(f"events whose producer was told another id, {some(wrong)}")
    if dict(facts.keys) != {key: uid for uid, key in facts.events} or len(facts.keys) != len(facts.events):
        problems.append("idempotency_keys and events differ")
    return problems


def check_deliveries(facts):
    """Each event has exactly the deliveries that its subscriptions say, all of them successful, each with its attempts 1…n."""
    problems = []
    number_of = {uid: int(key) for uid, key in facts.events}
    found = defaultdict(list)
    attempts = defaultdict(list)
    for delivery, n, failure, status in facts.attempts:
        attempts[delivery].append((n, failure, status))
    for delivery, event, endpoint, status, count in facts.deliveries:
        number = number_of.get(event)
        found[number].append(endpoint)
        rows = sorted(attempts.pop(delivery, []))
        if status != SUCCESS:
            problems.append(f"delivery {delivery} of event {number} has status {status}")
        if [n for n, _, _ in rows] != list(range(1, count + 1)):
            problems.append(f"delivery {delivery} of event {number}: {count} attempts by its row, {[n for n, _, _ in rows]} stored")
        if sum(failure == "none" for _, failure, _ in rows) != 1 or (rows and rows[-1][1] != "none"):
            problems.append(f"delivery {delivery} of event {number}: not exactly one success, as the last: {rows}")
    if attempts:
        problems.append(f"attempts without a delivery, {some(attempts)}")
    wrong = [n for n in facts.acknowledged if sorted(found.get(n, [])) != sorted(facts.expected[n])]
    if wrong:
        problems.append(f"events with other deliveries than their subscriptions say, {some(wrong)}: "
                        f"expected {facts.expected[min(wrong)]}, got {found.get(min(wrong))}")
    return problems


def check_arrivals(facts):
    """Everything arrived; each arrival has its attempt in the database, or was under way at a fault."""
    problems = []
    arrived = defaultdict(set)
    answered = Counter()
    for arrival in facts.arrivals:
        if arrival.status < 300:
            arrived[arrival.number].add(arrival.endpoint)
        answered[arrival.delivery, arrival.status] += 1
    if lost := [n for n in facts.acknowledged if not set(facts.expected[n]) <= arrived[n]]:
        problems.append(f"acknowledged, but never arrived, {some(lost)}")
    recorded = Counter((delivery, status) for delivery, _, _, status in facts.attempts if status is not None)
    if invented := {key for key, count in recorded.items() if count > answered[key]}:
        problems.append(f"attempts with an answer that the receiver never gave, {some(invented)}")
    unrecorded = unrecorded_arrivals(facts)
    if unrecorded > facts.twice_max:
        problems.append(f"{unrecorded} arrivals without an attempt in the database, at most {facts.twice_max} were under way at the faults")
    known = {delivery: (event, endpoint) for delivery, event, endpoint, _, _ in facts.deliveries}
    number_of = {uid: int(key) for uid, key in facts.events}
    wrong = [a.number for a in facts.arrivals if a.delivery not in known or known[a.delivery][1] != a.endpoint
             or number_of.get(known[a.delivery][0]) != a.number]
    if wrong:
        problems.append(f"arrivals at another endpoint or with another body than their delivery's, {some(wrong)}")
    return problems


def unrecorded_arrivals(facts):
    return len(facts.arrivals) - sum(status is not None for _, _, _, status in facts.attempts)


def arrived_twice(facts):
    """Successful arrivals beyond the first of each delivery."""
    return sum(a.status < 300 for a in facts.arrivals) - len({a.delivery for a in facts.arrivals if a.status < 300})


def check(facts):
    """Everything that is wrong, in words; empty: all is well."""
    problems = list(facts.produced_problems)
    if facts.queued or facts.pending:
        problems.append(f"{facts.queued} rows in the queue and {facts.pending} events to expand at the end")
    if arrived_twice(facts) > facts.twice_max:
        problems.append(f"{arrived_twice(facts)} deliveries arrived again, at most {facts.twice_max} were under way at the faults")
    return problems + check_events(facts) + check_deliveries(facts) + check_arrivals(facts)


def check_counters(before, after, deliveries, unknown):
    """A node that alone served the whole round: deliveries created = finished, and both are the table's, but for what its
    commits of unknown outcome account for (fenced results; `unknown` deliveries, of events that a repetition found stored and of
    broadcasts)."""
    problems = []
    created, finished = after.created - before.created, after.finished - before.finished
    fenced, errors = after.fenced - before.fenced, after.database_errors - before.database_errors
    if errors == 0 and not created == finished == deliveries:
        problems.append(f"the node's counters do not balance: {created} created, {finished} finished, {deliveries} in the table")
    if errors and not finished <= deliveries <= finished + fenced:
        problems.append(f"{deliveries} deliveries in the table, the node finished {finished} and was fenced {fenced} times")
    if errors and not created <= deliveries <= created + unknown:
        problems.append(f"{deliveries} deliveries in the table, the node created {created}, commits of unknown outcome {unknown}")
    return problems
