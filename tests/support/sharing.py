"""What the processes of `tests/test_concurrency.py` do with one knowledge base at the same time.

Run as `python -m tests.support.sharing ROLE FOLDER SECONDS SEED`; each prints how often it did it. A file is written in
versions, and every paragraph of it says which: so a mixture of two is seen in any answer, hit or text.
"""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from assistant import Assistant
from assistant.answers import Answer
from ingest.documents import Hit
from ingest.pipeline import IngestOptions
from ingest.store import open_store

FILES = 6  # of each writer
RULES = 30
WRITERS = ("left", "right")
OPTIONS = IngestOptions(workers=1)
_VERSION = re.compile(r"version (\d+)")


def text_of(name: str, version: int) -> str:
    rules = (f"Rule {n} of {name} in version {version}: keep {n * 7} receipts of the canteen." for n in range(RULES))
    return f"# Book {name} in version {version}\n\n" + "\n\n".join(rules) + "\n"


def question(choose: random.Random) -> str:
    name = f"{choose.choice(WRITERS)}-{choose.randrange(FILES)}"
    return f"How many receipts of the canteen does rule {choose.randrange(RULES)} of {name} say to keep?"


def path_of(folder: Path, name: str) -> Path:
    return folder / "docs" / f"{name}.md"


def put_version(folder: Path, name: str, version: int) -> None:
    """In one step, as editors save: no reader of the file sees a half."""
    unfinished = path_of(folder, name).with_suffix(f".{os.getpid()}~")
    unfinished.write_text(text_of(name, version), encoding="utf-8")
    unfinished.replace(path_of(folder, name))


def fill(folder: Path) -> None:
    (folder / "docs").mkdir()
    for writer in WRITERS:
        for number in range(FILES):
            put_version(folder, f"{writer}-{number}", 0)
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        report = kestrel.add(folder / "docs", options=OPTIONS)
        assert report.added == FILES * len(WRITERS)


def write(folder: Path, seconds: float, choose: random.Random) -> int:
    """New versions of one's own files, some of them taken away and brought back."""
    writer = WRITERS[choose.randrange(2**31) % 2] if not sys.argv[5:] else sys.argv[5]
    until, done = time.monotonic() + seconds, 0
    with Assistant.open(folder / "kb") as kestrel:
        while time.monotonic() < until:
            done += 1
            name = f"{writer}-{choose.randrange(FILES)}"
            put_version(folder, name, choose.randrange(10**6))
            if choose.random() < 0.2:
                kestrel.knowledge.remove(str(path_of(folder, name)))
            report = kestrel.add(path_of(folder, name), options=OPTIONS)
            assert (report.added + report.updated, report.failed) == (1, ()), report
    return done


def maintain(folder: Path, seconds: float, choose: random.Random) -> int:
    until, done = time.monotonic() + seconds, 0
    store = open_store(folder / "kb")
    while time.monotonic() < until:
        done += 1
        store.rebuild() if choose.random() < 0.1 else store.maintain()
        time.sleep(0.02)
    store.close()
    return done


def read(folder: Path, seconds: float, choose: random.Random) -> int:
    until, done, generation = time.monotonic() + seconds, 0, 0
    with Assistant.open(folder / "kb", read_only=True) as kestrel:
        while time.monotonic() < until:
            done += 1
            check_answer(kestrel, kestrel.ask(question(choose), insist=True))
            check_hits(kestrel.knowledge.search(question(choose), 10))
            check_texts(kestrel)
            assert not kestrel.knowledge.store.degraded, kestrel.knowledge.store.degraded
            now = kestrel.knowledge.store.generation()
            assert now >= generation
            generation = now
    return done


def check_answer(kestrel: Assistant, answer: Answer) -> None:
    versions = defaultdict(set)
    for passage in answer.passages:
        versions[passage.source] |= set(_VERSION.findall(passage.text))
    assert answer.passages, "there is always something to be found"
    assert all(len(found) == 1 for found in versions.values()), versions
    held = {passage.number: passage for passage in answer.passages}
    for sentence in answer.sentences:
        for citation in sentence.citations:
            assert citation.verified
            passage = held[citation.passage]
            document = kestrel.knowledge.document(passage.document_id)
            if document is not None:  # else it has been replaced since
                assert document.text[citation.start : citation.end] == citation.quote


def check_hits(hits: list[Hit]) -> None:
    versions = defaultdict(set)
    for hit in hits:
        versions[hit.source] |= set(_VERSION.findall(hit.chunk.text))
    assert hits
    assert all(len(found) == 1 for found in versions.values()), versions


def check_texts(kestrel: Assistant) -> None:
    """Every document is one version from its first line to its last."""
    for source in kestrel.knowledge.sources():
        document = kestrel.knowledge.document(source.document_id) if source.document_id else None
        if document is not None:
            [version] = set(_VERSION.findall(document.text))
            assert document.text.strip() == text_of(Path(source.uri).stem, int(version)).strip()


ROLES: dict[str, Callable[[Path, float, random.Random], int]] = {
    each.__name__: each for each in (write, maintain, read)
}

if __name__ == "__main__":
    print(ROLES[sys.argv[1]](Path(sys.argv[2]), float(sys.argv[3]), random.Random(sys.argv[4])))
