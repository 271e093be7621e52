"""Summaries by a served model: the whole document where it fits the window, else part by part and then together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from assistant.answers import Answer, Completion, Passage, Sampling, TokenCount
from assistant.citing import cited
from assistant.control_tokens import neutralise
from assistant.counting import estimate
from assistant.packing import FENCE_TOKENS, PackingOptions, reserve_of, room_for_text
from assistant.prompts import Slots, fill, joining, summarising
from assistant.volumes import Volume
from ingest.errors import PromptTooLong

if TYPE_CHECKING:
    from assistant.protocols import LLM
    from ingest.documents import Chunk, Document

SENTENCES = 7  # of a summary
PASSAGE_TOKENS = 800  # at most, of what one number stands for: short enough to look a sentence up in


@dataclass(frozen=True, slots=True)
class _Part:
    """A numbered passage and its tokens, label included."""

    passage: Passage
    tokens: int


class Summariser:
    """Summarises documents with one served model. `options` bound its window as they do for questions."""

    def __init__(self, llm: LLM, options: PackingOptions | None = None, sentences: int = SENTENCES) -> None:
        self._llm = llm
        self._options = options or PackingOptions()
        self._sentences = sentences

    def summarise(self, document: Document, chunks: Sequence[Chunk], source: str) -> Answer:
        """Every sentence with its places, as in an answer. Raises the model's errors, and `PromptTooLong`."""
        started = time.perf_counter()
        profile = self._llm.profile
        count = self._llm.count if self._llm.counts_locally else estimate
        volume = Volume(document, chunks, lambda text: count(neutralise(text, profile.control_tokens)).tokens)
        parts = list(_parts(volume, source))
        completions = [
            self._complete(summarising(group, self._sentences, profile.control_tokens)) for group in self._groups(parts)
        ]
        while len(completions) > 1:
            completions = self._join(completions)
        passages = tuple(part.passage for part in parts)
        found = cited(completions[0].text, passages, {document.id: document})
        supported = sum(sentence.support == "supported" for sentence in found.sentences)
        return Answer(
            question=f"Summary of {source}",
            text=found.text,
            sentences=found.sentences,
            abstained=not found.sentences,
            confidence=supported / max(1, len(found.sentences)),
            passages=passages,
            model=profile.name,
            completion=completions[0],
            timings={"total": time.perf_counter() - started},
            manifest={"profile": profile.name, "passages": len(passages)},
            markers_dropped=found.dropped,
        )

    def _groups(self, parts: Sequence[_Part]) -> Iterator[list[Passage]]:
        """Passages in document order, as many to a prompt as fit by the count of the whole prompt."""
        control = self._llm.profile.control_tokens
        sizes = [part.tokens for part in parts]
        start = 0
        while start < len(parts):

            def write(end: int, start: int = start) -> Slots:
                return summarising([part.passage for part in parts[start:end]], self._sentences, control)

            end = self._fitting(sizes, start, write)
            yield [part.passage for part in parts[start:end]]
            start = end

    def _join(self, completions: Sequence[Completion]) -> list[Completion]:
        """One summary of as many as fit together; of a very long document this takes several rounds."""
        control = self._llm.profile.control_tokens
        sizes = [self._count(completion.text).tokens for completion in completions]
        joined: list[Completion] = []
        start = 0
        while start < len(completions):

            def write(end: int, start: int = start) -> Slots:
                return joining([completion.text for completion in completions[start:end]], self._sentences, control)

            end = self._fitting(sizes, start, write)
            alone = end == start + 1
            joined.append(completions[start] if alone else self._complete(write(end)))
            start = end
        if len(joined) == len(completions):
            raise PromptTooLong(
                f"No two part summaries fit into the prompt of {self._llm.profile.name} together.",
                "Lower --reserve, raise --budget, or use a model with a larger window.",
            )
        return joined

    def _fitting(self, sizes: Sequence[int], start: int, write: Callable[[int], Slots]) -> int:
        """The end of the longest stretch from `start` that fits; `write` makes the prompt of one up to an end."""
        limit = room_for_text(self._llm.profile, self._options)
        room = limit - self._count(self._render(write(start))).tokens - FENCE_TOKENS
        end = start
        while end < len(sizes) and (room := room - sizes[end] - 2) >= 0:  # two tokens between passages
            end += 1
        end = max(end, start + 1)
        while (total := self._count(self._render(write(end))).tokens) > limit:
            if end == start + 1:
                raise PromptTooLong(
                    f"A prompt for one passage has {total} tokens; {self._llm.profile.name} has room for {limit}.",
                    "Raise --budget, lower --reserve, or use a model with a larger window.",
                )
            end -= 1
        return end

    def _count(self, text: str) -> TokenCount:
        return self._llm.count(text)

    def _render(self, slots: Slots) -> str:
        return fill(self._llm.profile.template, slots.join())

    def _complete(self, slots: Slots) -> Completion:
        return self._llm.complete(self._render(slots), self._sampling())

    def _sampling(self) -> Sampling:
        profile = self._llm.profile
        return replace(profile.sampling, max_tokens=reserve_of(profile, self._options))


def _parts(volume: Volume, source: str) -> Iterator[_Part]:
    """Adjacent pieces under one heading as one passage, up to `PASSAGE_TOKENS`."""
    runs: list[list[int]] = []
    for _, ordinals in groupby(range(len(volume)), key=volume.heading):
        tokens = PASSAGE_TOKENS
        for ordinal in ordinals:
            tokens += volume.tokens(ordinal)
            if tokens > PASSAGE_TOKENS:
                runs.append([])
                tokens = volume.tokens(ordinal)
            runs[-1].append(ordinal)
    for number, run in enumerate(runs, start=1):
        document = volume.document
        start, end = volume.span(run[0], run[-1])
        page = document.page_at(start)
        place = (number, document.id, source, page, start, end, document.text[start:end], 0.0, document.label_of(page))
        yield _Part(Passage(*place), sum(map(volume.tokens, run)) + volume.opening(run[0]))
