"""Which reader a file gets: content before suffix, text for what nobody knows, an outcome for what is no document."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import pytest

from ingest.errors import FileFailed, UnknownPart
from ingest.readers import READERS, open_reader, reader_for
from tests.support.docx_files import make_docx, paragraph
from tests.support.pdf_files import make_pdf

PDF = make_pdf([["words"]])
DOCX = make_docx(paragraph("words"))
HTML = b"<!DOCTYPE html>\n<html><body>words</body></html>"


MAIL = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Leave\r\nMIME-Version: 1.0\r\n\r\nwords"
MBOX = b"From a@example.org Mon Nov 16 10:00:00 2026\nFrom: a@example.org\n\nwords"
NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def make_zip(*names: str, **contents: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, contents.get(name, "x"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("source", "data", "name"),
    [
        ("a.pdf", PDF, "pdf"),
        ("a.txt", PDF, "pdf"),
        ("a.pdf", b"\r\njunk before\r\n" + PDF, "pdf"),
        ("a.md", b"The first bytes of a file are %PDF-1.7.", "markdown"),
        ("a.pdf", HTML, "html"),
        ("a.pdf", b"only words", "text"),
        ("a.docx", DOCX, "docx"),
        ("a.zip", DOCX, "docx"),
        ("a.docx", b"only words", "text"),
        ("a.html", b"only words", "html"),
        ("a", b"\xef\xbb\xbf \n<!-- note --><HTML>", "html"),
        ("a.txt", HTML, "html"),
        ("a.md", HTML, "html"),
        ("a.php", HTML, "code"),
        ("a.zip", make_zip("[Content_Types].xml", "word/document2.xml"), "docx"),
        ("a.json", b"{}", "json"),
        ("a.jsonl", b"1", "json"),
        ("a", b' {"words": 1}\n', "json"),
        ("a", b"[TODO] words", "text"),
        ("a.txt", b'{"words": 1}', "text"),
        ("a.txt", b"MZ, BM, OTTO, ID3, PAR1 and II*: words", "text"),
        ("a.MD", b"# words", "markdown"),
        ("a.tsv", b"a\tb", "csv"),
        ("a.py", b"words = 1", "code"),
        ("README", b"words", "text"),
        ("notes.unheard-of", b"words", "text"),
    ],
)
def test_choice(source, data, name):
    assert reader_for(f"/some/folder/{source}", data) == name


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"PK\x03\x04" + bytes(30) + b"word/document.xml", "parse_error", id="a cut zip"),
        pytest.param(make_zip("letter.txt"), "unsupported", id="an archive"),
        pytest.param(make_zip(), "unsupported", id="an empty archive"),
        pytest.param(make_zip("[Content_Types].xml", "xl/workbook.bin"), "unsupported", id="binary Excel"),
        pytest.param(make_zip("inner/word/document.xml"), "unsupported", id="an unpacked Word file, packed again"),
        pytest.param(
            make_zip("mimetype", mimetype="application/vnd.oasis.opendocument.graphics"), "unsupported", id="a drawing"
        ),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(30), "unsupported", id="a picture"),
        pytest.param(b"{\\rtf1\\ansi words}", "unsupported", id="RTF"),
        pytest.param(b"\x1f\x8b\x08" + bytes(30), "unsupported", id="packed by gzip"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported", id="old Word"),
        pytest.param(
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
            id="Word under a password",
        ),
    ],
)
def test_what_is_no_document_is_said(data, outcome):
    with pytest.raises(FileFailed) as failure:
        reader_for("a.docx", data)
    assert failure.value.outcome == outcome


def test_suffixes_are_claimed_once():
    readers = {name: open_reader(name) for name in READERS.table}
    claimed = [suffix for reader in readers.values() for suffix in reader.suffixes]
    assert len(claimed) == len(set(claimed))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in claimed)


def test_a_reader_of_ones_own_is_asked_first():
    preferred = ("tests.support.odd_parts:ShoutingReader",)
    assert reader_for("a.txt", b"words", preferred) == preferred[0]
    assert reader_for("a.txt", PDF, preferred) == preferred[0]
    assert reader_for("a.md", b"words", preferred) == "markdown"


def test_a_reader_that_is_not_there_is_named():
    with pytest.raises(UnknownPart, match="no_such_module"):
        reader_for("a.txt", b"words", ("no_such_module:Reader",))


def test_choosing_text_loads_no_heavy_library():
    """A worker that reads notes should be ready at once."""
    code = "import sys; from ingest.readers import reader_for; reader_for('a.md', b'x'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"pypdf", "pypdfium2", "resiliparse", "numpy", "torch", "llama_index", "sentence_transformers", "streamlit"}
    assert heavy.isdisjoint(loaded)
