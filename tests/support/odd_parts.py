"""Readers and chunkers for tests, named as `module:Class`: a small one, and some that do what parsers should not."""

from __future__ import annotations

import os
import signal
import time

from ingest.documents import Document, Span, document_id
from ingest.errors import MissingExtra
from ingest.patience import ask_for_more_time


class ShoutingReader:
    suffixes = frozenset({".txt"})

    def read(self, data: bytes, source: str) -> Document:
        return Document(document_id(data), data.decode().upper(), source)


class HalvingChunker:
    """Two spans a document."""

    def split(self, document: Document) -> list[Span]:
        middle = len(document.text) // 2
        return [Span(0, middle), Span(middle, len(document.text), "second half")]


class TroubleReader:
    """Does what the file says: a method's name, and its arguments."""

    suffixes = frozenset({".trouble"})

    def read(self, data: bytes, source: str) -> Document:
        deed, *arguments = data.decode().split()
        return Document(document_id(data), str(getattr(self, deed)(*arguments)), source)

    def die(self, name: str) -> None:
        os.kill(os.getpid(), getattr(signal, name))

    def leave(self, status: str) -> None:
        os._exit(int(status))

    def hang(self) -> None:
        time.sleep(600)

    def work(self, parts: str) -> str:
        for _ in range(int(parts)):
            ask_for_more_time()
            time.sleep(0.6)
        return f"{parts} parts"

    def beg(self) -> None:
        while True:
            ask_for_more_time()

    def spin(self) -> None:
        while True:
            pass

    def hoard(self) -> None:
        hoard = []
        while True:
            hoard.append(b"x" * 50_000_000)

    def fail(self) -> None:
        raise AttributeError("two\nlines")

    def recurse(self) -> None:
        self.recurse()

    def chatter(self) -> str:
        print("x" * 1_000_000, flush=True)
        return "said"

    def demand(self) -> None:
        raise MissingExtra("It needs the package 'frob'.", "Run: pip install frob")

    def environment(self, name: str) -> str:
        return os.environ.get(name, "unset")

    def process(self) -> int:
        return os.getpid()
