"""The whole set: candidates of every document, in equal shares, without near duplicates, split by document."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from eval.building.asking_model import written_question
from eval.building.cloze import blanks
from eval.building.headings import heading_questions
from eval.building.leakage import distinct
from eval.building.unanswerable import unanswerable
from eval.samples import Question
from ingest.errors import NothingIndexed

if TYPE_CHECKING:
    from assistant.protocols import LLM
    from ingest.documents import Document
    from ingest.knowledge_base import KnowledgeBase

PASSAGE = 1500  # characters that a model is shown to write a question about


@dataclass(frozen=True, slots=True)
class Recipe:
    """`questions` in all; `unanswerable` and `train` are shares of them, `train` of the documents too. The same `seed`
    gives the same set from the same documents.
    """

    questions: int = 100
    unanswerable: float = 0.15
    train: float = 0.0
    headings: float = 0.2
    seed: int = 0


def build(knowledge: KnowledgeBase, recipe: Recipe, llm: LLM | None = None) -> list[Question]:
    """Fewer than asked for where the documents do not hold so many. Raises `NothingIndexed` when they hold none."""
    documents = _documents(knowledge)
    chance = random.Random(recipe.seed)  # noqa: S311 - a choice that can be repeated, not a secret
    able = round(recipe.questions * (1 - recipe.unanswerable))
    by_heading = round(able * recipe.headings)
    asked = _in_turn({uri: _headed(document, uri) for uri, document in documents.items()}, by_heading, chance)
    if llm is None:
        pool = {uri: _blanked(document, uri) for uri, document in documents.items()}
        asked += _in_turn(pool, able - len(asked), chance)
    else:
        asked += _written(documents, llm, able - len(asked), chance)
    if not asked:
        raise NothingIndexed(
            f"The documents of {knowledge.location} hold no sentence or heading that makes a question.",
            "Write a question set by hand: docs/guide/07-evaluation.md shows its form.",
        )
    texts = [document.text for document in documents.values()]
    altered = [question for uri, document in documents.items() for question in _blanked(document, uri)]
    none = unanswerable(altered, texts, recipe.questions - able, recipe.seed)
    return _parted(distinct([*asked, *none]), recipe.train, chance)


def _documents(knowledge: KnowledgeBase) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for source in knowledge.sources():
        document = knowledge.document(source.document_id) if source.document_id else None
        if document and document not in found.values():
            found[source.uri] = document
    return found


def _headed(document: Document, uri: str) -> list[Question]:
    return [
        _question(document, uri, (start, end), Question("", asked, kind="heading"))
        for asked, start, end in heading_questions(document, uri)
    ]


def _blanked(document: Document, uri: str) -> list[Question]:
    return [
        _question(
            document, uri, (blank.start, blank.end), Question("", blank.question, (blank.answer,), kind=blank.kind)
        )
        for blank in blanks(document)
    ]


def _written(documents: dict[str, Document], llm: LLM, wanted: int, chance: random.Random) -> list[Question]:
    """Passages are drawn from every document in turn until there are enough questions, or three tries for each."""
    uris, made = sorted(documents), list[Question]()
    for turn in range(3 * wanted):
        if len(made) == wanted:
            break
        uri = uris[turn % len(uris)]
        document = documents[uri]
        start = chance.randrange(max(1, len(document.text) - PASSAGE))
        end = min(len(document.text), start + PASSAGE)
        if written := written_question(llm, document.text[start:end]):
            asked, answer = written
            made.append(_question(document, uri, (start, end), Question("", asked, (answer,), kind="written")))
    return made


def _question(document: Document, uri: str, span: tuple[int, int], question: Question) -> Question:
    """With its place: pages where the document has them, else the span."""
    start, end = span
    pages: tuple[int, ...] = ()
    if len(document.pages) > 1:
        pages = tuple(range(document.page_at(start), document.page_at(end - 1) + 1))
    name = PurePath(uri).name
    return replace(question, id=f"{PurePath(uri).stem}-{start}", source=name, pages=pages, span=span)


def _in_turn(pools: dict[str, list[Question]], wanted: int, chance: random.Random) -> list[Question]:
    """One of each document in turn, so that a long one does not make the whole set."""
    waiting = {uri: chance.sample(pool, len(pool)) for uri, pool in sorted(pools.items())}
    return list(_turns(waiting, wanted))


def _turns(waiting: dict[str, list[Question]], wanted: int) -> Iterator[Question]:
    given = 0
    while any(waiting.values()):
        for pool in waiting.values():
            if given == wanted:
                return
            if pool:
                given += 1
                yield pool.pop()


def _parted(questions: Sequence[Question], share: float, chance: random.Random) -> list[Question]:
    """Whole documents go into the training part until it has its share; unanswerable questions with their document."""
    by_source: dict[str, int] = defaultdict(int)
    for question in questions:
        by_source[question.source] += 1
    sources, train, taken = sorted(by_source), set(), 0
    chance.shuffle(sources)
    for source in sources[:-1]:  # one stays for the test
        if taken + by_source[source] / 2 <= share * len(questions) and share > 0:
            train.add(source)
            taken += by_source[source]
    return [replace(question, part="train" if question.source in train else "test") for question in questions]
