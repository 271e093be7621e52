"""When the answer is that the documents do not tell."""

import json
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.answers import Passage
from assistant.llms.extractive import ExtractiveAnswerer
from ingest.documents import Document
from ingest.embedders import open_embedder
from ingest.embedders.hashing import HashingEmbedder

QUESTIONS = Path(__file__).parents[1] / "benchmarks" / "northwind_questions.jsonl"
FALSE_REFUSALS = 0.15  # of answerable questions, at most
REFUSALS = 0.95  # of questions that have nothing to do with the documents, at least

POLICY = Document(
    "d",
    "The warranty covers the battery for eight years. Scratches and dents are not covered. Claims are sent to the "
    "workshop in Gera by post within 30 days. Opening the case ends the warranty.",
    "warranty.txt",
)
PASSAGE = Passage(1, "d", "warranty.txt", 1, 0, len(POLICY.text), POLICY.text, 1.0)


@pytest.fixture(scope="module")
def answerer() -> ExtractiveAnswerer:
    return ExtractiveAnswerer(open_embedder("minilm"))


def ask(answerer, question):
    return answerer.answer(question, [PASSAGE], {"d": POLICY})


@pytest.mark.parametrize(
    "question",
    [
        "How long is the battery covered?",
        "what ends the warranty",
        "Where are claims sent?",
        "Within how many days are claims sent to the workshop?",
        "Are scratches covered?",
    ],
)
def test_what_the_documents_hold_is_answered(answerer, question):
    answer = ask(answerer, question)
    assert not answer.abstained
    assert answer.sentences
    assert answer.reasons == ()


@pytest.mark.parametrize(
    "question",
    [
        "Who won the 1998 world cup?",
        "How do I bake sourdough?",
        "What is the capital of Mongolia?",
        "asdf qwer",
        "?!",
        "   ",
    ],
)
def test_what_has_nothing_to_do_with_them_is_refused(answerer, question):
    answer = ask(answerer, question)
    assert answer.abstained
    assert answer.sentences == ()
    assert answer.reasons[-1] == "The nearest sentences speak of something else."


def test_the_words_that_no_passage_holds_are_named(answerer):
    reasons = ask(answerer, "How do I bake Sourdough's crust?").reasons
    assert reasons[0] == "No passage that was found mentions “bake”, “Sourdough”, “crust”."


def test_without_passages_there_is_no_answer():
    answer = ExtractiveAnswerer(HashingEmbedder(), threshold=0.0).answer("Why?", [], {})
    assert answer.abstained
    assert answer.confidence == 0.0
    assert answer.reasons == ("No passage holds a sentence.",)


def test_the_threshold_decides(answerer):
    confidence = ask(answerer, "How long is the battery covered?").confidence
    embedder = open_embedder("minilm")
    assert not ask(ExtractiveAnswerer(embedder, threshold=confidence), "How long is the battery covered?").abstained
    assert ask(ExtractiveAnswerer(embedder, threshold=confidence + 1e-6), "How long is the battery covered?").abstained


def test_confidence_falls_when_the_question_denies_what_the_text_says(answerer):
    assert (
        ask(answerer, "For how long is the battery not covered?").confidence
        < ask(answerer, "For how long is the battery covered?").confidence
    )


def test_confidence_falls_when_the_numbers_are_others(answerer):
    assert (
        ask(answerer, "Where are claims sent within 90 days?").confidence
        < ask(answerer, "Where are claims sent within 30 days?").confidence
    )


@pytest.mark.slow
def test_on_real_documents(shared_data, tmp_path):
    """Real questions are answered, questions about anything else refused; see docs/experiments.md for the figures."""
    own = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    real = (shared_data / "northwind_hr" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = {
        "real": [json.loads(line)["question"] for line in real],
        **{kind: [row["question"] for row in own if row["kind"] == kind] for kind in ("answerable", "near", "off")},
    }
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(shared_data / "northwind_hr" / "pdfs")
        refused = {
            kind: sum(kestrel.ask(question).abstained for question in questions) / len(questions)
            for kind, questions in asked.items()
        }
    assert refused["real"] <= FALSE_REFUSALS
    assert refused["answerable"] <= FALSE_REFUSALS
    assert refused["off"] >= REFUSALS
    assert refused["near"] >= 0.5
