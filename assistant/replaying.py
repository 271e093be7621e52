"""Making an answer again, and saying what differs and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from assistant.answers import Answer, Turn
from ingest.documents import Filter

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.history import Run

_PLAIN = {  # what must be the same for the same answer, in the words that are shown
    "model": "the model",
    "revision": "the model's revision",
    "temperature": "the temperature",
    "seed": "the seed",
    "max_tokens": "the longest answer",
    "embedder": "the embedding model",
    "embedder_fingerprint": "the embedding model's weights",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was: `what` in words, and its values `before` and `now`."""

    what: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Replay:
    """An answer made again. `causes` are what it was made from, `effects` what came of it; both empty: the same."""

    before: Run
    now: Answer
    causes: tuple[Difference, ...]
    effects: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether it says the same, sentence by sentence, with the same places."""
        return not self.effects


def replay(kestrel: Assistant, run: Run) -> Replay:
    """Ask again what was asked then, in the knowledge base as it is now, with the model of `kestrel`."""
    manifest = run.answer.manifest
    only = manifest.get("only")
    now = kestrel.ask(
        run.answer.question,
        history=[Turn(**turn) for turn in manifest.get("history", ())],
        only=Filter(tuple(only["sources"]), tuple((key, value) for key, value in only["metadata"])) if only else None,
        passages=manifest.get("asked_for"),
        insist=bool(manifest.get("insist")),
    )
    current = {source.uri: source.document_id for source in kestrel.knowledge.sources()}
    return Replay(run, now, tuple(_causes(manifest, now.manifest, current)), tuple(_effects(run.answer, now)))


def _causes(
    before: Mapping[str, Any], now: Mapping[str, Any], current: Mapping[str, str | None]
) -> Iterator[Difference]:
    yield from _documents(before, current)
    if before.get("generation") != now.get("generation"):
        yield Difference("the knowledge base", f"generation {before.get('generation')}", f"{now.get('generation')}")
    for key, what in _PLAIN.items():
        if before.get(key) != now.get(key):
            yield Difference(what, str(before.get(key, "")), str(now.get(key, "")))
    versions = now.get("versions", {})
    for package, number in before.get("versions", {}).items():
        if versions.get(package) != number:
            yield Difference(f"the version of {package}", number, versions.get(package, ""))
    if before.get("prompt_sha256") != now.get("prompt_sha256"):
        yield Difference("the prompt", str(before.get("prompt_sha256"))[:12], str(now.get("prompt_sha256"))[:12])


def _documents(before: Mapping[str, Any], current: Mapping[str, str | None]) -> Iterator[Difference]:
    """Documents that the answer was made from and that are gone, or have another content under their name."""
    held = {passage["source"]: passage["document"] for passage in before.get("passages", ())}
    for source, document in held.items():
        if source not in current:
            yield Difference(PurePath(source).name, f"document {document[:12]}", "removed")
        elif current[source] != document:
            yield Difference(PurePath(source).name, f"document {document[:12]}", f"{(current[source] or '–')[:12]}")


def _effects(before: Answer, now: Answer) -> Iterator[Difference]:
    if before.abstained != now.abstained:
        yield Difference("the outcome", _outcome(before), _outcome(now))
    old, new = _said(before), _said(now)
    for sentence in old:
        if sentence not in new:
            yield Difference("a sentence", sentence, "")
    for sentence in new:
        if sentence not in old:
            yield Difference("a sentence", "", sentence)
    if old == new and (places := _places(before)) != (moved := _places(now)):
        yield Difference("the places", "; ".join(places), "; ".join(moved))


def _outcome(answer: Answer) -> str:
    return "refused" if answer.abstained else "answered"


def _said(answer: Answer) -> Sequence[str]:
    return [sentence.text for sentence in answer.sentences]


def _places(answer: Answer) -> Sequence[str]:
    return [
        f"{PurePath(citation.source).name} {citation.start}–{citation.end}"
        for sentence in answer.sentences
        for citation in sentence.citations
    ]
