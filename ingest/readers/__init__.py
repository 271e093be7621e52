"""Readers by name, and which one a file gets.

In order of trust: a reader that the person named for files of this suffix; what the bytes are, where they say so (see
`ingest.readers.kinds`); the suffix; what a text of unknown suffix looks like. A suffix that stands for source code is
believed over a look of HTML or mail, for templates and tests begin so too.

To add one: a class with `suffixes` and `read` (see `ingest.protocols.Reader`) in a file of its own, and a line below.
"""

from __future__ import annotations

from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from ingest.errors import FileFailed
from ingest.protocols import Reader
from ingest.readers.kinds import binary_kind, looks_like_json, text_kind
from ingest.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READERS = Registry(
    "readers",
    {
        "pdf": "ingest.readers.pdf:PdfReader",
        "docx": "ingest.readers.docx:DocxReader",
        "pptx": "ingest.readers.pptx:PptxReader",
        "xlsx": "ingest.readers.xlsx:XlsxReader",
        "odt": "ingest.readers.odt:OdtReader",
        "epub": "ingest.readers.epub:EpubReader",
        "html": "ingest.readers.html:HtmlReader",
        "markdown": "ingest.readers.markdown:MarkdownReader",
        "csv": "ingest.readers.csv:CsvReader",
        "json": "ingest.readers.json:JsonReader",
        "notebook": "ingest.readers.notebook:NotebookReader",
        "mail": "ingest.readers.mail:MailReader",
        "mbox": "ingest.readers.mbox:MboxReader",
        "code": "ingest.readers.code:CodeReader",
        "text": "ingest.readers.text:TextReader",
    },
)
BY_CONTENT = frozenset(
    {"pdf", "docx", "pptx", "xlsx"}
)  # a file that is not made as these are is none, whatever its suffix says


def reader_for(source: str, data: bytes, preferred: Sequence[str] = ()) -> str:
    """The name of the reader for a file of this name and content.

    `preferred` names further readers ("module:Class"), asked before all others for files of their suffixes. Text of an
    unknown suffix is read as text. Raises `FileFailed`: "empty" where there are no bytes, "encrypted" for Office files
    under a password, "unsupported" for kinds that no reader knows, "parse_error" for a damaged archive.
    """
    if not data:
        raise FileFailed("empty", "the file is empty")
    suffix = PurePath(source).suffix.lower()
    for name in preferred:
        if suffix in open_reader(name).suffixes:
            return name
    return binary_kind(data, suffix) or _text_reader(data, suffix)


@cache
def open_reader(name: str) -> Reader:
    """The reader of that name; readers hold no state, so one serves all files."""
    reader: Reader = READERS.load(name)()
    return reader


def _text_reader(data: bytes, suffix: str) -> str:
    named = _by_suffix().get(suffix)
    if named == "code":
        return named
    shown = text_kind(data)
    if shown is not None and shown in READERS.table:
        return shown
    return named or ("json" if looks_like_json(data) else "text")


@cache
def _by_suffix() -> Mapping[str, str]:
    names = [name for name in READERS.names() if name not in BY_CONTENT]
    return {suffix: name for name in names for suffix in open_reader(name).suffixes}
