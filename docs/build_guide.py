"""Builds `assistant/sample/kestrel-guide.pdf` from the chapters in `docs/guide/`: `python docs/build_guide.py`.

The PDF is a sample document as well as a guide, so it has what real PDFs have and a reader must cope with: a title page
and contents with roman page labels, numbered pages after them, an outline, tables, running feet and metadata. The same
chapters give the same bytes (reportlab's invariant mode), and a test compares them with the file in the repository.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    ListFlowable,
    ListItem,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
    XPreformatted,
)
from reportlab.platypus.tableofcontents import TableOfContents

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

CHAPTERS = Path(__file__).parent / "guide"
GUIDE = Path(__file__).parent.parent / "assistant" / "sample" / "kestrel-guide.pdf"
TITLE, SUBTITLE = "The Kestrel guide", "Part two: retrieval, models, evaluation, files on disk"

WIDTH, HEIGHT = A4
MARGIN = 78.0
FRONT_PAGES = 2  # title and contents, labelled i and ii
INK, SLATE, RUST = HexColor("#1d2b30"), HexColor("#5c6f75"), HexColor("#b4552d")
PAPER, LINE = HexColor("#f6f3ee"), HexColor("#d8d2c8")

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=16, textColor=INK, spaceAfter=8)
CODE = ParagraphStyle(
    "code", fontName="Courier", fontSize=9, leading=13, textColor=INK, backColor=PAPER, borderPadding=8, leftIndent=8,
    rightIndent=8, spaceBefore=16, spaceAfter=18,
)  # fmt: skip
CELL = ParagraphStyle("cell", parent=BODY, fontSize=10, leading=13, spaceAfter=0)
HEAD = ParagraphStyle("head", parent=CELL, fontName="Helvetica-Bold", fontSize=8.5, textColor=SLATE)
NUMBER = ParagraphStyle("number", fontName="Helvetica-Bold", fontSize=40, leading=44, textColor=RUST)
CHAPTER = ParagraphStyle(
    "chapter", fontName="Helvetica-Bold", fontSize=23, leading=28, textColor=INK, spaceAfter=22, keepWithNext=1
)
CONTENTS_TITLE = ParagraphStyle("contents-title", parent=CHAPTER)  # another name: no entry of its own
SECTION = ParagraphStyle(
    "section", fontName="Helvetica-Bold", fontSize=12.5, leading=16, textColor=INK, spaceBefore=14, spaceAfter=5,
    keepWithNext=1,
)  # fmt: skip
CONTENTS = [
    ParagraphStyle("c1", fontName="Helvetica-Bold", fontSize=11, leading=16, textColor=INK, spaceBefore=12),
    ParagraphStyle("c2", fontName="Times-Roman", fontSize=11, leading=16, textColor=INK, leftIndent=16),
]


class Guide(BaseDocTemplate):
    """Pages with feet, an outline and contents that fill themselves from the headings."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            str(path), pagesize=A4, title=TITLE, author="The Kestrel authors", subject=SUBTITLE, invariant=1,
            pageCompression=1,
        )  # fmt: skip
        frame = Frame(MARGIN, 84, WIDTH - 2 * MARGIN, HEIGHT - 84 - 78, 0, 0, 0, 0)
        self.addPageTemplates(
            [
                PageTemplate("title", [frame], onPage=draw_title_page),
                PageTemplate("contents", [frame], onPageEnd=draw_contents_foot),
                PageTemplate("chapters", [frame], onPageEnd=draw_foot),
            ]
        )

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's name
        level = {"chapter": 0, "section": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if level is None:
            return
        assert isinstance(flowable, Paragraph)
        title = flowable.getPlainText()
        key = f"heading-{self.page}-{title}"
        self.canv.bookmarkPage(key, fit="XYZ", top=self.frame._y + flowable.height + 60)
        self.canv.addOutlineEntry(title, key, level)
        self.notify("TOCEntry", (level, escape(title), self.page - FRONT_PAGES, key))


def build(path: Path = GUIDE) -> None:
    """Write the PDF."""
    contents = TableOfContents(levelStyles=CONTENTS, dotsMinLevel=1)
    story: list[Flowable] = [NextPageTemplate("contents"), PageBreak()]
    story += [Paragraph("Contents", CONTENTS_TITLE), contents, NextPageTemplate("chapters")]
    for chapter in sorted(CHAPTERS.glob("*.md")):
        number = chapter.name.partition("-")[0].lstrip("0")
        story += [PageBreak(), Paragraph(number, NUMBER), *blocks(chapter.read_text(encoding="utf-8"))]
    Guide(path).multiBuild(story)


def blocks(markdown: str) -> Iterator[Flowable]:
    """The flowables of one chapter. Raises `NotImplementedError` for Markdown that no chapter needed so far."""
    tree = SyntaxTreeNode(
        MarkdownIt("commonmark", {"typographer": True}).enable(["table", "smartquotes"]).parse(markdown)
    )
    for node in tree.children:
        match node.type:
            case "heading":
                yield Paragraph(inline(node), CHAPTER if node.tag == "h1" else SECTION)
            case "paragraph":
                yield Paragraph(inline(node), BODY)
            case "fence":
                yield XPreformatted(escape(node.content.rstrip()), CODE)
            case "bullet_list":
                yield bullets(node)
            case "table":
                yield CondPageBreak(120)
                yield table(node)
                yield Spacer(1, 14)
            case other:
                raise NotImplementedError(f"{other} in a chapter: teach blocks() to draw it.")


def inline(node: SyntaxTreeNode) -> str:
    """Emphasis, code and links as the mark-up of reportlab's paragraphs."""
    if node.type == "text":
        return escape(node.content)
    if node.type == "softbreak":
        return " "
    if node.type == "code_inline":
        return f'<font name="Courier" size="9.5">{escape(node.content)}</font>'
    inner = "".join(inline(child) for child in node.children)
    return {"strong": f"<b>{inner}</b>", "em": f"<i>{inner}</i>"}.get(node.type, inner)


def bullets(node: SyntaxTreeNode) -> ListFlowable:
    items = [ListItem(Paragraph(inline(item.children[0]), BODY), leftIndent=14) for item in node.children]
    return ListFlowable(items, bulletType="bullet", start="•", bulletColor=RUST, bulletFontSize=11, leftIndent=14)


def table(node: SyntaxTreeNode) -> Table:
    """Rules between rows and no box, as in books; columns share the width by their longest cell."""
    rows = [row.children for section in node.children for row in section.children]
    cells = [[Paragraph(inline(cell), HEAD if index == 0 else CELL) for cell in row] for index, row in enumerate(rows)]
    longest = [max(len(inline(row[column])) + 3 for row in rows) for column in range(len(rows[0]))]
    widths = [(WIDTH - 2 * MARGIN) * length / sum(longest) for length in longest]
    rules = [("LINEBELOW", (0, 0), (-1, 0), 0.9, INK), ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE)]
    padding = [("LEFTPADDING", (0, 0), (0, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    return Table(cells, widths, style=TableStyle([*rules, *padding]), repeatRows=1)


def draw_title_page(canvas: Canvas, _: Any) -> None:
    canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
    canvas.setFillColor(PAPER)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)
    draw_wing(canvas)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 40)
    canvas.drawString(MARGIN, 250, TITLE)
    canvas.setFont("Times-Italic", 16)
    canvas.setFillColor(SLATE)
    canvas.drawString(MARGIN, 220, SUBTITLE)
    canvas.setStrokeColor(RUST)
    canvas.setLineWidth(2)
    canvas.line(MARGIN, 190, MARGIN + 60, 190)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(MARGIN, 96, "Ask your own documents and get answers you can check.")


def draw_wing(canvas: Canvas) -> None:
    """A spread wing: feathers of one shape, turned about the shoulder, from rust to ink."""
    feathers = 13
    for index in range(feathers):
        share = index / (feathers - 1)
        canvas.saveState()
        canvas.translate(MARGIN + 20, 400)
        canvas.rotate(6 + 88 * share)
        tint = [rust + (ink - rust) * share for rust, ink in zip(RUST.rgb(), INK.rgb(), strict=True)]
        canvas.setFillColor(Color(*tint, alpha=0.82))
        length = 400 - 190 * share
        feather = canvas.beginPath()
        feather.moveTo(0, 0)
        feather.curveTo(length * 0.35, 20, length * 0.85, 24, length, 2)
        feather.curveTo(length * 0.8, -12, length * 0.35, -14, 0, 0)
        canvas.drawPath(feather, stroke=0, fill=1)
        canvas.restoreState()


def draw_contents_foot(canvas: Canvas, document: Guide) -> None:
    draw_foot(canvas, document, label="ii")


def draw_foot(canvas: Canvas, document: Guide, label: str = "") -> None:
    if document.page == FRONT_PAGES + 1:
        canvas.addPageLabel(FRONT_PAGES, style="ARABIC", start=1)
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.6)
    canvas.line(MARGIN, 60, WIDTH - MARGIN, 60)
    canvas.setFont("Helvetica", 8.5)
    canvas.setFillColor(SLATE)
    canvas.drawString(MARGIN, 46, TITLE)
    canvas.drawRightString(WIDTH - MARGIN, 46, label or str(document.page - FRONT_PAGES))


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else GUIDE)
