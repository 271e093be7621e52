"""Questions as commands and programs: they ask what was asked, as it was asked."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assistant import Assistant, Filter
from assistant.answers import Answer
from assistant.cli import assistant as commands
from assistant.history import Run
from assistant.repeating import as_command, as_program

NASTY = """What's "it"? $(rm -rf /) `x` \\ é"""


def run(question: str = NASTY, settings: dict[str, Any] | None = None, **manifest: Any) -> Run:
    answer = Answer(question, "", (), True, 0.0, (), "extractive", manifest=manifest, searched_for=f"{question} whole")
    return Run("", 0.0, answer, settings or {})


def test_a_command_holds_the_settings_and_nothing_that_goes_without_saying():
    settings = {"llm": "tgi:http://h:1", "profile": "falconlite2", "mode": "auto", "budget": 4000, "any_model": True}
    only = {"sources": ["a b.pdf"], "metadata": [["author", "Ada"]]}
    words = shlex.split(as_command(run(settings={**settings, "conversation": "1"}, only=only, asked_for=5), "/kb dir"))
    assert words[:5] == ["assistant", "ask", NASTY, "--kb", "/kb dir"]
    assert " ".join(words[5:]) == (
        "--passages 5 --source a b.pdf --where author=Ada --llm tgi:http://h:1 --profile falconlite2 --any-model "
        "--budget 4000"
    )
    assert len(shlex.split(as_command(run(settings={"llm": "extractive", "max_risk": None}), "kb"))) == 5


def test_a_question_that_leaned_on_others_is_asked_as_it_was_searched_for():
    history = [{"question": "What is a badge?", "answer": "A card."}]
    assert f"{NASTY} whole" in shlex.split(as_command(run(history=history), "kb"))
    assert "history=[Turn('What is a badge?', 'A card.')]" in as_program(run(history=history), "kb")


def test_a_program_opens_the_model_as_it_was_opened():
    settings = {"llm": "tgi:http://h:1", "profile": "falconlite2", "tokenizer": "/t.json", "mode": "whole"}
    told = as_program(run(settings=settings, insist=True), "kb")
    assert "llm=open_llm('tgi:http://h:1', profile='falconlite2', tokenizer=Path('/t.json'))" in told
    assert "packing=PackingOptions(mode='whole')" in told
    assert "insist=True" in told
    exec(compile(told.partition("\n\n")[0], "imports", "exec"), {})


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> tuple[Path, Answer]:
    folder = tmp_path_factory.mktemp("asked")
    for name, text in (("parking", "Parking is free on Sundays."), ("other", "Parking is free on Mondays.")):
        (folder / f"{name}.md").write_text(text, "utf-8")
    with Assistant.open(folder / "kb") as kestrel:
        kestrel.add(folder / "parking.md", folder / "other.md")
        only = Filter(sources=(str(folder / "parking.md"),))
        return folder / "kb", kestrel.ask("When is parking free?", only=only)


def test_the_command_and_the_program_give_the_answer_again(asked: tuple[Path, Answer]):
    location, answer = asked
    settings = {"llm": "extractive", "embedder": None}
    _, *words = shlex.split(as_command(Run("", 0.0, answer, settings), str(location)))
    assert "Sundays" in CliRunner().invoke(commands, words).output
    program = as_program(Run("", 0.0, answer, settings), str(location))
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "Sundays" in output
    assert "Mondays" not in output
