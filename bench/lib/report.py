"""Numbers as tables for a person."""

import statistics

# Above it the numbers speak of the neighbours as much as of us.
OTHERS_SHARE_MAX = 0.1


def number(value, unit=""):
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f} {unit}".strip()


def spread(values):
    return f"{number(min(values))} – {number(max(values))}" if len(values) > 1 else ""


def row(name, values, unit=""):
    """A row of name, median and range."""
    return [name, number(statistics.median(values), unit), spread(values)]


def table(head, rows):
    widths = [max(len(str(each[column])) for each in [head, *rows]) for column in range(len(head))]
    lines = []
    for each in [head, ["-" * width for width in widths], *rows]:
        first, *others = zip(map(str, each), widths)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _target_row(verdict):
    bound = ("≥ " if verdict.is_floor else "≤ ") + number(verdict.bound, verdict.unit)
    holds = ("yes" if verdict.holds else "NO") + (" *" if verdict.note else "")
    return [verdict.name, bound, number(verdict.median, verdict.unit), spread(verdict.measured), holds]


def render(outcome):
    parts = [f"== {outcome.name} =="]
    for title, head, rows in outcome.tables:
        parts += [title, table(head, rows), ""]
    if outcome.verdicts:
        parts += ["Targets (a ratio is the median of the rounds' own ratios)", table(
            ["target", "bound", "measured", "range", "holds"], [_target_row(each) for each in outcome.verdicts])]
    parts += [f"* {each.name}: {each.note}" for each in outcome.verdicts if each.note]
    parts += outcome.notes
    parts += [f"PROBLEM in {where}: " + "; ".join(f"{name}: {count}" for name, count in found.items())
              for where, found in outcome.problems]
    if outcome.others_share > OTHERS_SHARE_MAX:
        parts.append(f"warning: other programs used up to {100 * outcome.others_share:.0f} % of this machine: measure "
                     "again when it is quiet")
    return "\n".join(parts)
