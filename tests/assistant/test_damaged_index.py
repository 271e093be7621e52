"""A damaged segment changes no answer, and every way of asking says that it is damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import Assistant

QUESTION = "How much is the deposit?"


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    """Three documents in one segment, of which one byte is not as it was written."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in (
        ("lease", "The deposit is 1,450 euros."),
        ("gate", "The gate code is 4711."),
        ("leave", "Leave is long."),
    ):
        (docs / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n", encoding="utf-8")
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(docs)
        kestrel.knowledge.store.maintain()
        sound = kestrel.ask(QUESTION)
        assert (sound.damaged, sound.abstained) == ("", False)
    [segment] = (tmp_path / "kb" / "segments").iterdir()
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    (tmp_path / "sound.json").write_text(json.dumps([sound.text, [found.source for found in sound.passages]]))
    return tmp_path / "kb"


def asked(*command: str, kb: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command, "--kb", str(kb)], capture_output=True, text=True, timeout=120
    )


def test_an_answer_is_the_same_and_says_what_is_damaged(kb: Path) -> None:
    expected = json.loads((kb.parent / "sound.json").read_text())
    [segment] = (kb / "segments").iterdir()
    with Assistant.open(kb) as kestrel:
        answer = kestrel.ask(QUESTION)
        assert [answer.text, [found.source for found in answer.passages]] == expected
        assert f"{segment.name} was altered" in answer.damaged
        assert answer.degraded == "", "no model failed"
        kestrel.knowledge.store.maintain()
        assert [file.name for file in (kb / "quarantine").iterdir()] == [segment.name]
        mended = kestrel.ask(QUESTION)
        assert ([mended.text, [found.source for found in mended.passages]], mended.damaged) == (expected, "")


def test_the_commands_say_so_beside_the_result(kb: Path) -> None:
    for command in (["assistant", "ask", QUESTION, "--json"], ["ingest", "search", QUESTION, "--json"]):
        done = asked(*command, kb=kb)
        assert done.returncode == 0, done.stderr
        assert "was altered" in done.stderr
        assert "ingest rebuild" in done.stderr
    assert "was altered" in json.loads(asked("assistant", "ask", QUESTION, "--json", kb=kb).stdout)["damaged"]
    assert asked("ingest", "rebuild", kb=kb).returncode == 0
    assert "altered" not in asked("ingest", "search", QUESTION, kb=kb).stderr
