"""PDF files for tests: drawn with reportlab, finished with pypdf."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pypdf import PdfReader, PdfWriter  # noqa: TID253
from pypdf.constants import UserAccessPermissions  # noqa: TID253
from pypdf.generic import ArrayObject, NameObject, NumberObject, StreamObject  # noqa: TID253
from reportlab.pdfgen import canvas

LEFT, TOP, FOOT = 72, 760, 60
EVERYTHING = UserAccessPermissions.all()
LEADING = 1.3  # of the size: from line to line


@dataclass(frozen=True, slots=True)
class Set:
    """A line as it is to be set; `gap` is white above it, in lines."""

    text: str
    size: float = 10
    bold: bool = False
    gap: float = 0


def make_pdf(pages: Iterable[Sequence[Set | str]], title: str = "", author: str = "") -> bytes:
    """A page for each sequence of lines; an empty sequence makes a page without text."""
    stream = io.BytesIO()
    sheet = canvas.Canvas(stream, invariant=True)
    sheet.setTitle(title)
    sheet.setAuthor(author)
    for lines in pages:
        height = TOP
        for line in lines:
            line = Set(line) if isinstance(line, str) else line
            height -= (1 + line.gap) * LEADING * line.size
            sheet.setFont("Helvetica-Bold" if line.bold else "Helvetica", line.size)
            sheet.drawString(LEFT, height, line.text)
        sheet.rect(LEFT, FOOT - 20, 10, 10)
        sheet.showPage()
    sheet.save()
    return stream.getvalue()


def rewritten(data: bytes, change: Callable[[PdfWriter], object]) -> bytes:
    """The same PDF after `change(writer)`."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    change(writer)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def without_pages(data: bytes) -> bytes:
    """The same PDF with an empty page tree."""

    def empty(writer: PdfWriter) -> None:
        tree = writer.root_object["/Pages"].get_object()
        tree[NameObject("/Kids")], tree[NameObject("/Count")] = ArrayObject(), NumberObject(0)

    return rewritten(data, empty)


def encrypted(data: bytes, user: str, permissions: UserAccessPermissions = EVERYTHING) -> bytes:
    """The same PDF under AES-256 with an owner password, and with this user password."""

    def encrypt(writer: PdfWriter) -> None:
        writer.encrypt(user_password=user, owner_password="owner", permissions_flag=permissions, algorithm="AES-256")

    return rewritten(data, encrypt)


def with_content(data: bytes, page: int, content: bytes) -> bytes:
    """The same PDF with another content stream on one page (from 0)."""

    def replace(writer: PdfWriter) -> None:
        stream = StreamObject()
        stream.set_data(content)
        writer.pages[page][NameObject("/Contents")] = writer._add_object(stream)

    return rewritten(data, replace)
