"""PDF files whose pages are pictures of text, or text in a font that lies about its letters."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter  # noqa: TID253
from pypdf.generic import NameObject, StreamObject  # noqa: TID253
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
WIDTH, HEIGHT = 595, 842
DOTS = 200  # an inch


def scanned_pdf(pages: Sequence[Sequence[str | tuple[str, ...]]], size: float = 12, turned: float = 0) -> bytes:
    """A page for each sequence of lines, each a picture as a scanner makes it.

    `size` of type is in points, `turned` in degrees; a line that is a tuple stands in so many columns.
    """
    stream = io.BytesIO()
    sheet = canvas.Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=True)
    for lines in pages:
        sheet.drawImage(
            ImageReader(_picture(lines, size).rotate(turned, Image.Resampling.BICUBIC, fillcolor=250)),
            0,
            0,
            WIDTH,
            HEIGHT,
        )
        sheet.showPage()
    sheet.save()
    return stream.getvalue()


def _picture(lines: Sequence[str | tuple[str, ...]], size: float) -> Image.Image:
    scale = DOTS / 72
    picture = Image.new("L", (round(WIDTH * scale), round(HEIGHT * scale)), 250)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(FONT), round(size * scale))
    for number, line in enumerate(lines):
        columns = (line,) if isinstance(line, str) else line
        for column, text in enumerate(columns):
            left = 60 + 260 * column
            draw.text((left * scale, (60 + size * 5 / 3 * number) * scale), text, fill=20, font=font)
    return picture


def misnamed_pdf(lines: Sequence[str], shift: int) -> bytes:
    """A page that shows `lines`, in a font that gives each letter as the one `shift` places on."""
    pdfmetrics.registerFont(TTFont("Vera", str(FONT)))
    stream = io.BytesIO()
    sheet = canvas.Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=True)
    sheet.setFont("Vera", 14)
    for number, line in enumerate(lines):
        sheet.drawString(60, HEIGHT - 80 - 24 * number, line)
    sheet.save()
    writer = PdfWriter(clone_from=PdfReader(stream))
    for font in writer.pages[0]["/Resources"]["/Font"].values():
        font = font.get_object()
        if "/ToUnicode" in font:
            font[NameObject("/ToUnicode")] = writer._add_object(_shifted(font["/ToUnicode"].get_data(), shift))
    changed = io.BytesIO()
    writer.write(changed)
    return changed.getvalue()


def _shifted(table: bytes, shift: int) -> StreamObject:
    """A ToUnicode table of which every target lies `shift` places on."""
    head, body = table.split(b"beginbfchar" if b"beginbfchar" in table else b"beginbfrange", 1)
    word = b"beginbfchar" if b"beginbfchar" in table else b"beginbfrange"
    lines = []
    for line in body.split(b"\n"):
        parts = line.split()
        if len(parts) >= 2 and parts[-1].startswith(b"<") and parts[-1].endswith(b">") and len(parts[-1]) == 6:
            parts[-1] = b"<%04X>" % (int(parts[-1][1:-1], 16) + shift)
        elif line.strip().startswith(b"<") and b"[" in line:
            start, targets = line.split(b"[")
            moved = [b"<%04X>" % (int(t.strip(b"<>]"), 16) + shift) for t in targets.replace(b"]", b"").split()]
            lines.append(start + b"[" + b" ".join(moved) + b"]")
            continue
        lines.append(b" ".join(parts))
    stream = StreamObject()
    stream.set_data(head + word + b"\n".join(lines))
    return stream
