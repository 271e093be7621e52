"""Several queries for one question: what one wording misses, another may find.

`telling_words` needs no model: it searches again with the words that set the first finds apart (pseudo-relevance
feedback: Lavrenko and Croft 2001, doi:10.1145/383952.383972). `Rephrasing` lets a served model word the question anew
(RAG-Fusion, Rackauckas 2024, arXiv:2402.03367). The lists are joined by reciprocal rank fusion (Cormack, Clarke and
Büttcher 2009, doi:10.1145/1571941.1572114). What it gains and costs stands in
docs/experiments.md: it is off unless asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

from assistant.control_tokens import neutralise
from assistant.prompts import fill
from ingest.documents import Filter, Hit

if TYPE_CHECKING:
    from assistant.protocols import LLM
    from assistant.retrieval import Retriever

Expand = Callable[[str, Sequence[Hit]], Sequence[str]]  # further queries, from the question and what it found

DEPTH = 50  # hits of each query that are joined
RANK_CONSTANT = 60  # of reciprocal rank fusion, as published
FED_BACK = 5  # of the first hits, whose words are looked at
WORDS = 6  # that are added to the question
REPHRASINGS = 3
REPHRASED_TOKENS = 160

_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBERING = re.compile(r"^\s*(?:\d+[.):]|[-*•])?\s*")

_REPHRASE = """\
Write {count} other questions that ask the same in other words, one a line and nothing else.

Question: How long is the warranty of the X200?
Other questions:
What is the guarantee period of the X200?
For how many months is the X200 covered against defects?
When does the X200 warranty end?

Question: {question}
Other questions:
"""


class ExpandingRetriever:
    """A `Retriever` that asks another one several times. Scores are those of the fusion, higher is better."""

    def __init__(self, retriever: Retriever, expand: Expand) -> None:
        self._retriever = retriever
        self._expand = expand

    def retrieve(self, question: str, k: int, only: Filter | None = None) -> list[Hit]:
        depth = max(k, DEPTH)
        first = self._retriever.retrieve(question, depth, only)
        further = [self._retriever.retrieve(query, depth, only) for query in self._expand(question, first)]
        return fused([first, *further])[:k] if further else first[:k]


def fused(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """One list of several, each chunk once, by the sum of 1 / (60 + rank) over the lists that hold it."""
    scores: dict[int, float] = {}
    hits: dict[int, Hit] = {}
    for found in lists:
        for rank, hit in enumerate(found, start=1):
            scores[hit.chunk.id] = scores.get(hit.chunk.id, 0.0) + 1 / (RANK_CONSTANT + rank)
            hits.setdefault(hit.chunk.id, hit)
    ranked = sorted(hits, key=lambda chunk: (-scores[chunk], chunk))
    return [replace(hits[chunk], score=scores[chunk]) for chunk in ranked]


def telling_words(question: str, hits: Sequence[Hit]) -> list[str]:
    """The question with the words that are common in the first finds and rare in the later ones."""
    asked = {word.casefold() for word in _WORD.findall(question)}
    texts = [Counter(word.casefold() for word in _WORD.findall(hit.chunk.text)) for hit in hits]
    spread = Counter(word for text in texts for word in text)
    near = Counter(word for text in texts[:FED_BACK] for word in text)
    weights = {
        word: count * log(1 + len(texts) / spread[word])
        for word, count in near.items()
        if word not in asked and count > 1
    }
    chosen = sorted(weights, key=lambda word: (-weights[word], word))[:WORDS]
    return [f"{question} {' '.join(chosen)}"] if chosen else []


class Rephrasing:
    """A model's other wordings of a question. What is not a line of words is left out. Raises the model's errors."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    def __call__(self, question: str, _hits: Sequence[Hit]) -> list[str]:
        profile = self._llm.profile
        asked = neutralise(question, profile.control_tokens).strip()
        text = _REPHRASE.replace("{count}", str(REPHRASINGS)).replace("{question}", asked)
        sampling = replace(profile.sampling, max_tokens=REPHRASED_TOKENS, temperature=0.0, top_p=None, typical_p=None)
        said = self._llm.complete(fill(profile.template, text), sampling).text
        lines = (_NUMBERING.sub("", line).strip() for line in said.splitlines())
        wordings = dict.fromkeys(line for line in lines if _WORD.search(line) and line != question)
        return list(wordings)[:REPHRASINGS]
