"""The printed half of the guide: it is what the chapters say, and what readers of PDFs must cope with is in it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from assistant.demo import SAMPLE

ROOT = Path(__file__).parents[1]


def test_the_print_is_what_the_chapters_say(tmp_path: Path) -> None:
    build = runpy.run_path(str(ROOT / "docs" / "build_guide.py"))["build"]
    build(tmp_path / "first.pdf")
    build(tmp_path / "second.pdf")
    assert (tmp_path / "first.pdf").read_bytes() == (tmp_path / "second.pdf").read_bytes()
    assert printed_pages(tmp_path / "first.pdf") == printed_pages(SAMPLE / "kestrel-guide.pdf"), (
        "run: python docs/build_guide.py"
    )


def test_the_print_has_labels_an_outline_and_a_title() -> None:
    path = SAMPLE / "kestrel-guide.pdf"
    assert path.stat().st_size < 200_000
    import pypdfium2

    with pypdfium2.PdfDocument(path) as pdf:
        labels = [pdf.get_page_label(index) for index in range(len(pdf))]
        outline = [(entry.level, entry.get_title()) for entry in pdf.get_toc()]
        assert pdf.get_metadata_value("Title") == "The Kestrel guide"
    assert labels == ["i", "ii", *(str(number) for number in range(1, len(labels) - 1))]
    headings = [
        (len(marks) - 1, title)
        for chapter in sorted((ROOT / "docs" / "guide").glob("*.md"))
        for marks, title in re.findall(r"^(#+) (.+)$", chapter.read_text(encoding="utf-8"), re.M)
    ]
    assert outline == headings


def printed_pages(path: Path) -> list[str]:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]
