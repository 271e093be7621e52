"""Readers by name, and which one a file gets: by its content where that shows, else by its suffix.

To add one: a class with `suffixes` and `read` (see `ingest.protocols.Reader`) in a file of its own, and a line below.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from ingest.errors import FileFailed
from ingest.protocols import Reader
from ingest.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READERS = Registry(
    "readers",
    {
        "pdf": "ingest.readers.pdf:PdfReader",
        "docx": "ingest.readers.docx:DocxReader",
        "html": "ingest.readers.html:HtmlReader",
        "markdown": "ingest.readers.markdown:MarkdownReader",
        "csv": "ingest.readers.csv:CsvReader",
        "code": "ingest.readers.code:CodeReader",
        "text": "ingest.readers.text:TextReader",
    },
)
BY_CONTENT = frozenset({"pdf", "docx"})  # a file that does not begin as these do is none, whatever its suffix says

PDF = b"%PDF-"
PDF_WITHIN = 1024  # bytes that may stand before it, ISO 32000-1 annex H.3.4.1
ZIP = b"PK\x03\x04"
WORD = b"word/document.xml"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old Office formats, and new ones under a password
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream that holds the latter, [MS-OFFCRYPTO] 2.3.1

_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,1000}?-->\s*)?<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


def reader_for(source: str, data: bytes, preferred: Sequence[str] = ()) -> Reader:
    """The reader for a file of this name and content.

    `preferred` names further readers ("module:Class"), asked before all others for files of their suffixes. Text of an
    unknown suffix is read as text. Raises `FileFailed`: "empty" where there are no bytes, "encrypted" for Office files
    under a password, "unsupported" for kinds that no reader knows.
    """
    if not data:
        raise FileFailed("empty", "the file is empty")
    suffix = PurePath(source).suffix.lower()
    for name in preferred:
        if suffix in open_reader(name).suffixes:
            return open_reader(name)
    return open_reader(_by_content(data, suffix) or _by_suffix().get(suffix) or _by_look(data))


@cache
def open_reader(name: str) -> Reader:
    """The reader of that name; readers hold no state, so one serves all files."""
    reader: Reader = READERS.load(name)()
    return reader


def _by_content(data: bytes, suffix: str) -> str | None:
    if data.startswith(PDF) or (suffix == ".pdf" and PDF in data[:PDF_WITHIN]):
        return "pdf"
    return "docx" if data.startswith(ZIP) and WORD in data else None


@cache
def _by_suffix() -> Mapping[str, str]:
    names = [name for name in READERS.names() if name not in BY_CONTENT]
    return {suffix: name for name in names for suffix in open_reader(name).suffixes}


def _by_look(data: bytes) -> str:
    if data.startswith(COMPOUND):
        if ENCRYPTED in data:
            raise FileFailed("encrypted", "an Office file under a password")
        raise FileFailed("unsupported", "an Office file of the time before 2007; save it in the present format")
    if data.startswith(ZIP):
        raise FileFailed("unsupported", "an archive, or an Office file of a kind that no reader knows")
    return "html" if _HTML.match(data) else "text"
