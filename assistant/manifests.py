"""The manifest of an answer: everything that it was made from, so that it can be made again and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from assistant.history.history import new_id

if TYPE_CHECKING:
    from assistant.answers import Answer, Passage, Turn
    from ingest.documents import Filter, Hit
    from ingest.knowledge_base import KnowledgeBase

PACKAGES = ("kestrel-assistant", "faiss-cpu", "openvino", "tokenizers")


def manifest_of(
    answer: Answer,
    knowledge: KnowledgeBase,
    hits: Sequence[Hit],
    history: Sequence[Turn] = (),
    only: Filter | None = None,
) -> dict[str, Any]:
    """What `answer.manifest` holds already (the sampling of a served model), and:

    `run` the name under which it is kept; `generation` of the knowledge base; `embedder` and its fingerprint; `history`
    and `only` that it was asked with; `passages` with their documents and the sha256 of their text; `chunks` that were
    found in them; `prompt_sha256` of what was sent, "" when nothing was; tokens as the server counted them; `versions`.
    """
    model = knowledge.store.model()
    completion = answer.completion
    return {
        "run": new_id(),
        "generation": knowledge.store.generation(),
        "embedder": model.name if model else "",
        "embedder_fingerprint": model.fingerprint if model else "",
        "history": [asdict(turn) for turn in history],
        "only": {"sources": list(only.sources), "metadata": [list(each) for each in only.metadata]} if only else None,
        "model": answer.model,
        **answer.manifest,
        "passages": [_passage(passage) for passage in answer.passages],
        "chunks": list(_chunks(hits, answer.passages)),
        "prompt_sha256": _hash(answer.prompt.text) if answer.prompt else "",
        "prompt_tokens": completion.prompt_tokens if completion else None,
        "output_tokens": completion.output_tokens if completion else None,
        "versions": _versions(),
    }


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "number": passage.number,
        "document": passage.document_id,
        "source": passage.source,
        "start": passage.start,
        "end": passage.end,
        "sha256": _hash(passage.text),
    }


def _chunks(hits: Sequence[Hit], passages: Sequence[Passage]) -> Iterator[dict[str, Any]]:
    """The chunks that were found and stand in a passage, in the order of their rank."""
    for hit in hits:
        chunk = hit.chunk
        if any(
            passage.document_id == chunk.document_id and passage.start <= chunk.start and chunk.end <= passage.end
            for passage in passages
        ):
            yield {"id": chunk.id, "document": chunk.document_id, "sha256": _hash(chunk.text)}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@cache
def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a folder that was never installed
            found[package] = "not installed"
    return found
