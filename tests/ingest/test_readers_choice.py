"""Which reader a file gets: content before suffix, text for what nobody knows, an outcome for what is no document."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ingest.errors import FileFailed, UnknownPart
from ingest.readers import READERS, open_reader, reader_for
from tests.support.docx_files import make_docx, paragraph
from tests.support.pdf_files import make_pdf

PDF = make_pdf([["words"]])
DOCX = make_docx(paragraph("words"))
HTML = b"<!DOCTYPE html>\n<html><body>words</body></html>"


def name_of(source: str, data: bytes) -> str:
    reader = reader_for(source, data)
    return next(name for name in READERS.table if open_reader(name) is reader)


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
        ("a.txt", HTML, "text"),
        ("a.MD", b"# words", "markdown"),
        ("a.tsv", b"a\tb", "csv"),
        ("a.py", b"words = 1", "code"),
        ("README", b"words", "text"),
        ("notes.unheard-of", b"words", "text"),
    ],
)
def test_choice(source, data, name):
    assert name_of(f"/some/folder/{source}", data) == name


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"PK\x03\x04" + bytes(30) + b"xl/workbook.xml", "unsupported", id="another zip"),
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
    assert reader_for("a.txt", b"words", preferred).read(b"words", "a.txt").text == "WORDS"
    assert reader_for("a.md", b"words", preferred) is open_reader("markdown")


def test_a_reader_that_is_not_there_is_named():
    with pytest.raises(UnknownPart, match="no_such_module"):
        reader_for("a.txt", b"words", ("no_such_module:Reader",))


def test_choosing_text_loads_no_heavy_library():
    """A worker that reads notes should be ready at once."""
    code = "import sys; from ingest.readers import reader_for; reader_for('a.md', b'x'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"pypdf", "pypdfium2", "resiliparse", "numpy", "torch", "llama_index", "sentence_transformers", "streamlit"}
    assert heavy.isdisjoint(loaded)
