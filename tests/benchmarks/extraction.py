"""How well the extractive answerer answers and refuses, as it ships, and how long it takes.

    python -m tests.benchmarks.extraction [--work FOLDER] [--most N] [--json FILE]

Only questions on which no constant was chosen. The baseline quotes, of the passage found first, the two sentences with
the highest cosine to the question, and refuses by the cosine of the nearest chunk alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.extraction.weights import THRESHOLD
from assistant.extraction.words import content_words
from assistant.llms.extractive import ExtractedAnswer, ExtractiveAnswerer
from ingest.documents import Document
from ingest.knowledge_base import KnowledgeBase
from ingest.sentences import sentence_spans
from tests.benchmarks.extraction_cases import Case, Found, find, open_knowledge, sets
from tests.benchmarks.fit_extraction import auroc

Quote = tuple[str, int, int]  # document id, start, end


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was said to a case when it had to answer, and how sure it was."""

    case: Case
    found: Found
    ours: Sequence[Quote]
    baseline: Sequence[Quote]
    confidence: float
    nearest: float  # cosine of the nearest chunk
    seconds: float  # after the search


def outcome(knowledge: KnowledgeBase, case: Case, documents: dict[str, Document]) -> Outcome:
    found = find(knowledge, case, documents)
    answerer = ExtractiveAnswerer(knowledge.embedder, threshold=0.0)
    started = time.perf_counter()
    answer = answerer.answer(case.text, found.passages, documents)
    seconds = time.perf_counter() - started
    question = knowledge.embedder.embed_query(case.text)
    nearest = max((float(each @ question[0]) for each in _vectors(knowledge, found)), default=-1.0)
    return Outcome(case, found, _quotes(answer), _baseline(knowledge, found), answer.confidence, nearest, seconds)


def _vectors(knowledge: KnowledgeBase, found: Found) -> Iterable:
    return knowledge.embedder.embed_documents([passage.text for passage in found.passages])


def _quotes(answer: ExtractedAnswer) -> list[Quote]:
    quotes = []
    for sentence in answer.sentences:
        if sentence.lead:
            quotes.append((sentence.document_id, *sentence.lead))
        quotes.append((sentence.document_id, sentence.start, sentence.end))
    return quotes


def _baseline(knowledge: KnowledgeBase, found: Found) -> list[Quote]:
    if not found.passages:
        return []
    first = found.passages[0]
    spans = sentence_spans(first.text)
    cosines = (
        knowledge.embedder.embed_documents([first.text[start:end] for start, end in spans])
        @ knowledge.embedder.embed_query(found.case.text)[0]
    )
    best = sorted(range(len(spans)), key=lambda at: -cosines[at])[:2]
    return [(first.document_id, first.start + spans[at][0], first.start + spans[at][1]) for at in sorted(best)]


def quality(outcomes: Sequence[Outcome], name: str) -> dict[str, float]:
    """Figures of one way of answering, over questions that the documents answer."""
    said = [(each, getattr(each, name)) for each in outcomes]
    texts = [
        " ".join(each.found.documents[identity].text[start:end] for identity, start, end in quotes)
        for each, quotes in said
    ]
    figures = {
        "quotes": statistics.fmean(len(quotes) for _, quotes in said),
        "words": statistics.fmean(len(text.split()) for text in texts),
    }
    if outcomes[0].case.holds:
        figures["holds the answer"] = statistics.fmean(_holds(each, quotes) for each, quotes in said)
    if outcomes[0].case.truth:
        figures["truth covered"] = statistics.fmean(
            _covered(each.case, text) for (each, _), text in zip(said, texts, strict=True)
        )
        figures["gold page cited"] = statistics.fmean(_cites_page(each, quotes, 0) for each, quotes in said)
        figures["or the page beside it"] = statistics.fmean(_cites_page(each, quotes, 1) for each, quotes in said)
    return figures


def _holds(each: Outcome, quotes: Sequence[Quote]) -> bool:
    holds = each.case.holds
    documents = each.found.documents
    return any(
        holds(Path(documents[identity].source).name, start, end, documents[identity].text[start:end])
        for identity, start, end in quotes
    )


def _covered(case: Case, text: str) -> float:
    """Share of the content words of the true answer, those of the question aside, that the answer holds."""
    wanted = set(content_words(case.truth)) - set(content_words(case.text))
    return len(wanted & set(content_words(text))) / len(wanted)


def _cites_page(each: Outcome, quotes: Sequence[Quote], beside: int) -> bool:
    documents = each.found.documents
    cited = {
        (Path(documents[identity].source).name, documents[identity].page_at(start)) for identity, start, _ in quotes
    }
    return any(abs(page - gold) <= beside for name, page in cited for file, gold in each.case.pages if file == name)


def report(outcomes: Sequence[Outcome]) -> dict[str, object]:
    by_kind: defaultdict[tuple[str, bool], list[Outcome]] = defaultdict(list)
    for each in outcomes:
        by_kind[each.case.kind, each.case.answerable].append(each)
    figures: dict[str, object] = {}
    for (kind, answerable), group in by_kind.items():
        refused = statistics.fmean(each.confidence < THRESHOLD for each in group)
        row: dict[str, object] = {"questions": len(group), "refused": refused}
        if answerable:
            row |= {name: quality(group, name) for name in ("ours", "baseline")}
        figures[f"{kind}, {'answerable' if answerable else 'not'}"] = row
    yes, no = by_kind["squad2", True], by_kind["squad2", False]
    figures["squad2 AUROC"] = {
        signal: auroc([getattr(each, signal) for each in yes], [getattr(each, signal) for each in no])
        for signal in ("confidence", "nearest")
    }
    figures["seconds, p50"] = statistics.median(each.seconds for each in outcomes)
    return figures


def gather(work: Path, most: int) -> list[Outcome]:
    outcomes = []
    for collection, cases in sets(work, most):
        with open_knowledge(collection, work) as knowledge:
            documents: dict[str, Document] = {}
            outcomes += [outcome(knowledge, case, documents) for case in cases if not case.chosen_on]
        print(collection.name, flush=True)
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="keep the knowledge bases there (default: a temporary folder)")
    parser.add_argument("--most", type=int, default=300, help="questions of each kind (default: 300)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = report(gather(arguments.work or Path(temporary), arguments.most))
    for name, row in figures.items():
        print(f"{name}: {json.dumps(row)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
