"""What stands between a person and their answers: one look at each part, and what to do where it does not work."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.prompts import fill
from ingest.errors import KestrelError, MissingExtra

if TYPE_CHECKING:
    from assistant.protocols import LLM
    from ingest.knowledge_base import KnowledgeBase

PACKAGES = ("faiss-cpu", "openvino", "sentence-transformers", "llama-index", "text-generation", "pypdf", "streamlit")
SAMPLE = "Question: What is the capital of France?\nAnswer:"
SAMPLE_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Check:
    """One look. `detail` is what was found; `remedy` what to do, where it is not `ok`. Seconds that it took."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    seconds: float = 0.0


def diagnose_installation() -> Iterator[Check]:
    """The packages, and the built-in embedding model at work."""
    yield _checked("packages", _packages)
    yield _checked("embedder", _embedder)


def diagnose_knowledge(location: Path) -> Iterator[Check]:
    """The knowledge base: what it holds, whether it was made with a model that is here, and its quick check."""
    from ingest.knowledge_base import KnowledgeBase

    try:
        knowledge = KnowledgeBase.open(location, read_only=True)
    except KestrelError as error:
        yield Check("knowledge base", ok=False, detail=error.message, remedy=error.remedy)
        return
    with knowledge:
        yield _checked("knowledge base", lambda: _contents(knowledge))
        yield _checked("its embedder", lambda: knowledge.embedder.model.name)
        yield _quick_check(knowledge)


def diagnose_model(llm: LLM) -> Iterator[Check]:
    """A served model: whether it is there and which, how it counts, and a sample of what it writes.

    After the first failure nothing more is asked of it.
    """
    for name, look in (
        ("model", lambda: _identity(llm)),
        ("token counts", lambda: _counting(llm)),
        ("sample", lambda: _sample(llm)),
    ):
        check = _checked(name, look)
        yield check
        if not check.ok:
            return


def _checked(name: str, look: Callable[[], str]) -> Check:
    started = time.perf_counter()
    try:
        detail = look()
    except KestrelError as error:
        return Check(name, ok=False, detail=error.message, remedy=error.remedy, seconds=time.perf_counter() - started)
    return Check(name, ok=True, detail=detail, seconds=time.perf_counter() - started)


def _packages() -> str:
    missing = [package for package in PACKAGES if not _version(package)]
    if missing:
        raise MissingExtra(f"Not installed: {', '.join(missing)}.", "Run: pip install kestrel-assistant")
    found = ", ".join(f"{package} {_version(package)}" for package in PACKAGES)
    return f"Python {platform.python_version()}, {found}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _embedder() -> str:
    from ingest.embedders import open_embedder

    embedder = open_embedder("minilm")
    embedder.embed_query("Is the embedding model there?")
    started = time.perf_counter()
    embedder.embed_query("How long does a second question take?")
    return f"{embedder.model.name} embeds a question in {1000 * (time.perf_counter() - started):.0f} ms"


def _contents(knowledge: KnowledgeBase) -> str:
    statistics = knowledge.store.statistics()
    degraded = "".join(f"; {problem}" for problem in knowledge.store.degraded)
    return (
        f"{knowledge.location}: {statistics.documents} documents, {statistics.chunks} chunks, "
        f"{statistics.bytes / 1e6:.1f} MB{degraded}"
    )


def _quick_check(knowledge: KnowledgeBase) -> Check:
    started = time.perf_counter()
    findings: Sequence[str] = [f"{finding.where}: {finding.problem}" for finding in knowledge.store.verify()]
    seconds = time.perf_counter() - started
    if findings:
        told = f"{len(findings)} problems, the first: {findings[0]}"
        return Check("integrity", ok=False, detail=told, remedy="Run: ingest verify --full", seconds=seconds)
    return Check(
        "integrity", ok=True, detail="no problem in the quick check (all: ingest verify --full)", seconds=seconds
    )


def _identity(llm: LLM) -> str:
    profile = llm.profile
    usable = f", usable up to {profile.usable:,}" if profile.usable else ""
    return f"{profile.name}, {profile.window:,} tokens, prompts of up to {profile.max_input:,}{usable}"


def _counting(llm: LLM) -> str:
    count = llm.count(SAMPLE)
    if not count.exact:
        return "estimated, never too low (exact with --tokenizer FILE)"
    return "exact, by the tokenizer here" if llm.counts_locally else "exact, by asking the server"


def _sample(llm: LLM) -> str:
    profile = llm.profile
    sampling = replace(profile.sampling, max_tokens=SAMPLE_TOKENS)
    started = time.perf_counter()
    stream = llm.stream(fill(profile.template, SAMPLE), sampling)
    first = 0.0
    for _ in stream:
        first = first or time.perf_counter()
    ended = time.perf_counter()
    said = " ".join(stream.completion.text.split())
    tokens = stream.completion.output_tokens or llm.count(stream.completion.text).tokens
    rate = f", {(tokens - 1) / (ended - first):.0f} tokens a second" if tokens > 1 and ended > first > 0 else ""
    begun = f"first word after {first - started:.2f} s" if first else "no word came"
    return f"{begun}{rate}: {said[:80]!r}"
