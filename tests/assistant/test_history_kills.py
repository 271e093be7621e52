"""An answer that was kept stays, whatever happens to the process that kept it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.history import History

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")]

ROUNDS = 6
SEED = 18
KEEPING = """
import sys
from pathlib import Path
from assistant.answers import Answer
from assistant.history import History
history = History(Path(sys.argv[1]))
for number in range(10**6):
    run = history.keep(Answer(f"Question {number}?", f"Answer {number}. " * (1 + number % 50), (), False, 0.5, (), "m"))
    if number % 7 == 6:
        history.feedback(run.id, "good", "because")
    if number % 11 == 10:
        history.remove(run.id)
    else:
        print(run.id, number, flush=True)
"""


def test_kept_answers_survive_kills_of_two_that_keep(tmp_path: Path) -> None:
    choose = random.Random(SEED)
    told: dict[str, int] = {}
    for number_of_round in range(ROUNDS):
        command = [sys.executable, "-c", KEEPING, str(tmp_path)]
        keepers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        time.sleep(choose.uniform(0.3, 0.7))
        for keeper in keepers:
            os.kill(keeper.pid, signal.SIGKILL)
        for keeper in keepers:
            lines = keeper.communicate()[0].splitlines(keepends=True)
            told |= {line.split()[0]: int(line.split()[1]) for line in lines if line.endswith("\n")}
        history = History(tmp_path)
        for name, number in told.items():
            assert history.get(name).answer.text == f"Answer {number}. " * (1 + number % 50)
        surplus = len(history.search(limit=10**6)) - len(told)
        assert 0 <= surplus <= 2 * (number_of_round + 1), "those that were under way, at most"
    assert len(told) > 5 * ROUNDS
