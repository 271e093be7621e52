"""Measured lengths: kept beside a collection, read again, measured while one watches."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from assistant.llms.scripted import ScriptedModel
from eval.background import MeasuringRun
from eval.longcontext.figures import curve_of, figures_of, keep_curve, kept_curves
from eval.longcontext.measuring import generated, measure
from ingest.errors import UsageError

WAIT = 60  # seconds


def reader(characters: int) -> ScriptedModel:
    """Finds the key in the first so many characters of its prompt."""

    def reply(prompt: str) -> str:
        key = re.search(r"The pass key is (\d+)\.", prompt[:characters])
        return f" {key[1]}." if key else " I do not know."

    return ScriptedModel(reply)


def test_a_curve_is_kept_and_read_as_it_was(tmp_path: Path):
    model = reader(1200)
    curve = curve_of("tii/falcon 7b", measure(generated("passkey", (300, 900), 5, model), model))
    assert curve.lengths[0].share == 1.0
    assert curve.lengths[1].share < 0.8
    assert curve.usable == curve.lengths[0].tokens
    path = keep_curve(tmp_path, curve)
    assert path.parent == tmp_path / "longcontext"
    assert kept_curves(tmp_path) == [curve]
    (path.parent / "by-command.json").write_text(json.dumps(figures_of(curve)), encoding="utf-8")
    assert kept_curves(tmp_path) == [curve, curve]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"model": "m"}',
        '{"model":"m","usable":1,"lengths":[{"task":"p","tokens":1,"right":2,"n":1}],"depths":[]}',
    ],
)
def test_another_file_is_told_with_what_to_do(tmp_path: Path, content: str):
    (tmp_path / "longcontext").mkdir()
    (tmp_path / "longcontext" / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="holds no measured lengths"):
        kept_curves(tmp_path)


def test_a_measurement_runs_beside_and_leaves_out_what_does_not_fit(tmp_path: Path):
    view = MeasuringRun(reader(10**9), (300, 600, 10**6), 2, tmp_path).wait(WAIT)
    assert (view.state, view.step, view.error) == ("done", 4, None)
    assert view.found is not None
    assert [cell.cases for cell in view.found.lengths] == [2, 2]
    assert kept_curves(tmp_path) == [view.found]


def test_a_stopped_measurement_keeps_nothing(tmp_path: Path):
    asked, go_on = threading.Event(), threading.Event()

    def reply(_: str) -> str:
        asked.set()
        go_on.wait(WAIT)
        return "1"

    run = MeasuringRun(ScriptedModel(reply), (300,), 5, tmp_path)
    assert asked.wait(WAIT)
    assert run.view().state == "running"
    run.stop()
    go_on.set()
    assert run.wait(WAIT).state == "stopped"
    assert kept_curves(tmp_path) == []
