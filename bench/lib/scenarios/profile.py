"""Where the data plane's own time goes, counted instead of timed: its instructions under Callgrind, which no neighbour disturbs.
The kernel is not in it, and hashing is overstated: Valgrind has no SHA instructions, so OpenSSL does without them there."""

import collections
import re
import shutil
import subprocess

from lib.cluster import Failure
from lib.outcome import Outcome
from lib.runner import Traffic

TITLE = "the data plane's instructions an event, by who spends them (needs valgrind)"
MINUTES = (1, 0.2)  # before the rounds, and for each of 8 s
SHOWN = 15
WARM_UP_S = 4
OWN, FRAMEWORK, HASHES = "Fairlead", "Asio and Beast", "OpenSSL, without SHA instructions"
LIBRARIES = {"libcrypto": HASHES, "libmimalloc": "memory allocation", "libc.so": "libc: copying, comparing, locks",
             "libstdc++": "standard library", "libpq": "libpq and libpqxx", "libprometheus": "metrics"}


def run(bench):
    outcome = Outcome("profile")
    if shutil.which("valgrind") is None:
        outcome.notes.append("not measured: valgrind is not installed")
        return outcome
    site = bench.site()
    file = site.endpoints(bench.options.endpoints)
    counts, events = count_instructions(bench, site, file, outcome)
    by_group, own = collections.Counter(), collections.Counter()
    for (library, function), count in counts.items():
        group = group_of(library, function)
        by_group[group] += count / events
        if group == OWN:
            own[re.sub(r"\(.*|\[.*", "", function.replace("(anonymous namespace)::", ""))] += count / events
    total = sum(by_group.values()) - by_group[HASHES]
    outcome.tables = [
        ("", ["instructions an event", "count", "share without OpenSSL"],
         [[name, f"{count:,.0f}", "" if name == HASHES else f"{100 * count / total:.1f} %"]
          for name, count in by_group.most_common()] + [["all but OpenSSL", f"{total:,.0f}", ""]]),
        ("Fairlead's own functions that spend the most:", ["function", "count", "share without OpenSSL"],
         [[name, f"{count:,.0f}", f"{100 * count / total:.1f} %"] for name, count in own.most_common(SHOWN)])]
    outcome.numbers["instructions"] = {"events": events, "groups": by_group, "own": own}
    bench.end(site)
    return outcome


def count_instructions(bench, site, file, outcome):
    """({(library, function): instructions}, events) of a saturated phase."""
    output, program = site.folder / "callgrind", site.folder / "fairlead-data"
    # Valgrind does not read all that compilers write for debuggers; names are enough.
    done = subprocess.run(["strip", "--strip-debug", "-o", program, bench.programs / "fairlead-data"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"strip failed: {done.stderr.strip()}")
    node = site.gateway.data
    node.stop()
    node.start_as(["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={output}", program, "serve"])
    bench.runner.load(site, Traffic(WARM_UP_S, 0, bench.options.connections, endpoints_file=file))
    control(node.pid, "-i", "on")
    load = outcome.take("saturated", bench.runner.load(
        site, Traffic(bench.options.seconds * bench.options.rounds, 0, bench.options.connections, endpoints_file=file)))
    control(node.pid, "-i", "off")
    control(node.pid, "-d")
    return read_counts(next(site.folder.glob("callgrind.[0-9]*")).read_text(errors="replace")), load["events"]


def control(pid, *arguments):
    done = subprocess.run(["callgrind_control", *arguments, str(pid)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"callgrind_control failed: {done.stdout.strip()} {done.stderr.strip()}")


def read_counts(text):
    """Callgrind's format: names are written once and numbered; the line after calls= is the callee's cost, not ours."""
    names, counts = {"ob": {}, "fn": {}}, collections.Counter()
    current, is_callee = {"ob": "", "fn": ""}, False
    for line in text.splitlines():
        key, is_assignment, value = line.partition("=")
        kind = key.removeprefix("c")
        if is_assignment and kind in names:
            number, _, name = value.partition(" ")
            if name:
                names[kind][number] = name
            if key == kind:
                current[kind] = names[kind].get(number, number)
        elif key == "calls":
            is_callee = True
        elif line[:1] and line[0] in "0123456789+-*":
            if not is_callee:
                counts[current["ob"], current["fn"]] += int(line.split()[1])
            is_callee = False
    return counts


def group_of(library, function):
    for part, group in LIBRARIES.items():
        if f"/{part}" in library:
            return group
    if not library.endswith("/fairlead-data"):
        return "the rest"
    if re.match(r"(\S+ )?(boost::(asio|beast)|_ZNK?5boost)", function):
        return FRAMEWORK
    return OWN if re.match(r"(\S+ )?fairlead::|_ZN8fairlead", function) else "standard library"
