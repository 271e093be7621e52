"""The assistant command line as a stranger and as a script meets it, with the default embedder and answerer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HANDBOOK = """# Handbook of the Meridian Observatory

## Leave

Parental leave lasts sixteen weeks and is paid in full. It can be split into two parts.

## Visitors

The observatory is open to visitors on Thursdays from two to six in the afternoon. Groups of more than ten people book
with Ada Tesfaye two weeks ahead.

## Telescope

The main mirror has a diameter of 3.6 metres and was cast in Kassel in 1974.
"""


@pytest.fixture(scope="module")
def kb(tmp_path_factory) -> Path:
    here = tmp_path_factory.mktemp("meridian")
    (here / "handbook.md").write_text(HANDBOOK, encoding="utf-8")
    done = run("ingest", "add", str(here / "handbook.md"), "--kb", str(here / "kb"))
    assert done.returncode == 0, done.stderr
    return here / "kb"


def run(module: str, *arguments: str, questions: str | None = None, **environment: str):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **environment},
        input=questions,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize("command", ["", "ask", "chat"])
def test_help(command, snapshot):
    done = run("assistant", *command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout == snapshot


def test_an_answer_says_where_each_sentence_stands(kb):
    done = run("assistant", "ask", "How long does parental leave last?", "--kb", str(kb), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {
        "question",
        "text",
        "abstained",
        "confidence",
        "sentences",
        "ledger",
        "passages",
        "timings",
        "model",
    } <= set(answer)
    assert "sixteen weeks" in answer["text"]
    assert not answer["abstained"]
    assert 0 <= answer["confidence"] <= 1
    stored = run("ingest", "text", "handbook.md", "--kb", str(kb)).stdout
    for sentence in answer["sentences"]:
        assert set(sentence) == {"text", "support", "doubts", "citations"}
        for citation in sentence["citations"]:
            assert set(citation) >= {"source", "page", "label", "start", "end", "quote", "verified"}
            assert stored[citation["start"] : citation["end"]] == citation["quote"]
            assert citation["verified"] is True


def test_the_answer_reads_well_on_a_terminal(kb):
    done = run("assistant", "ask", "With whom do groups of more than ten people book?", "--kb", str(kb))
    assert done.returncode == 0
    assert "Ada Tesfaye" in done.stdout
    assert "[1]" in done.stdout
    assert "handbook.md" in done.stdout


def test_what_the_documents_do_not_hold_is_refused(kb):
    done = run("assistant", "ask", "Who won the football world cup in 1998?", "--kb", str(kb), "--json")
    assert done.returncode == 8
    answer = json.loads(done.stdout)
    assert answer["abstained"]
    assert answer["sentences"] == []
    assert answer["passages"], "the nearest passages are shown"


def test_a_conversation_leans_on_what_was_asked_before(kb):
    done = run(
        "assistant",
        "chat",
        "--kb",
        str(kb),
        "--json",
        questions="How long does parental leave last?\nCan it be split?\n",
    )
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert "sixteen weeks" in first["text"]
    assert "two parts" in second["text"]
    assert second["searched_for"].startswith("How long does parental leave last?")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", "How long?", "--kb", "nowhere"], 4, "nowhere"),
        (["ask", " "], 2, "question is empty"),
        (["ask", "How long?", "--llm", "extractiv"], 2, "Did you mean 'extractive'?"),
        (["ask"], 2, "Missing argument"),
    ],
)
def test_mistakes_are_answered_with_what_to_do(kb, arguments, code, words):
    done = run("assistant", *arguments, KESTREL_KB=str(kb))
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
