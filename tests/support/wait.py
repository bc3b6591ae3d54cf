"""Waiting with a deadline: tests poll for what they expect, they never sleep for a guessed time."""

import os
import time

# Sanitizer builds are several times slower.
SLOWNESS = {"asan": 3, "tsan": 6}.get(os.path.basename(os.environ.get("FAIRLEAD_BUILD_DIR", "")), 1)
DEADLINE_SECONDS = 30 * SLOWNESS


def wait_until(what, condition, seconds=None):
    """Gives the condition's first true value; says `what` and the last value if the deadline passes before."""
    until = time.monotonic() + (DEADLINE_SECONDS if seconds is None else seconds)
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within the deadline: {what} (last: {value!r})")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
