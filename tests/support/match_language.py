"""The match language once more, written from its description and not from the program: what a filter says of an event.

The event is taken apart into every value with its path, and a key selects paths; the program walks along the key instead."""

import json
import re
from decimal import Decimal

SCOPES = ("headers", "query", "path", "body")
CANONICAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


def parse(text):
    """JSON whose numbers keep every digit."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def matches(filters, event):
    """Whether all scopes of `filters` hold; both are objects of scopes, parsed by parse()."""
    for scope in SCOPES:
        conditions = filters.get(scope)
        if not conditions:
            continue
        if scope not in event or not _Scope(event[scope], scope == "headers").holds(conditions, ()):
            return False
    return True


def _is_canonical_of(text, number):
    return text != "-0" and CANONICAL.fullmatch(text) is not None and Decimal(text) == number


def equal(a, b):
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, str) and isinstance(b, Decimal):
        return _is_canonical_of(a, b)
    if isinstance(a, Decimal) and isinstance(b, str):
        return _is_canonical_of(b, a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


def _is_one_of(value, wanted):
    for each in wanted:
        if equal(value, each):
            return True
        if isinstance(value, list) and not isinstance(each, list) and any(equal(item, each) for item in value):
            return True
    return False


def _compare(value, operand, how):
    alike = all(isinstance(x, Decimal) for x in (value, operand)) or all(isinstance(x, str) for x in (value, operand))
    return alike and how(value, operand)


PRESENT = {
    "$eq": lambda value, operand: _is_one_of(value, [operand]),
    "$neq": lambda value, operand: not _is_one_of(value, [operand]),
    "$in": lambda value, operand: _is_one_of(value, operand),
    "$nin": lambda value, operand: not _is_one_of(value, operand),
    "$gt": lambda value, operand: _compare(value, operand, lambda a, b: a > b),
    "$gte": lambda value, operand: _compare(value, operand, lambda a, b: a >= b),
    "$lt": lambda value, operand: _compare(value, operand, lambda a, b: a < b),
    "$lte": lambda value, operand: _compare(value, operand, lambda a, b: a <= b),
    "$regex": lambda value, operand: isinstance(value, str) and re.search(operand, value) is not None,
    "$exist": lambda _, operand: operand,
}


def _holds_absent(operator, operand):
    return operator in ("$neq", "$nin") or (operator == "$exist" and not operand)


class _Scope:
    def __init__(self, value, ignores_case):
        self.values = []  # (path, value); a part of a path is ("name", text) or ("index", text)
        self.ignores_case = ignores_case
        self._take_apart((), value)

    def _take_apart(self, path, value):
        self.values.append((path, value))
        if isinstance(value, dict):
            members = {}
            for name, member in value.items():
                members[name.lower() if self.ignores_case and not path else name] = member
            for name, member in members.items():
                self._take_apart(path + tuple(("name", part) for part in name.split(".")), member)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._take_apart((*path, ("index", str(index))), item)

    def _at(self, key):
        def selects(wanted, part):
            return part[0] == "index" if wanted == "$" else part[1] == wanted
        # Of a header's name every part is the top's.
        key = tuple(part.lower() for part in key) if self.ignores_case else key
        return [value for path, value in self.values
                if len(path) == len(key) and all(selects(wanted, part) for wanted, part in zip(key, path))]

    def _holds_tests(self, key, tests):
        """One value at the key must fulfil all of them."""
        values = self._at(key)
        if not values:
            return all(_holds_absent(*test) for test in tests.items())
        return any(all(PRESENT[operator](value, operand) for operator, operand in tests.items()) for value in values)

    def holds(self, conditions, key):
        tests = {}
        for name, operand in conditions.items():
            if name == "$or":
                if not any(self.holds(each, key) for each in operand):
                    return False
            elif name == "$and":
                if not all(self.holds(each, key) for each in operand):
                    return False
            elif name == "$not":
                inner = self.holds(operand, key) if isinstance(operand, dict) else self._holds_tests(key, {"$eq": operand})
                if inner:
                    return False
            elif name.startswith("$") and name.split(".")[0] != "$":
                tests[name] = operand
            else:
                longer = key + tuple(name.split("."))
                if isinstance(operand, dict) and operand:
                    if not self.holds(operand, longer):
                        return False
                elif not self._holds_tests(longer, {"$eq": operand}):
                    return False
        return not tests or self._holds_tests(key, tests)
