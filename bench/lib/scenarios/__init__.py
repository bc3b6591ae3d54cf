"""The scenarios by name: module.TITLE says what one measures, module.run(bench) gives an Outcome."""

from lib.scenarios import backlog, bloat, core, fanout, growth, neighbours, nodes, start

ALL = {"core": core, "fan-out": fanout, "growth": growth, "nodes": nodes, "neighbours": neighbours,
       "backlog": backlog, "bloat": bloat, "start": start}
DEFAULT = ["core"]
