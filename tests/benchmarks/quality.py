"""Retrieval quality on real collections, against their gold, with the settings that Kestrel ships.

    python -m tests.benchmarks.quality [--expand] [--json FILE] [COLLECTION…]

Settings were chosen on one fixed half of each set of questions; the other half is the figure to quote.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from assistant.expansion import ExpandingRetriever, telling_words
from assistant.retrieval import HybridRetriever, Retriever
from ingest import pipeline
from ingest.documents import Hit
from ingest.knowledge_base import KnowledgeBase
from tests.benchmarks.judged import COLLECTIONS, DATA, Collection, Question

DEPTH = 30

Metric = Callable[[Question, Sequence[Hit]], float]


def page_begun(question: Question, hits: Sequence[Hit]) -> float:
    """1 when one of the first five results begins on a gold page."""
    return float(any((Path(hit.source).name, hit.chunk.page) in question.pages for hit in hits[:5]))


def page_found(question: Question, hits: Sequence[Hit]) -> float:
    """1 when one of the first five results stands on a gold page, in whole or in part."""
    pages = {(Path(hit.source).name, page) for hit in hits[:5] for page in range(hit.chunk.page, hit.last_page + 1)}
    return float(not pages.isdisjoint(question.pages))


def file_first(question: Question, hits: Sequence[Hit]) -> float:
    """1 when the best result is from the gold file."""
    return float(bool(hits) and Path(hits[0].source).name in question.grades)


def ndcg(question: Question, hits: Sequence[Hit]) -> float:
    """nDCG@10 over files, linear gain, log2 discount (Järvelin & Kekäläinen 2002)."""
    files = list(dict.fromkeys(Path(hit.source).name for hit in hits))[:10]
    gain = sum(question.grades.get(name, 0) / math.log2(rank + 1) for rank, name in enumerate(files, start=1))
    best = sorted(question.grades.values(), reverse=True)[:10]
    return gain / sum(grade / math.log2(rank + 1) for rank, grade in enumerate(best, start=1))


def characters_found(question: Question, hits: Sequence[Hit]) -> float:
    """Share of the gold characters inside the first five results."""
    gold = _characters(question.spans)
    return len(gold & _characters(_spans(hits[:5]))) / len(gold)


def characters_iou(question: Question, hits: Sequence[Hit]) -> float:
    """Gold characters found, over gold and retrieved characters together, first five results."""
    gold, found = _characters(question.spans), _characters(_spans(hits[:5]))
    return len(gold & found) / len(gold | found)


METRICS: dict[str, dict[str, Metric]] = {
    "northwind_hr": {"page in first 5": page_found, "begins on it": page_begun},
    "squad2": {"paragraph first": file_first},
    "cranfield": {"nDCG@10": ndcg},
    "chunking_eval": {"recall@5": characters_found, "IoU@5": characters_iou},
}


def measure(collection: Collection, kb: Path, *, expanded: bool = False) -> dict[str, object]:
    with KnowledgeBase.open(kb, create=True) as knowledge:
        *_, report = pipeline.add(knowledge, [collection.folder])
        questions = [question for question in collection.questions if question.answerable]
        retriever: Retriever = HybridRetriever(knowledge)
        if expanded:
            retriever = ExpandingRetriever(retriever, telling_words)
        retriever.retrieve(questions[0].text, DEPTH)
        found, seconds = [], []
        for question in questions:
            started = time.perf_counter()
            found.append(retriever.retrieve(question.text, DEPTH))
            seconds.append(time.perf_counter() - started)
    row: dict[str, object] = {"questions": len(questions), "chunks": report.chunks, "ingest_seconds": report.seconds}
    for name, metric in METRICS[collection.name].items():
        scores = [metric(question, hits) for question, hits in zip(questions, found, strict=True)]
        row[name] = _halves(questions, scores)
    row["search_ms_p50"] = 1000 * statistics.median(seconds)
    return row


def _halves(questions: Iterable[Question], scores: Iterable[float]) -> dict[str, float]:
    pairs = list(zip(questions, scores, strict=True))
    return {
        "chosen_on": statistics.fmean(score for question, score in pairs if question.chosen_on),
        "reported": statistics.fmean(score for question, score in pairs if not question.chosen_on),
        "all": statistics.fmean(score for _, score in pairs),
    }


def _spans(hits: Sequence[Hit]) -> list[tuple[str, int, int]]:
    return [(Path(hit.source).name, hit.chunk.start, hit.chunk.end) for hit in hits]


def _characters(spans: Iterable[tuple[str, int, int]]) -> set[tuple[str, int]]:
    return {(name, position) for name, start, end in spans for position in range(start, end)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "collections", nargs="*", metavar="COLLECTION", help=f"of {', '.join(COLLECTIONS)}; default: all"
    )
    parser.add_argument("--expand", action="store_true", help="search with words of the first finds as well")
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        parser.exit(0, f"skipped: no collections at {DATA}\n")
    figures = {}
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.collections or COLLECTIONS:
            figures[name] = measure(COLLECTIONS[name](Path(work)), Path(work) / f"kb-{name}", expanded=arguments.expand)
            print(name, json.dumps(figures[name]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
