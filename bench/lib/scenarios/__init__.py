"""The scenarios by name: module.TITLE says what one measures, module.MINUTES what it takes, module.run(bench) gives an
Outcome."""

from lib.scenarios import backlog, bloat, core, fanout, growth, lists, neighbours, nodes, profile, start

ALL = {"core": core, "fan-out": fanout, "growth": growth, "nodes": nodes, "neighbours": neighbours,
       "backlog": backlog, "bloat": bloat, "start": start, "lists": lists, "profile": profile}
DEFAULT = ["core"]


def rounds_within(names, minutes, seconds, rounds_max):
    """So many that the scenarios `names` take about `minutes`; at least one."""
    fixed = sum(ALL[name].MINUTES[0] for name in names)
    each = sum(ALL[name].MINUTES[1] for name in names) * seconds / 8
    return max(1, min(rounds_max, int((minutes - fixed) / max(each, 1e-9))))
