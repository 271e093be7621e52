# ruff: noqa: E501 - a seed a line
"""Sound files of each format, and what chance makes of them."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable

from openpyxl import Workbook
from pptx import Presentation
from reportlab.platypus import SimpleDocTemplate, Table

from tests.support.hostile_files import PARAGRAPH, docx
from tests.support.pdf_files import Set, make_pdf
from tests.support.zip_files import make_epub, make_odt

MAIL = (
    b"From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>Words</p>\r\n'
    b"--x\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nMore words\r\n--x--\r\n"
)
CELL = {"cell_type": "code", "source": ["1 + 1"], "metadata": {}, "execution_count": 1,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": ["2\n"]}]}  # fmt: skip


def workbook() -> bytes:
    book = Workbook()
    for row in (["Plan", "Price", "From"], ["Basic", 12.5, "=1+1"], ["Plus", 20, True]):
        book.active.append(row)
    return saved(book.save)


def presentation() -> bytes:
    slides = Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Leave", "Sixteen weeks."
    return saved(slides.save)


def ruled_table() -> bytes:
    table = Table(
        [["Plan", "Price"], ["Basic", "$120"], ["Plus", "$180"]], style=[("GRID", (0, 0), (-1, -1), 1, "black")]
    )
    return saved(lambda stream: SimpleDocTemplate(stream, invariant=1, pageCompression=0).build([table]))


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


SEEDS = {
    "table.pdf": ruled_table(),
    "a.xlsx": workbook(),
    "a.pptx": presentation(),
    "a.pdf": make_pdf([[Set("Leave", size=16, bold=True), "Sixteen weeks of leave."], ["More of the same."]], title="Leave"),
    "a.docx": docx(f"<w:tbl><w:tr><w:tc>{PARAGRAPH}</w:tc></w:tr></w:tbl>{PARAGRAPH}"),
    "a.epub": make_epub({"one.xhtml": "<h1>One</h1><p>Words.</p>"}),
    "a.odt": make_odt("<text:h>Head</text:h><text:p>Words.</text:p>"),
    "a.html": b"<!DOCTYPE html><html><head><title>T</title></head><body><table><tr><td>a</td></tr></table><p>b</p></body></html>",
    "a.md": b"---\ntitle: T\n---\n# Head\n\n- one\n  - two\n\n|a|b|\n|-|-|\n|1|2|\n\n```\ncode\n```\n",
    "a.csv": b'name,price\n"Tea, black",3\nCoffee,4\n',
    "a.json": json.dumps([{"name": "Tea", "sorts": ["black", {"green": 1.5e3}]}, {"name": None}]).encode(),
    "a.ipynb": json.dumps({"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode(),
    "a.eml": MAIL,
    "a.mbox": b"From a@example.org Mon Jan  1 00:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n"),
}  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """`data` after one to six changes: a byte, a stretch gone, doubled, moved, or cut off."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if not changed:
            break
        begin = chance.randrange(len(changed))
        end = min(len(changed), begin + chance.choice((1, 2, 8, 64)))
        piece = changed[begin:end]
        match chance.randrange(6):
            case 0:
                changed[begin] = chance.randrange(256)
            case 1:
                changed[begin] ^= 1 << chance.randrange(8)
            case 2:
                del changed[begin:end]
            case 3:
                changed[begin:begin] = piece * chance.choice((1, 2, 50))
            case 4:
                place = chance.randrange(len(changed))
                changed[place:place] = piece
            case _:
                del changed[max(1, len(changed) - chance.randrange(1, 40)) :]
    return bytes(changed)
