"""Fill the served model's window: exactly, never over it.

    budget = min(max_input, window - reserve) - template - instructions - history - question

Everything is counted in the served model's own tokens where those can be had. Pieces are counted once and added up;
the finished prompt is counted as a whole, and nothing is returned that this count does not prove to fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assistant.answers import Ledger, LeftOut, Mode, ModelProfile, Passage, Prompt, TokenCount, Turn
from assistant.control_tokens import neutralise
from assistant.prompts import Slots, answering, fill, said
from assistant.selecting import Selection, select
from assistant.volumes import Shelf, Volume
from ingest.documents import Document, Hit
from ingest.errors import PromptTooLong

if TYPE_CHECKING:
    from ingest.knowledge_base import KnowledgeBase

HISTORY_SHARE = 0.25  # of the prompt, at most, for what was said before
FENCE_TOKENS = 30  # for the two lines around the passages: 14 to 26 in 3,000 fences, by Falcon's tokenizer
REFILLS = 3  # more attempts to fill the window where the pieces were counted wrongly
CAUTION = 0.995  # of the room that seems right, once an attempt was too long
WORTH_A_REFILL = 0.02  # of the room that was tried: a smaller mistake is let stand

Write = Callable[[Sequence[Passage], Sequence[Turn]], Slots]


@dataclass(frozen=True, slots=True)
class PackingOptions:
    """`mode` "auto" takes whole documents when they fit and nothing measured says that the model loses its way there.

    `budget` bounds the whole prompt below the model's own limit; None fills the window. `reserve` is kept for the
    answer; None takes the profile's. `order` puts the document of the best hit "last", nearest to the question, or
    "first"; which of them a model reads better differs from model to model. Whole documents keep the order of their
    names.
    """

    mode: Literal["auto", "chunks", "whole"] = "auto"
    budget: int | None = None
    reserve: int | None = None
    order: Literal["last", "first"] = "last"


@dataclass(frozen=True, slots=True)
class _Fixed:
    """What stands before any passage is chosen: the parts that are always there, their tokens, and the limit of all.

    `dropped` turns of the history did not fit. `best_first` is how passages are to stand.
    """

    write: Write
    history: Sequence[Turn]
    dropped: int
    limit: int
    tokens: int
    best_first: bool

    @property
    def budget(self) -> int:
        return self.limit - self.tokens


@dataclass(frozen=True, slots=True)
class _Draft:
    """A prompt filled with a selection, counted as a whole."""

    text: str
    passages: tuple[Passage, ...]
    count: TokenCount
    selection: Selection
    left_out: tuple[LeftOut, ...]


def reserve_of(profile: ModelProfile, options: PackingOptions) -> int:
    """Tokens kept for the answer."""
    return options.reserve if options.reserve is not None else profile.sampling.max_tokens


def room_for_text(profile: ModelProfile, options: PackingOptions) -> int:
    """Tokens that the text of a prompt may have, so that the reserve is left; the server's overhead is off."""
    bounds = [profile.max_input, profile.window - reserve_of(profile, options), options.budget]
    return min(bound for bound in bounds if bound is not None) - profile.overhead


