"""Fill the served model's window: exactly, never over it.

    budget = min(max_input, window - reserve) - template - instructions - history - question

Everything is counted in the served model's own tokens where those can be had. Pieces are counted one by one and added
up, which is fast and right wherever a tokenizer splits at line breaks; the finished prompt is counted once more, and
if it is longer than the sum after all, the least of the evidence goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from assistant.answers import Ledger, LeftOut, Mode, ModelProfile, Passage, Prompt, TokenCount, Turn
from assistant.control_tokens import neutralise
from assistant.prompts import fill, label, slots
from assistant.selecting import Reach, Selection, Volume, pieces_of, select
from ingest.documents import Hit
from ingest.errors import PromptTooLong

if TYPE_CHECKING:
    from ingest.knowledge_base import KnowledgeBase

HISTORY_SHARE = 0.25  # of the prompt, at most, for what was said before
FENCE_TOKENS = 64  # kept back for the two lines around the passages and the breaks between them

_REACH: dict[Mode, Reach] = {"chunks": "sections", "whole": "documents"}


@dataclass(frozen=True, slots=True)
class PackingOptions:
    """`mode` "auto" takes whole documents when they fit and nothing measured says that the model loses its way there.

    `budget` bounds the whole prompt below the model's own limit; None fills the window. `reserve` is kept for the
    answer; None takes the profile's.
    """

    mode: Literal["auto", "chunks", "whole"] = "auto"
    budget: int | None = None
    reserve: int | None = None


class Packer:
    """Packs prompts for one served model from one knowledge base. Token counts of documents are kept and used again."""

    def __init__(self, knowledge: KnowledgeBase, profile: ModelProfile, count: Callable[[str], TokenCount]) -> None:
        self._knowledge = knowledge
        self._profile = profile
        self._count = count
        self._volumes: dict[str, Volume] = {}

    def limit(self, options: PackingOptions) -> int:
        """Tokens that a prompt may have, so that the answer's reserve is left."""
        profile = self._profile
        reserve = self._reserve(options)
        return min(profile.max_input, profile.window - reserve, options.budget or profile.window) - profile.overhead

    def pack(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), options: PackingOptions | None = None
    ) -> Prompt:
        """The prompt for a question; `hits` come best first. Raises `PromptTooLong` when the question alone is too long."""
        options = options or PackingOptions()
        limit = self.limit(options)
        kept = self._recent(history, int(limit * HISTORY_SHARE))
        fixed = self._tokens(self._render(question, (), kept))
        room = limit - fixed - FENCE_TOKENS
        if room < 0:
            raise PromptTooLong(
                f"The question needs {fixed + FENCE_TOKENS} tokens with the instructions around it; "
                f"{self._profile.name} has room for {limit}.",
                "Ask a shorter question, raise --budget, or use a model with a larger window.",
            )
        volumes = {hit.chunk.document_id: self._volume(hit) for hit in hits}
        mode = self._mode(volumes, room, options)
        while True:
            selection = select(hits, volumes, room, _REACH[mode])
            passages = _passages(selection, hits)
            text = self._render(question, passages, kept)
            total = self._tokens(text)
            if total <= limit:
                break
            room -= total - limit  # pieces were longer together than apart: rare, and settled in a round or two
        ledger = self._ledger(question, kept, passages, total, options)
        dropped = len(history) - len(kept)
        left_out = tuple(_left_out(hits, selection))
        return Prompt(
            text, passages, replace(ledger, mode=mode, budget=room, left_out=left_out, history_dropped=dropped)
        )

    def _render(self, question: str, passages: Sequence[Passage], history: Sequence[Turn]) -> str:
        profile = self._profile
        return fill(profile.template, slots(question, passages, history, profile.control_tokens).join())

    def _tokens(self, text: str) -> int:
        return self._count(text).tokens

    def _reserve(self, options: PackingOptions) -> int:
        return options.reserve if options.reserve is not None else self._profile.sampling.max_tokens

    def _recent(self, history: Sequence[Turn], room: int) -> Sequence[Turn]:
        """The latest turns that fit, oldest dropped first."""
        kept = len(history)
        while kept and self._tokens(slots("", (), history[-kept:], ()).history) > room:
            kept -= 1
        return history[len(history) - kept :]

    def _volume(self, hit: Hit) -> Volume:
        identity = hit.chunk.document_id
        if identity not in self._volumes:
            document = self._knowledge.document(identity)
            assert document is not None, "a hit's document is in the same snapshot"
            control = self._profile.control_tokens
            chunks = self._knowledge.store.chunks(identity)
            pieces = pieces_of(document, chunks, lambda text: self._tokens(neutralise(text, control)))
            longest = max(document.labels, key=len, default="")
            heading = label(Passage(999, identity, hit.source, 1, 0, 0, "", 0.0, longest), control)
            self._volumes[identity] = Volume(document, pieces, self._tokens(f"{heading}\n\n\n"))
        return self._volumes[identity]

    def _mode(self, volumes: Mapping[str, Volume], room: int, options: PackingOptions) -> Mode:
        if options.mode != "auto":
            return options.mode
        whole = sum(volume.tokens for volume in volumes.values())
        return "whole" if whole <= min(room, self._profile.usable or room) else "chunks"

    def _ledger(
        self,
        question: str,
        history: Sequence[Turn],
        passages: Sequence[Passage],
        total: int,
        options: PackingOptions,
    ) -> Ledger:
        profile = self._profile
        parts = slots(question, passages, history, profile.control_tokens)
        system, shown = self._tokens(parts.instructions), self._tokens(parts.passages)
        said, asked = self._tokens(parts.history), self._tokens(parts.question)
        return Ledger(
            window=profile.window,
            max_input=profile.max_input,
            reserve=self._reserve(options),
            template=total - system - shown - said - asked + profile.overhead,
            system=system,
            history=said,
            question=asked,
            passages=shown,
            total=total + profile.overhead,
            exact=self._count("").exact,
            budget=0,
            mode="chunks",
            usable=profile.usable,
        )


def _passages(selection: Selection, hits: Sequence[Hit]) -> tuple[Passage, ...]:
    """Stretches of text, in document order inside a document; the best document last, nearest to the question."""
    scores = {(hit.chunk.document_id, hit.chunk.ordinal): hit.score for hit in hits}
    runs = selection.runs()
    sources = {hit.chunk.document_id: hit.source for hit in hits}
    ranked = [identity for identity in sources if identity in runs]
    passages: list[Passage] = []
    for identity in [*ranked[1:], *ranked[:1]]:
        volume = selection.volumes[identity]
        for first, last in runs[identity]:
            start, end = volume.pieces[first].start, volume.pieces[last].end
            score = max((scores.get((identity, ordinal), 0.0) for ordinal in range(first, last + 1)), default=0.0)
            page = volume.document.page_at(start)
            text = volume.document.text[start:end]
            place = (len(passages) + 1, identity, sources[identity], page, start, end, text, score)
            passages.append(Passage(*place, label=volume.document.label_of(page)))
    return tuple(passages)


def _left_out(hits: Sequence[Hit], selection: Selection) -> Iterator[LeftOut]:
    for hit in hits:
        chunk = hit.chunk
        if chunk.ordinal not in selection.chosen.get(chunk.document_id, ()):
            reason: Literal["no room", "repeats another passage"] = (
                "repeats another passage" if chunk.id in selection.repeated else "no room"
            )
            yield LeftOut(hit.source, chunk.page, hit.label, reason)
