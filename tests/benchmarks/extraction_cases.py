"""Questions for the extractive answerer, on knowledge bases of real collections, with what a right answer holds.

Beside the questions that the collections answer, there are four kinds that they do not: SQuAD 2.0's, written to look
answerable; questions whose own article or passage is left out of the results; questions of another collection; and
`northwind_questions.jsonl`, written for this purpose, near the topic and far from it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.answers import Passage
from ingest import pipeline
from ingest.documents import Document
from ingest.knowledge_base import KnowledgeBase
from tests.benchmarks.judged import DATA, Collection, Question, chunking, northwind, squad

PASSAGES = 10  # what the assistant answers from
LEFT_OUT = 100  # results fetched where some are left out
NATURAL_QUESTIONS = "lost_in_the_middle/nq-open-oracle.jsonl.gz"
OWN_QUESTIONS = Path(__file__).parent / "northwind_questions.jsonl"

Holds = Callable[[str, int, int, str], bool]  # (file name, start, end, text): whether a stretch holds the answer


@dataclass(frozen=True, slots=True)
class Case:
    """A question to a knowledge base. `kind` is the name of its set; `home` the prefix of the names of the files it was
    asked about, which are `left_out` of the results or not; `truth` an answer in prose, `pages` where it stands;
    `chosen_on` as in `judged.Question`."""

    kind: str
    text: str
    answerable: bool
    chosen_on: bool
    holds: Holds | None = None
    home: str = ""
    left_out: bool = False
    truth: str = ""
    pages: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A case with the passages that the search found for it, and their documents."""

    case: Case
    passages: tuple[Passage, ...]
    documents: dict[str, Document]


def open_knowledge(collection: Collection, work: Path) -> KnowledgeBase:
    """The knowledge base of a collection in `work`, made at the first use."""
    knowledge = KnowledgeBase.open(work / f"kb-{collection.name}", create=True)
    for _ in pipeline.add(knowledge, [collection.folder]):
        pass
    return knowledge


def find(knowledge: KnowledgeBase, case: Case, documents: dict[str, Document]) -> Found:
    """`documents` keeps those that were read before."""
    hits = knowledge.search(case.text, LEFT_OUT if case.left_out else PASSAGES)
    if case.left_out:
        hits = [hit for hit in hits if not Path(hit.source).name.startswith(case.home)][:PASSAGES]
    for hit in hits:
        if hit.chunk.document_id not in documents:
            document = knowledge.document(hit.chunk.document_id)
            assert document is not None
            documents[hit.chunk.document_id] = document
    passages = tuple(
        Passage(number, chunk.document_id, hit.source, chunk.page, chunk.start, chunk.end, chunk.text, hit.score)
        for number, hit in enumerate(hits, start=1)
        for chunk in [hit.chunk]
    )
    return Found(case, passages, documents)


def sets(work: Path, most: int = 600) -> Iterator[tuple[Collection, list[Case]]]:
    """Every collection with its cases: a fixed sample of `most` of each kind from each half."""
    hr, articles, texts, encyclopedia = northwind(work), squad(work), chunking(work), natural_questions(work)
    asked = {
        "squad2": _squad_cases(articles),
        "chunking_eval": [_span_case(question) for question in texts.questions],
        "natural_questions": [_answer_case("natural_questions", question) for question in encyclopedia.questions],
    }
    strangers = [
        replace(case, kind=f"northwind_hr, asked {case.kind}", answerable=False, holds=None)
        for cases in asked.values()
        for case in cases
        if case.answerable
    ]
    yield hr, _sample([*_northwind_cases(), *_own_cases(), *strangers], min(most, 150))
    for collection, cases in zip((articles, texts, encyclopedia), asked.values(), strict=True):
        yield collection, _sample([*cases, *_left_out(cases)], most)


def natural_questions(work: Path) -> Collection:
    """2,655 passages of Wikipedia, each a file of its own, and every second one's question, as people typed it."""
    folder = work / "natural_questions"
    folder.mkdir(parents=True, exist_ok=True)
    questions = []
    with gzip.open(DATA / NATURAL_QUESTIONS, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream):
            row = json.loads(line)
            gold = next(context for context in row["ctxs"] if context["isgold"])
            name = f"{number:04}-{re.sub(r'[^A-Za-z0-9]+', '-', gold['title'])[:60]}.txt"
            (folder / name).write_text(gold["text"], encoding="utf-8")
            if number % 2 == 0:
                questions.append(Question(row["question"], grades={name: 1}, answers=tuple(row["answers"])))
    return Collection("natural_questions", folder, tuple(questions))


def _squad_cases(collection: Collection) -> list[Case]:
    """Halved by article, so that no text is in both halves: the even ones are chosen on."""
    cases = [_answer_case("squad2", question) for question in collection.questions]
    homes = [case.home.partition("-")[0] for case in cases]
    return [replace(case, home=home, chosen_on=int(home) % 2 == 0) for case, home in zip(cases, homes, strict=True)]


def _answer_case(kind: str, question: Question) -> Case:
    (name,) = question.grades

    def holds(source: str, start: int, end: int, text: str) -> bool:
        return source == name and any(answer in text for answer in question.answers)

    answerable = question.answerable
    return Case(kind, question.text, answerable, question.chosen_on, holds if answerable else None, home=name)


def _span_case(question: Question) -> Case:
    def holds(source: str, start: int, end: int, text: str) -> bool:
        return any(
            source == name and min(end, last) - max(start, first) >= min(end - start, last - first) / 2
            for name, first, last in question.spans
        )

    return Case("chunking_eval", question.text, True, question.chosen_on, holds, home=question.spans[0][0])


def _northwind_cases() -> list[Case]:
    cases = []
    for line in (DATA / "northwind_hr" / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pages = tuple((name, int(page)) for name, page in re.findall(r"\[([^\]#]+)#page=(\d+)\]", row["truth"]))
        truth = re.sub(r"\s*\[[^\]]*\]", "", row["truth"])
        chosen = Question(row["question"]).chosen_on
        cases.append(Case("northwind_hr", row["question"], True, chosen, truth=truth, pages=pages))
    return cases


def _own_cases() -> Iterator[Case]:
    for line in OWN_QUESTIONS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        answerable = row["kind"] == "answerable"
        expected = row.get("expect", "")

        def holds(source: str, start: int, end: int, text: str, expected: str = expected) -> bool:
            return expected in text

        chosen = Question(row["question"]).chosen_on
        yield Case(f"own, {row['kind']}", row["question"], answerable, chosen, holds if answerable else None)


def _left_out(cases: Sequence[Case]) -> list[Case]:
    return [
        replace(case, kind=f"{case.kind}, left out", answerable=False, holds=None, left_out=True)
        for case in cases
        if case.answerable
    ]


def _sample(cases: Sequence[Case], most: int) -> list[Case]:
    groups: defaultdict[tuple[str, bool, bool], list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: hashlib.sha1(b"sample " + case.text.encode()).digest()):
        groups[case.kind, case.answerable, case.chosen_on].append(case)
    return [case for group in groups.values() for case in group[:most]]
