"""Groups of processes for tests: all of a group ends, also what has left its session or lost its parent."""

from __future__ import annotations

import sys

from tests.support.queued import wait_for
from tests.support.sessions import sessions

LEAVES = """
import subprocess, sys, time
subprocess.Popen(["sleep", "60"])
subprocess.Popen(["sleep", "60"], start_new_session=True)
print("started", flush=True)
if sys.argv[1] == "stays":
    time.sleep(60)
"""


def test_a_group_ends_with_all_that_it_started_and_the_other_one_goes_on(tmp_path):
    with sessions(tmp_path) as running:
        for name, lot in (("one", "stays"), ("two", "goes")):
            running.start(name, [sys.executable, "-S", "-c", LEAVES, lot], {})
        wait_for(lambda: all("started" in running.said(name) for name in ("one", "two")))
        wait_for(lambda: [len(running.processes(name)) for name in ("one", "two")] == [3, 2])
        assert running.kill("one") == 3
        assert running.processes("one") == []
        left = running.processes("two")
        assert len(left) == 2
    wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in left))
