"""Several data planes: they join, leave, die, freeze, and lose PostgreSQL."""

import pytest

from harness import faults


# Goal: lanes go from node to node without loss, and nothing is repeated but what was under way. Method: joins, stops and kills every
# few seconds; one frozen with results in its hand beyond its lease and continued; one cut from PostgreSQL alone.
@pytest.mark.parametrize("fault", faults.SEVERAL_NODES, ids=lambda fault: fault.__name__)
def test_nodes(judged, fault):
    judged(fault)
