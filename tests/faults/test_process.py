"""The data plane is killed, stopped, and killed at each named point of an event's way."""

import pytest

from harness import faults


# Goal: a SIGKILL loses nothing acknowledged, and repeats no more than was under way. Method: three kills at random moments of the load.
def test_sigkill(judged):
    judged(*[faults.sigkill] * 3)


# Goal: a SIGTERM repeats nothing and cuts no request that was accepted. Method: three stops under load; a request that was stored
# without an answer shows by its repetition.
def test_sigterm(judged):
    judged(*[faults.sigterm] * 3)


# Goal: the same at the worst moments. Method: each point in turn kills the process at a random passing.
@pytest.mark.parametrize("point", faults.POINTS)
def test_killed_at(judged, point):
    judged(faults.killed_at(point))


# Goal: the data plane needs no control plane, also to start. Method: it is down while the data plane is killed and stopped.
def test_without_control_plane(judged):
    judged(faults.without_control_plane)
