"""Sentences of real articles, true and made wrong in one place; docs/experiments.md has larger samples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from assistant.citing import Verifier
from tests.benchmarks.extraction_cases import open_knowledge
from tests.benchmarks.judged import squad
from tests.benchmarks.support import check, claims

MOST = 40  # of each kind
WRONG = ("number", "unit", "entity", "page")


@pytest.mark.slow
def test_wrong_sentences_are_flagged_true_ones_are_not_and_every_quote_is_the_source(shared_data: Path, tmp_path: Path):
    """`check` compares each quote with the text of its document."""
    total: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    with open_knowledge(squad(tmp_path), tmp_path) as knowledge:
        verifier = Verifier(knowledge.embedder)
        for claim in claims(knowledge, MOST):
            total[claim.kind] += 1
            flagged[claim.kind] += check(verifier, claim).support != "supported"
    assert all(total[kind] for kind in (*WRONG, "verbatim", "reset", "negation", "splice"))
    assert sum(flagged[kind] for kind in WRONG) >= 0.95 * sum(total[kind] for kind in WRONG)
    assert flagged["verbatim"] + flagged["reset"] <= 0.05 * (total["verbatim"] + total["reset"])
