"""The file in which a knowledge base travels: a zip of documents as JSON lines, vectors as half floats, and a manifest.

The manifest is written last and names every other member with its sha256, so that a file that was cut off or altered is
recognised before anything of it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ingest.documents import Entry, Model, Source
from ingest.entries import entry_as_json, entry_from_json, source_as_json, source_from_json
from ingest.errors import KnowledgeBaseDamaged, UsageError
from ingest.indexes.half_floats import HALF, to_half, to_single

if TYPE_CHECKING:
    from ingest.documents import FloatMatrix

FORMAT = "kestrel-export"
VERSION = 1
MANIFEST = "manifest.json"
SOURCES = "sources.json"
UNFINISHED = ".part"
STORED = zipfile.ZIP_STORED  # half floats do not shrink

# What zipfile raises for bytes that are not as they were: a member that calls itself encrypted is a RuntimeError.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    KeyError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Probe:
    """A chunk that was searched for, by its vector and by its words, and the chunks found: (document id, ordinal)."""

    document: str
    ordinal: int
    by_vector: tuple[tuple[str, int], ...]
    by_words: tuple[tuple[str, int], ...]


class ExportWriter:
    """Writes `path` under another name; it appears whole when the block ends well, or not at all.

    What a killed one left is removed. Of two that write the same `path` at once the later one stays, and the earlier
    one ends with `UsageError`: each has a file of its own, so that they never mix.
    """

    def __init__(self, path: Path, model: Model) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
        self._model = model
        self._members: dict[str, str] = {}
        self.counts = {"documents": 0, "chunks": 0, "sources": 0, "pieces": 0}

    def __enter__(self) -> Self:
        for left in self._left_behind():
            with suppress(OSError):  # Windows: another process has it open
                left.unlink(missing_ok=True)
        self._file = self._unfinished.open("xb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        return self

    def piece(self, entries: Sequence[Entry]) -> None:
        """Some documents with their vectors."""
        number = self.counts["pieces"] = self.counts["pieces"] + 1
        lines = [json.dumps({**entry_as_json(entry), "text": entry.document.text}) for entry in entries]
        self._write(f"documents/{number:06}.jsonl", "\n".join(lines).encode("ascii"))
        self._write(f"vectors/{number:06}.f16", b"".join(to_half(entry.vectors).tobytes() for entry in entries), STORED)
        self.counts["documents"] += len(entries)
        self.counts["chunks"] += sum(len(entry.spans) for entry in entries)

    def finish(self, sources: Sequence[Source], probes: Sequence[Probe]) -> None:
        """The names, and the manifest with what is asked after an import."""
        self.counts["sources"] = len(sources)
        self._write(SOURCES, json.dumps([source_as_json(source) for source in sources]).encode("ascii"))
        model = {"name": self._model.name, "fingerprint": self._model.fingerprint, "dimension": self._model.dimension}
        asked = [[probe.document, probe.ordinal, probe.by_vector, probe.by_words] for probe in probes]
        head = {"format": FORMAT, "version": VERSION, "model": model, "counts": self.counts}
        self._write(MANIFEST, json.dumps({**head, "sha256": self._members, "probes": asked}, indent=1).encode("ascii"))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            with self._file:
                self._zip.close()
                self._file.flush()
                os.fsync(self._file.fileno())  # else a power cut may leave the name without the content
            if kind is None:
                self._appear()
        finally:
            self._unfinished.unlink(missing_ok=True)

    def _appear(self) -> None:
        try:
            self._unfinished.replace(self._path)
        except FileNotFoundError as error:
            raise UsageError(
                f"Another export to {self._path} began while this one was being written, and goes on.",
                "Wait for that one, or give another name with --to.",
            ) from error

    def _left_behind(self) -> list[Path]:
        start = f".{self._path.name}."
        return [p for p in self._path.parent.iterdir() if p.name.startswith(start) and p.name.endswith(UNFINISHED)]

    def _write(self, name: str, data: bytes, method: int | None = None) -> None:
        self._members[name] = hashlib.sha256(data).hexdigest()
        self._zip.writestr(name, data, method)


class ExportReader:
    """An export. Raises `UsageError` for another file or half of one, `KnowledgeBaseDamaged` for an altered one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
            self._manifest: dict[str, Any] = json.loads(self._zip.read(MANIFEST))
        except UNREADABLE as error:
            raise UsageError(
                f"{path} is no export of a knowledge base, or was cut off on its way ({error}).",
                "Make one with: ingest export --kb DIR --to FILE",
            ) from error
        if (self._manifest.get("format"), self._manifest.get("version")) != (FORMAT, VERSION):
            raise UsageError(f"{path} is not of format {FORMAT} {VERSION}.", "Read it with the Kestrel that wrote it.")
        self.model = Model(**self._manifest["model"])
        self.counts: dict[str, int] = self._manifest["counts"]

    def sources(self) -> list[Source]:
        return [source_from_json(value) for value in json.loads(self._read(SOURCES))]

    def pieces(self, names: dict[str, Source]) -> Iterator[list[Entry]]:
        """The documents as they were written, each under the name that `names` has for its id."""
        for number in range(1, self.counts["pieces"] + 1):
            values = [json.loads(line) for line in self._read(f"documents/{number:06}.jsonl").splitlines()]
            vectors = self._vectors(self._read(f"vectors/{number:06}.f16"))
            entries, at = [], 0
            for value in values:
                rows = vectors[at : at + len(value["spans"])]
                at += len(rows)
                entries.append(entry_from_json(value, value["text"], names[value["id"]], rows))
            yield entries

    def probes(self) -> Iterator[Probe]:
        for document, ordinal, by_vector, by_words in self._manifest["probes"]:
            yield Probe(
                document, ordinal, *(tuple((name, at) for name, at in places) for places in (by_vector, by_words))
            )

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, name: str) -> bytes:
        try:
            data = self._zip.read(name)
        except UNREADABLE as error:
            raise self._damaged(f"{name} cannot be read ({error})") from error
        if hashlib.sha256(data).hexdigest() != self._manifest["sha256"].get(name):
            raise self._damaged(f"{name} is not what was written")
        return data

    def _vectors(self, data: bytes) -> FloatMatrix:
        import numpy as np

        return to_single(np.frombuffer(data, HALF).reshape(-1, self.model.dimension))

    def _damaged(self, problem: str) -> KnowledgeBaseDamaged:
        return KnowledgeBaseDamaged(f"{self._path} is damaged: {problem}.", "Copy it again, or export again.")
