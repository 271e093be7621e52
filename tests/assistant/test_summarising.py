"""Summaries: the whole document at once, or part by part and together; without a model the central sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.answers import ModelProfile
from assistant.assistant import Assistant
from assistant.central_sentences import centrality, varied
from assistant.errors import ModelUnreachable
from assistant.llms.scripted import ScriptedModel
from assistant.packing import PackingOptions
from assistant.profiles import profile_named
from assistant.summarising import Summariser
from ingest.errors import PromptTooLong, UsageError
from tests.support.memory import document_of

SECTIONS = [f"Rule {number} says that desk {number} is cleaned on day {number}. " * 3 for number in range(12)]
DOCUMENT, CHUNKS = document_of("rules.md", [section.strip() for section in SECTIONS])


def window(tokens: int) -> ModelProfile:
    return replace(profile_named("plain"), window=tokens, max_input=tokens)


def first_rule(prompt: str) -> str:
    """What a model would write: the first sentence of the first passage, with its number."""
    match = re.search(r"\[(\d+)\] rules\.md\n(Rule \d+ [^.]*\.)|(Rule \d+ [^.]*\.) \[(\d+)\]", prompt)
    assert match
    return f"{match[2] or match[3]} [{match[1] or match[4]}]"


def test_a_document_that_fits_is_read_at_once() -> None:
    model = ScriptedModel(["Rule 3 says that desk 3 is cleaned on day 3. [4]"], window(3000))
    summary = Summariser(model, PackingOptions(reserve=200)).summarise(DOCUMENT, CHUNKS, "rules.md")
    (prompt,) = model.prompts
    assert all(f"[{number}] rules.md\n{section.strip()}" in prompt for number, section in enumerate(SECTIONS, start=1))
    (sentence,) = summary.sentences
    assert (sentence.support, sentence.citations[0].quote) == (
        "supported",
        "Rule 3 says that desk 3 is cleaned on day 3",
    )
    assert DOCUMENT.text[sentence.citations[0].start :].startswith("Rule 3 ")


def test_a_document_that_does_not_fit_is_read_in_parts_and_joined() -> None:
    model = ScriptedModel(first_rule, window(900))
    summary = Summariser(model, PackingOptions(reserve=200)).summarise(DOCUMENT, CHUNKS, "rules.md")
    assert all(model.count(prompt).tokens <= 700 for prompt in model.prompts)
    parts = [prompt for prompt in model.prompts if prompt.startswith("Summarise the numbered")]
    joins = [prompt for prompt in model.prompts if prompt.startswith("Join the summaries")]
    assert len(parts) == 2
    assert len(joins) == 1
    assert all(first_rule(part) in joins[0] for part in parts)
    seen = [number for part in parts for number in re.findall(r"\[(\d+)\] rules\.md\n", part)]
    assert seen == [str(number) for number in range(1, 13)]
    assert summary.sentences[0].citations[0].verified


def test_a_window_too_small_for_one_passage_is_an_error() -> None:
    with pytest.raises(PromptTooLong, match="A prompt for one passage has"):
        Summariser(ScriptedModel(first_rule, window(200)), PackingOptions(reserve=50)).summarise(
            DOCUMENT, CHUNKS, "rules.md"
        )


def test_part_summaries_that_cannot_be_joined_are_an_error() -> None:
    model = ScriptedModel(lambda prompt: "word " * 400, window(900))
    with pytest.raises(PromptTooLong):
        Summariser(model, PackingOptions(reserve=400)).summarise(DOCUMENT, CHUNKS, "rules.md")


def test_central_rows_resemble_many() -> None:
    rows = np.array([[1, 0, 0], [0.9, 0.436, 0], [0.9, -0.436, 0], [0, 0, 1]], dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ranks = centrality(rows)
    assert ranks.sum() == pytest.approx(1, abs=1e-5)
    assert ranks.argmax() == 0
    assert ranks[3] == pytest.approx(0.25, abs=1e-5)  # alone, it keeps its even share


def test_what_was_said_is_not_said_again() -> None:
    rows = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    assert varied(rows, np.array([1.0, 0.9, 0.6], dtype=np.float32), 2) == [0, 2]
    assert varied(rows, np.array([1.0, 0.9, 0.6], dtype=np.float32), 9) == [0, 2, 1]


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    (tmp_path / "lease.md").write_text(
        "# Lease\n\nThe deposit of the flat is 1,450 euros and is due in March. "
        "The landlord repairs the heating of the flat within seven days.\n\n"
        "Pets in the flat need the written consent of the landlord. Yes.\n",
        encoding="utf-8",
    )
    return tmp_path


def test_without_a_model_the_documents_own_sentences_are_given(lease: Path) -> None:
    with Assistant.open(lease / "kb") as kestrel:
        kestrel.add(lease / "lease.md")
        summary = kestrel.summarize("lease.md", sentences=2)
        text = kestrel.knowledge.text("lease.md")
        with pytest.raises(UsageError, match="No source"):
            kestrel.summarize("other.md")
    assert len(summary.sentences) == 2
    for sentence in summary.sentences:
        (citation,) = sentence.citations
        assert text[citation.start : citation.end] == citation.quote
        assert " ".join(citation.quote.split()) == sentence.text
    starts = [sentence.citations[0].start for sentence in summary.sentences]
    assert starts == sorted(starts)


def test_a_server_that_is_down_gives_the_documents_own_sentences(lease: Path) -> None:
    model = ScriptedModel([ModelUnreachable("Nobody listens.")], window(2000))
    with Assistant.open(lease / "kb", llm=model) as kestrel:
        kestrel.add(lease / "lease.md")
        summary = kestrel.summarize("lease.md")
    assert summary.degraded == "Nobody listens."
    assert summary.sentences
