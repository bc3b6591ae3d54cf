"""What a scenario found: verdicts, tables for a person, numbers for JSON, and what went wrong."""

import dataclasses
import statistics


@dataclasses.dataclass
class Verdict:
    name: str
    measured: list       # one number a round
    bound: float
    is_floor: bool = False  # at least the bound, else at most
    unit: str = "×"
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.measured)

    @property
    def holds(self):
        return self.median >= self.bound if self.is_floor else self.median <= self.bound

    def to_json(self):
        return {"name": self.name, "measured": self.measured, "median": self.median, "bound": self.bound,
                "kind": "at least" if self.is_floor else "at most", "unit": self.unit, "holds": self.holds,
                "note": self.note}


@dataclasses.dataclass
class Outcome:
    name: str
    verdicts: list = dataclasses.field(default_factory=list)
    tables: list = dataclasses.field(default_factory=list)     # (title, head, rows of text)
    notes: list = dataclasses.field(default_factory=list)
    numbers: dict = dataclasses.field(default_factory=dict)
    problems: list = dataclasses.field(default_factory=list)   # (where, {what: how often})
    others_share: float = 0

    def take(self, where, load, key=None):
        """Keeps a load's numbers and complaints."""
        self.numbers.setdefault(key or where, []).append(load)
        if load.get("problems"):
            self.problems.append((where, load["problems"]))
        self.others_share = max(self.others_share, load["cost"]["others_share"])
        return load

    def to_json(self):
        return {"name": self.name, "verdicts": [each.to_json() for each in self.verdicts], "notes": self.notes,
                "tables": [{"title": title, "head": head, "rows": rows} for title, head, rows in self.tables],
                "problems": [{"where": where, **found} for where, found in self.problems],
                "others_share": self.others_share, "numbers": self.numbers}