class Packer:
    """Packs prompts for one served model from one knowledge base. Token counts of documents are kept and used again.

    `count` is the served model's own. `count_piece` may stand in for it where each count is a request to a server;
    what it gets wrong is put right by counting the finished prompt.
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        profile: ModelProfile,
        count: Callable[[str], TokenCount],
        count_piece: Callable[[str], TokenCount] | None = None,
    ) -> None:
        self.profile = profile
        self._count = count
        self._count_piece = count_piece or count
        self._shelf = Shelf(knowledge, lambda text: self._count_piece(neutralise(text, profile.control_tokens)).tokens)

    def pack(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), options: PackingOptions | None = None
    ) -> Prompt:
        """The prompt for a question; `hits` best first. Raises `PromptTooLong` when the question leaves no room."""
        control, examples = self.profile.control_tokens, self.profile.examples

        def write(shown: Sequence[Passage], turns: Sequence[Turn]) -> Slots:
            return answering(question, shown, turns, control, examples=examples)

        return self.pack_as(write, hits, history, options)

    def pack_as(
        self, write: Write, hits: Sequence[Hit], history: Sequence[Turn] = (), options: PackingOptions | None = None
    ) -> Prompt:
        """A prompt of any wording: `write` makes its parts from passages and history."""
        options = options or PackingOptions()
        fixed = self._fixed(write, history, options)
        volumes = {identity: self._shelf.volume(identity) for identity in {hit.chunk.document_id for hit in hits}}
        present = {identity: volume for identity, volume in volumes.items() if volume is not None}
        found = [hit for hit in hits if hit.chunk.document_id in present]
        mode = self._mode(list(present.values()), fixed, options)
        draft = self._fill(found, present, fixed, mode)
        return Prompt(draft.text, draft.passages, self._ledger(draft, fixed, mode, reserve_of(self.profile, options)))

    def document(self, document_id: str) -> Document | None:
        """A document that was packed from."""
        volume = self._shelf.volume(document_id)
        return volume.document if volume else None

    def _fixed(self, write: Write, history: Sequence[Turn], options: PackingOptions) -> _Fixed:
        limit = room_for_text(self.profile, options)
        kept = self._recent(history, int(limit * HISTORY_SHARE))
        tokens = self._count(self._render(write((), kept))).tokens
        if tokens + FENCE_TOKENS > limit:
            raise PromptTooLong(
                f"The question needs {tokens + FENCE_TOKENS} tokens with the instructions around it; "
                f"{self.profile.name} has room for {max(0, limit)} beside the answer.",
                "Ask a shorter question, raise --budget, or use a model with a larger window.",
            )
        return _Fixed(write, kept, len(history) - len(kept), limit, tokens, options.order == "first")

    def _recent(self, history: Sequence[Turn], room: int) -> Sequence[Turn]:
        """The latest turns that fit, oldest dropped first."""
        first = len(history)
        for turn in reversed(history):
            room -= self._count_piece(f"\n\n{said([turn], self.profile.control_tokens)}").tokens
            if room < 0:
                break
            first -= 1
        return history[first:]

    def _mode(self, volumes: Sequence[Volume], fixed: _Fixed, options: PackingOptions) -> Mode:
        if options.mode != "auto":
            return options.mode
        room = min(fixed.budget, (self.profile.usable or fixed.limit) - fixed.tokens) - FENCE_TOKENS
        for volume in volumes:
            room -= volume.label_tokens
            for ordinal in range(len(volume)):
                room -= volume.tokens(ordinal)
                if room < 0:
                    return "chunks"
        return "whole"

    def _fill(self, hits: Sequence[Hit], volumes: dict[str, Volume], fixed: _Fixed, mode: Mode) -> _Draft:
        """As much as fits. Where pieces were counted wrongly, the difference is put right in the next attempt."""
        budget = fixed.budget - FENCE_TOKENS
        room = budget
        best: _Draft | None = None
        for attempt in itertools.count():
            draft = self._draft(select(hits, volumes, room, mode), hits, fixed, mode)
            counted, read = draft.selection.tokens, draft.count.tokens - fixed.tokens
            fits = read <= fixed.budget
            if fits and (best is None or draft.count.tokens > best.count.tokens):
                best = draft
            right = budget * counted // max(1, read)  # room in which as much would have been read as fits
            settled = fits and abs(right - room) <= WORTH_A_REFILL * room
            if best is not None and (settled or attempt >= REFILLS):
                return best
            room = right if fits else min(int(right * CAUTION), room - 1)
        raise AssertionError("room shrinks until nothing is left to read")

    def _draft(self, selection: Selection, hits: Sequence[Hit], fixed: _Fixed, mode: Mode) -> _Draft:
        passages = _passages(selection, hits, mode, fixed.best_first)
        text = self._render(fixed.write(passages, fixed.history))
        return _Draft(text, passages, self._count(text), selection, tuple(_left_out(hits, selection)))

    def _render(self, slots: Slots) -> str:
        return fill(self.profile.template, slots.join())

    def _ledger(self, draft: _Draft, fixed: _Fixed, mode: Mode, reserve: int) -> Ledger:
        profile = self.profile
        parts = fixed.write((), fixed.history)
        system = self._count(parts.instructions).tokens
        earlier = self._count(f"\n\n{parts.history}").tokens if parts.history else 0
        template = self._count(fill(profile.template, "")).tokens
        return Ledger(
            window=profile.window,
            max_input=profile.max_input,
            reserve=reserve,
            template=template + profile.overhead,
            system=system,
            history=earlier,
            question=fixed.tokens - template - system - earlier,
            passages=draft.count.tokens - fixed.tokens,
            total=draft.count.tokens + profile.overhead,
            exact=draft.count.exact,
            budget=fixed.budget,
            mode=mode,
            usable=profile.usable,
            left_out=draft.left_out,
            history_dropped=fixed.dropped,
        )


def _passages(selection: Selection, hits: Sequence[Hit], mode: Mode, best_first: bool) -> tuple[Passage, ...]:
    """Stretches of text, in document order inside a document.

    Of chunks the best document comes last, nearest to the question, and the second best first, unless all are to stand
    best first. Whole documents stand
    in the order of their names, so that the next question about them begins with the same tokens.
    """
    scores = {(hit.chunk.document_id, hit.chunk.ordinal): hit.score for hit in hits}
    sources = {hit.chunk.document_id: hit.source for hit in reversed(hits)}
    runs = selection.runs()
    ranked = [identity for identity in dict.fromkeys(hit.chunk.document_id for hit in hits) if identity in runs]
    ordered = ranked if best_first else [*ranked[1:], *ranked[:1]]
    if mode == "whole":
        ordered = sorted(ranked, key=lambda each: (sources[each], each))
    passages: list[Passage] = []
    for identity in ordered:
        volume = selection.volumes[identity]
        for first, last in runs[identity]:
            start, end = volume.span(first, last)
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
