"""The Python interface, as the README shows it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant import Assistant, Filter
from assistant.events import Event, StageBegan
from assistant.stopwatch import Stopwatch
from ingest.errors import NothingIndexed, UsageError

FACTS = {
    "warranty.md": "# Warranty\n\nThe warranty covers the battery for eight years. Scratches are not covered.\n",
    "delivery.md": "# Delivery\n\nParcels leave the warehouse in Gera within two working days.\n",
}


@pytest.fixture(scope="module")
def docs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    for name, text in FACTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def kestrel(docs, tmp_path_factory):
    with Assistant.open(tmp_path_factory.mktemp("open") / "kb") as opened:
        report = opened.add(docs)
        assert report.added == len(FACTS)
        yield opened


def test_every_sentence_is_cited_exactly(kestrel):
    answer = kestrel.ask("How long does the warranty cover the battery?")
    assert "eight years" in answer.text
    for sentence in answer.sentences:
        assert sentence.citations
        for citation in sentence.citations:
            assert kestrel.knowledge.text(citation.source)[citation.start : citation.end] == citation.quote


def test_only_the_documents_that_were_asked_for(kestrel):
    answer = kestrel.ask("Where do parcels leave from?", only=Filter(sources=("warranty.md",)))
    assert {Path(passage.source).name for passage in answer.passages} == {"warranty.md"}
    assert "Gera" not in answer.text


def test_timings_cover_the_whole(kestrel):
    timings = kestrel.ask("Where do parcels leave from?").timings
    assert timings["search"] > 0
    assert timings["total"] >= timings["search"]


def test_a_listener_hears_of_the_stages_and_of_what_was_found_before_the_answer_is_written(kestrel):
    events: list[Event] = []
    stream = kestrel.stream("Where do parcels leave from?", listener=events.append)
    next(stream)
    assert [type(event).__name__ for event in events] == [
        "StageBegan",
        "StageFinished",
        "PassagesFound",
        "StageBegan",
        "StageFinished",
    ]
    list(stream)
    began, searched, found, _, generated = events
    assert began == StageBegan("search")
    assert (searched.stage, generated.stage) == ("search", "generate")
    assert found.passages == stream.answer.passages
    assert searched.seconds == stream.answer.timings["search"]


def test_a_stage_that_failed_is_not_told_to_be_finished():
    events: list[Event] = []
    watch = Stopwatch(events.append)
    with pytest.raises(ValueError, match="no"), watch.stage("search"):
        raise ValueError("no")
    assert events == [StageBegan("search")]
    assert watch.stages["search"] >= 0


def test_threads_share_one_assistant(kestrel):
    questions = ["How long does the warranty cover the battery?", "Where do parcels leave from?"] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(kestrel.ask, questions))
    for question, answer in zip(questions, answers, strict=True):
        assert ("eight years" if "battery" in question else "Gera") in answer.text


def test_asynchronous_code_asks_in_a_thread(kestrel):
    async def both():
        return await asyncio.gather(
            asyncio.to_thread(kestrel.ask, "How long does the warranty cover the battery?"),
            asyncio.to_thread(kestrel.ask, "Where do parcels leave from?"),
        )

    first, second = asyncio.run(both())
    assert "eight years" in first.text
    assert "Gera" in second.text


def test_a_conversation_remembers(kestrel):
    conversation = kestrel.chat()
    conversation.ask("How long does the warranty cover the battery?")
    follow_up = conversation.ask("Are scratches covered by it?")
    assert follow_up.searched_for.startswith("How long does the warranty")
    assert len(conversation.turns) == 2


@pytest.mark.parametrize("question", ["", " \n\t "])
def test_an_empty_question_is_asked_for_again(kestrel, question):
    with pytest.raises(UsageError, match="empty"):
        kestrel.ask(question)


@pytest.mark.parametrize(
    "question",
    [
        "\0",
        "\N{GRINNING FACE}" * 50,
        "x" * 1_000_000,
        "\ud800 warranty",
        "\u202ewarranty \0 battery",
        "%s {0} $(x) ' \"",
    ],
    ids=["NUL", "emoji", "a million letters", "half a character", "turned", "signs"],
)
def test_a_strange_question_is_one_like_any_other(kestrel, question):
    answer = kestrel.ask(question)
    assert answer.question == question
    assert answer.abstained or all(citation.verified for each in answer.sentences for citation in each.citations)


def test_an_empty_knowledge_base_says_so(tmp_path):
    with Assistant.open(tmp_path / "empty") as opened, pytest.raises(NothingIndexed, match="ingest add PATH"):
        opened.ask("Anything?")
