# ruff: noqa: E501 - the words of a format in few lines
"""Every reader, given bytes that hypothesis makes of the words of its format: a document that is sound, or a typed failure.

Beside `test_hostile_corpora.py`, which changes files by chance and reads them in a worker: here the change is made inside
the zip of an Office file or book, where chance finds only a broken zip, and what fails is made small. The bytes are the same
on every machine.
"""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileFailed
from ingest.readers import READERS, open_reader
from tests.support.mutations import SEEDS

XML = [
    *(b"<", b">", b"</", b"/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?xml version='1.0'?>", b"&amp;", b"&#0;", b"&x;"),
    *(b"<w:p>", b"<w:tbl>", b"<w:tr>", b"<w:gridSpan w:val='9999999999'/>", b"<c r='ZZZ99999999' t='s'><v>-1</v></c>"),
    *(b"<text:p>", b"<table:table-cell table:number-columns-repeated='999999999'/>", b"<a:t>", b"<p>", b"<h1>", b"<img src='a'/>"),
]  # fmt: skip
HTML = [
    *XML,
    b"<table>",
    b"<td colspan=99999999>",
    b"<pre>",
    b"<li>",
    b"<main>",
    b"<svg>",
    b"<script>",
    b"<meta charset=utf-16>",
]
PDF = [
    *(b"<<", b">>", b"[", b"]", b"(", b")", b"stream\n", b"endstream", b"endobj", b"1 0 obj", b"1 0 R", b"/Kids", b"/Parent"),
    *(b"/Count -1", b"/Length 99999999999", b"/Filter/FlateDecode", b"/Encrypt", b"/MediaBox[0 0 1e39 nan]", b"trailer", b"startxref\n0\n"),
    *(b"BT /F1 12 Tf", b"ET", b"Tj", b"q", b"Q", b"cm", b"/X Do", b"re f", b"%%EOF"),
]  # fmt: skip
JSON = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b"\\ud800",
    b"1e999",
    b"-",
    b"null",
    b'"source":7',
    b'"outputs":[{}]',
    b'"cells"',
]
MAIL = [
    *(b"\r\n\r\n", b"--x\r\n", b"--x--", b"\nFrom a@b Mon Jan  1 00:00:00 2026\n", b"Content-Type: message/rfc822\r\n", b"=?utf-8?b?///?="),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Type: text/plain; charset=none\r\n", b"Content-Type: multipart/mixed; boundary=\r\n"),
]  # fmt: skip
PLAIN = [
    b"---\n",
    b"# ",
    b"```",
    b"![](",
    b"|-|-|\n",
    b"> ",
    b"- ",
    b'"',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
]
WORDS = {
    "html": HTML, "pdf": PDF, "json": JSON, "notebook": JSON, "mail": MAIL, "mbox": MAIL, "markdown": PLAIN, "csv": PLAIN,
    "code": PLAIN, "text": PLAIN,
}  # fmt: skip
SEED_OF = {"notebook": "a.ipynb", "mail": "a.eml", "markdown": "a.md", "code": "a.md", "text": "a.md"}
EXAMPLES = 250


def spliced(seed: bytes, words: list[bytes]) -> st.SearchStrategy[bytes]:
    """The seed, with words of the format and odd bytes in the place of others."""
    piece = st.lists(st.sampled_from(words) | st.binary(max_size=4), max_size=4).map(b"".join)
    change = st.tuples(st.integers(0, len(seed)), st.integers(0, 30), piece)
    return st.lists(change, min_size=1, max_size=6).map(lambda changes: applied(seed, changes))


def applied(seed: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, gone, piece in changes:
        seed = seed[:place] + piece + seed[place + gone :]
    return seed


def changed_inside(seed: bytes) -> st.SearchStrategy[bytes]:
    """A zip of which one part is changed, and sound otherwise."""
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = st.sampled_from(sorted(parts)).flatmap(
        lambda name: spliced(parts[name], XML).map(lambda part: parts | {name: part})
    )
    return changed.map(zipped)


def zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def made_for(reader: str) -> st.SearchStrategy[bytes]:
    seed = SEEDS[SEED_OF.get(reader, f"a.{reader}")]
    return spliced(seed, WORDS[reader]) if reader in WORDS else changed_inside(seed)


@pytest.mark.slow
@pytest.mark.parametrize("reader", sorted(READERS.table))
def test_whatever_the_bytes_there_is_a_sound_document_or_a_typed_failure(reader, monkeypatch):
    monkeypatch.setattr("ingest.readers.pdf_scans.ENGINES", ())  # OCR reads what is drawn, and not these bytes

    @settings(max_examples=EXAMPLES, derandomize=True)
    @given(made_for(reader))
    def holds(data: bytes) -> None:
        try:
            document = open_reader(reader).read(data, f"a.{reader}")
        except FileFailed:
            return
        assert document.text.strip()
        assert document.pages[0] == 0
        assert all(before <= after for before, after in pairwise((*document.pages, len(document.text))))
        assert len(document.labels) in {0, len(document.pages)}
        assert all(0 <= heading.start <= len(document.text) for heading in document.headings)
        document.text.encode()  # no lone surrogates

    holds()
