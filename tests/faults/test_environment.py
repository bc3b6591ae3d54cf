"""What surrounds a node fails: its descriptors, its log, its clock."""

import pytest

from harness import faults


# Goal: none of it loses anything. Method: no descriptor left and connections ended; the log's pipe full and not read, at level debug;
# a clock wrong by four minutes and by six.
@pytest.mark.parametrize("fault", [faults.out_of_files, faults.log_pipe_blocked, faults.wrong_clock], ids=lambda fault: fault.__name__)
def test_environment(judged, fault):
    judged(fault)
