"""PostgreSQL crashes, freezes, refuses, is full, and ends backends in the middle of their work."""

import pytest

from harness import disk, faults


# Goal: whatever becomes of PostgreSQL, nothing acknowledged is lost, and the node goes on by itself. Method: each fault in turn under
# load; the node is never restarted, so its counters have to balance too.
@pytest.mark.parametrize("fault", faults.POSTGRES, ids=lambda fault: fault.__name__)
def test_postgres(judged, fault):
    judged(fault)


# Goal: the same with no space left for tables, and for the write-ahead log. Method: a small file system that is filled under load
# and emptied again.
@pytest.mark.parametrize("what", disk.KINDS)
def test_disk_full(what, tmp_path):
    disk.run_round(what, tmp_path, seed=1)
