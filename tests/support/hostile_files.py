# ruff: noqa: E501 - a case a line
"""Files of other kinds that are made to stop, fill or crash what reads them, or to bring in what is not theirs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from random import Random

from tests.support.office_locks import locked, locked_as_2010
from tests.support.zip_files import make_epub, make_zip

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://'
    'schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
PARAGRAPH = "<w:p><w:r><w:t>Sixteen weeks of leave are granted.</w:t></w:r></w:p>"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
NOISE = Random(4711).randbytes(50_000)
EXCEL_OPENS = "VelvetSweatshop"  # unasked
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


HIDDEN = (
    b'<!DOCTYPE html><meta charset="utf-16"><base href="http://127.0.0.1:9/"><title>Leave</title><script>secret</script>'
    b'<style>.secret{}</style><p>Sixteen weeks.</p><p hidden>secret</p><p style="display:none">secret</p>'
    b"<template>secret</template><noscript>secret</noscript><!-- secret -->"
)


def docx(body: str, prologue: str = "", **parts: str | bytes) -> bytes:
    document = f"{prologue}<w:document {W}><w:body>{body}</w:body></w:document>"
    return make_zip(
        {"[Content_Types].xml": CONTENT_TYPES, "_rels/.rels": RELATIONS, "word/document.xml": document, **parts}
    )


def odd_names() -> bytes:
    """Names that lead out of the folder, absolute ones, and a link."""
    stream = io.BytesIO(docx(PARAGRAPH))
    with zipfile.ZipFile(stream, "a") as archive:
        for name in ("../../../outside.txt", "/absolute.txt", "C:\\outside.txt"):
            archive.writestr(name, "outside")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return stream.getvalue()


def many_parts() -> bytes:
    stream = io.BytesIO(docx(PARAGRAPH))
    with zipfile.ZipFile(stream, "a") as archive:
        for number in range(40_000):
            archive.writestr(zipfile.ZipInfo(f"p{number}"), b"")
    return stream.getvalue()


def lying_size() -> bytes:
    """The directory says that the document is 100 bytes; it is a hundred megabytes."""
    data = bytearray(docx(PARAGRAPH * 2_000_000))
    place = data.rindex(b"word/document.xml") - 46
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    return bytes(data)


def xxe(entity: str) -> str:
    return f"<!DOCTYPE w [{entity}]>"


Case = tuple[str, str, Callable[[], bytes], str]
SECRET = "root:x:0"
# Number of the case in the fault matrix, a file name, how it is made, the outcome.
CASES: tuple[Case, ...] = (
    *(("F1", f"empty.{suffix}", lambda: b"", "empty") for suffix in ("docx", "html", "md", "csv", "json", "eml", "txt", "epub", "xlsx")),
    ("F16", "long.docx", lambda: docx(PARAGRAPH * 2_500_000), "too_large"),
    ("F16", "paragraphs.docx", lambda: docx("<w:p/>" * 3_000_000), "too_large"),
    ("F17", "parts.docx", many_parts, "too_large"),
    ("F17", "names.docx", odd_names, "ok"),
    ("F17", "lies.docx", lying_size, "parse_error"),
    ("F17", "nested.docx", lambda: docx(PARAGRAPH, inner=make_zip({"a": make_zip({"b": b"c"})})), "ok"),
    ("F17", "parts.epub", lambda: make_epub({"a.xhtml": "<p>Words.</p>"}, {f"p{n}": "" for n in range(30_000)}), "too_large"),
    ("F18", "file.docx", lambda: docx("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", xxe('<!ENTITY x SYSTEM "file:///etc/passwd">')), "parse_error"),
    ("F18", "laughs.docx", lambda: docx("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>", xxe('<!ENTITY l0 "ha">' + LAUGHS)), "parse_error"),
    ("F18", "dtd.docx", lambda: docx(PARAGRAPH, '<!DOCTYPE w SYSTEM "http://127.0.0.1:9/evil.dtd">'), "ok"),
    ("F18", "laughs.epub", lambda: make_epub({"a.xhtml": "<p>&l9;</p>"}, {"OEBPS/book.opf": xxe(LAUGHS) + "<package/>"}), "empty"),
    ("F19", "password.docx", lambda: locked(docx(PARAGRAPH, noise=NOISE), "secret"), "encrypted"),
    ("F19", "rounds.docx", lambda: locked_as_2010(docx(PARAGRAPH, noise=NOISE), "secret", stated=10_000_001), "too_large"),
    ("F19", "cut.docx", lambda: locked(docx(PARAGRAPH, noise=NOISE), "secret", 10)[:20_000], "parse_error"),
    ("F19", "bomb.docx", lambda: locked(docx(PARAGRAPH * 2_500_000), EXCEL_OPENS, 10), "too_large"),
    ("F19", "torn.docx", lambda: OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(4000), "parse_error"),
    ("F19", "old.docx", lambda: OLE + bytes(504) + "WordDocument".encode("utf-16-le") + bytes(4000), "unsupported"),
    ("F20", "deep.html", lambda: b"<div>" * 100_000 + b"Words", "ok"),
    ("F20", "comment.html", lambda: b"<html><p>Words<!--" + b"x" * 2_000_000, "ok"),
    ("F20", "tags.html", lambda: b"<html><p>Words" + b"<a " * 350_000, "ok"),
    ("F20", "marked.html", lambda: b"<html><p>Words<![", "ok"),
    ("F21", "hidden.html", lambda: HIDDEN, "ok"),
    ("F22", "quotes.md", lambda: b">" * 10_000 + b" Words", "ok"),
    ("F22", "brackets.md", lambda: b"[" * 50_000 + b" Words", "ok"),
    ("F22", "list.md", lambda: b"".join(b"  " * n + b"- word\n" for n in range(1500)), "ok"),
    ("F22", "table.md", lambda: b"|a|b|\n|-|-|\n" + b"|one|two|\n" * 100_000, "ok"),
    ("F22", "front.md", lambda: b"---\na: &a [x,x]\n" + b"".join(b"b%d: &b%d [*a,*a]\n" % (n, n) for n in range(40)) + b"---\nWords", "ok"),
    ("F24", "line.txt", lambda: b"x" * 20_000_000, "ok"),
    ("F25", "controls.txt", lambda: b"One\x01 word\x07 and\x1b[31m another, in the usual length of a line.\n" * 20, "ok"),
    ("F26", "mixed.txt", lambda: "Größe ".encode() * 50 + "Größe ".encode("cp1252") * 50, "ok"),
    ("F26", "utf16.txt", lambda: "Größe und Länge".encode("utf-16"), "ok"),
    ("F27", "zalgo.txt", lambda: ("a" + "\u0301" * 1000 + "\u200d" * 1000 + "\u202e").encode() * 50, "ok"),
    ("F28", "deep.json", lambda: b"[" * 100_000 + b"]" * 100_000, "parse_error"),
    ("F28", "wide.csv", lambda: b"a," * 1_000_000 + b"\n" + b"1," * 1_000_000, "ok"),
    ("F28", "cell.csv", lambda: b'a,b\n"' + b"x" * 30_000_000 + b'",1\n', "parse_error"),
    ("F28", "number.json", lambda: json.dumps({"a": 1})[:-1].encode() + b', "n": ' + b"9" * 100_000 + b"}", "ok"),
    ("F38", "one.txt", lambda: b"x", "ok"),
    ("F38", "stop.txt", lambda: b"the of and", "ok"),
    ("F38", "white.txt", lambda: b" \n\t" * 1000, "empty"),
)  # fmt: skip
