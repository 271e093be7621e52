"""The one place where errors become sentences and exit codes, for both command lines."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from ingest.console import run
from ingest.errors import KnowledgeBaseDamaged


@click.group()
def program() -> None:
    pass


@program.command()
@click.argument("kind")
def fail(kind: str) -> None:
    errors: dict[str, BaseException] = {
        "known": KnowledgeBaseDamaged("kb is damaged.", "Run: ingest verify --full"),
        "memory": MemoryError(),
        "interrupted": KeyboardInterrupt(),
        "unforeseen": ZeroDivisionError("division by zero"),
    }
    raise errors[kind]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("KESTREL_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)

    def failing(kind: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["program", "fail", kind])
        with pytest.raises(SystemExit) as ended:
            run(program, "program")
        printed = capsys.readouterr()
        assert printed.out == ""
        return int(ended.value.code or 0), printed.err

    return failing


def test_a_known_error_is_told_with_what_helps(said, tmp_path: Path) -> None:
    assert said("known") == (10, "Error: kb is damaged.\nRun: ingest verify --full\n")
    assert list(tmp_path.iterdir()) == []


def test_want_of_memory_is_no_fault_of_the_program(said, tmp_path: Path) -> None:
    code, told = said("memory")
    assert (code, told.splitlines()[0]) == (1, "Error: There is not enough memory.")
    assert "fewer --workers" in told
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_line_and_says_nothing(said) -> None:
    assert said("interrupted") == (130, "\n")


def test_an_unforeseen_error_is_told_in_a_sentence_and_written_down(said, tmp_path: Path) -> None:
    code, told = said("unforeseen")
    assert (code, told.splitlines()[0]) == (1, "Internal error: ZeroDivisionError: division by zero")
    assert "Traceback" not in told
    [named] = re.findall(r"with the file (\S+);", told)
    assert Path(named).parent == tmp_path
    assert "ZeroDivisionError" in Path(named).read_text(encoding="utf-8")


def test_the_traceback_is_shown_to_who_asks_for_it(said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KESTREL_DEBUG", "1")
    assert "Traceback" in said("unforeseen")[1]
