"""The fault points themselves: what is misspelt stops the start, and a release holds none of them."""

from pathlib import Path

import pytest

from harness.faults import POINT_SETTING, POINTS
from support.planes import build_dir, run_program

RELEASE = Path(__file__).resolve().parents[2] / "build" / "release" / "fairlead-data"


# Goal: a misspelt point, action or passing ends the start at once and says what there is. Method: one of each, and no other setting,
# so that the listed problems show this one among them.
@pytest.mark.parametrize("plan,words", [("ingest_after_comit:kill:1", "ingest_after_commit"), ("ingest_after_commit:explode:1", "kill, freeze"),
                                        ("ingest_after_commit:kill:0", "POINT:ACTION:PASSING")])
def test_misspelt_point_stops_the_start(plan, words):
    done = run_program("fairlead-data", ["serve"], {POINT_SETTING: plan})
    assert done.returncode != 0
    line = next(line for line in done.stderr.splitlines() if POINT_SETTING in line)
    assert words in line


# Goal: what is armed here is in this build, and not in a release. Method: the points' names are looked for in the programs' bytes.
def test_release_has_no_points():
    assert all(point.encode() in (build_dir() / "fairlead-data").read_bytes() for point in POINTS)
    if not RELEASE.exists():
        pytest.skip("there is no build/release to look at")
    held = [name for name in (*POINTS, POINT_SETTING) if name.encode() in RELEASE.read_bytes()]
    assert held == []
