"""Does the confidence tell what the documents hold from what they do not, better than similarity alone?

    python -m tests.benchmarks.abstention [--work FOLDER] [--most N] [--json FILE]

Only questions that nothing was chosen on: the odd articles of SQuAD 2.0 (its unanswerable questions were written to
look answerable), and the reported half of the questions about `northwind_hr`, the made-up ones (near the topic and
far from it) among them. "similarity" is the cosine of the question and the nearest chunk, which a bare threshold
would go by.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.extraction.candidates import weigh
from assistant.extraction.judging import judge
from assistant.extraction.weights import THRESHOLD
from ingest.knowledge_base import KnowledgeBase
from tests.benchmarks.extraction_cases import LEFT_OUT, Case, find, open_knowledge, sets
from tests.benchmarks.fit_extraction import Remembering, auroc

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Scored:
    """A question with the two numbers that could decide whether it is answered."""

    case: Case
    confidence: float
    similarity: float


def score(knowledge: KnowledgeBase, cases: Sequence[Case]) -> Iterator[Scored]:
    embedder, documents = Remembering(knowledge.embedder), {}
    for case in cases:
        found = find(knowledge, case, documents)
        vector = knowledge.embedder.embed_query(case.text)
        similarity = _similarity(knowledge, case, vector)
        evidence = weigh(case.text, found.passages, found.documents, embedder)
        confidence = judge(case.text, vector, evidence).confidence if evidence.candidates else 0.0
        yield Scored(case, confidence, similarity)


def _similarity(knowledge: KnowledgeBase, case: Case, vector: FloatMatrix) -> float:
    """Cosine of the nearest chunk that is not left out."""
    found = dict(knowledge.store.search_vectors(vector, LEFT_OUT if case.left_out else 1))
    for hit in knowledge.store.hits(list(found.items())):
        if not case.left_out or not Path(hit.source).name.startswith(case.home):
            return found[hit.chunk.id]
    return -1.0


def compare(answerable: Sequence[Scored], others: Sequence[Scored]) -> dict[str, object]:
    """AUROC of both numbers with 95 % intervals of the difference (questions resampled), and what is refused: by the
    default threshold, and by the similarity that refuses as many of the answerable."""
    chance = np.random.default_rng(0)
    numbers = {
        name: (
            np.array([getattr(each, name) for each in answerable]),
            np.array([getattr(each, name) for each in others]),
        )
        for name in ("confidence", "similarity")
    }
    differences = []
    for _ in range(RESAMPLES):
        yes, no = chance.integers(len(answerable), size=len(answerable)), chance.integers(len(others), size=len(others))
        ours, bare = (auroc(positive[yes], negative[no]) for positive, negative in numbers.values())
        differences.append(ours - bare)
    cost = float((numbers["confidence"][0] < THRESHOLD).mean())
    limit = float(np.quantile(numbers["similarity"][0], cost))
    return {
        "answerable": len(answerable),
        "not": len(others),
        **{f"AUROC {name}": round(float(auroc(*pair)), 3) for name, pair in numbers.items()},
        "difference": [round(float(each), 3) for each in np.quantile(differences, [0.025, 0.975])],
        "refused answerable": round(cost, 3),
        "refused others": round(float((numbers["confidence"][1] < THRESHOLD).mean()), 3),
        "refused others by similarity": round(float((numbers["similarity"][1] < limit).mean()), 3),
    }


def measure(work: Path, most: int) -> dict[str, dict[str, object]]:
    results = {}
    for collection, cases in sets(work, most):
        if collection.name not in ("northwind_hr", "squad2"):
            continue
        with open_knowledge(collection, work) as knowledge:
            scored = list(score(knowledge, [case for case in cases if not case.chosen_on]))
        answerable = [each for each in scored if each.case.answerable]
        for kind in sorted({each.case.kind for each in scored if not each.case.answerable}):
            others = [each for each in scored if each.case.kind == kind and not each.case.answerable]
            results[f"{collection.name} | {kind}"] = compare(answerable, others)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="keep the knowledge bases there (default: a temporary folder)")
    parser.add_argument("--most", type=int, default=600, help="questions of each kind")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        results = measure(arguments.work or Path(temporary), arguments.most)
    for name, result in results.items():
        print(name, result)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
