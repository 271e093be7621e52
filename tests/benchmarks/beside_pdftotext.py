"""Text of real PDFs beside pdftotext (Poppler), which nobody here wrote.

    python -m tests.benchmarks.beside_pdftotext FOLDER… [--most-pages 200] [--second]

Per file: the share of pdftotext's words that Kestrel has on the same page, the share of its pairs of neighbouring words
(the order), and the share of Kestrel's words that pdftotext has. Running heads and page numbers, which Kestrel keeps
beside the text, count as found and are left out of the order. Words are compared without case, hyphens, ligatures and
diacritics; so is what both programs write differently at the end of a line. Of scripts that set no spaces between
words the letters are counted. With --second, files that have less than .98 are told beside MuPDF's mutool as well.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ingest.errors import FileFailed
from ingest.readers.pdf_layout import lay_out
from ingest.readers.pdf_running import parted
from ingest.readers.pdfium_file import PdfiumFile

LEAST = 0.98  # of the words of each file

_HYPHEN = re.compile(r"[-\u00ad\u2010\u2011\ufffe]\s*\n?\s*(?=\w)")
# Thai, Lao, Myanmar and Khmer; kana and ideographs: they set no spaces between words, so their letters are counted.
_UNPARTED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNPARTED}]|[^\W{_UNPARTED}]+")
_JOINERS = frozenset("\u200c\u200d\u2060\ufeff")


@dataclass(frozen=True)
class Likeness:
    """Shares in [0, 1] over `words` words of pdftotext on `pages` pages."""

    pages: int
    words: int
    found: float
    order: float
    known: float


def words_of(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).replace("\u0131", "i")
    plain = "".join(filter(_is_compared, plain))
    return _WORD.findall(_HYPHEN.sub("", plain).lower())


def _is_compared(character: str) -> bool:
    """Not marks, vowel signs among them, of which programs put some before a letter and some behind; nor joiners."""
    return not unicodedata.category(character).startswith("M") and character not in _JOINERS


def judged(path: Path, most_pages: int) -> list[list[str]]:
    command = ["pdftotext", "-l", str(most_pages), "-enc", "UTF-8", str(path), "-"]
    text = subprocess.run(command, capture_output=True, check=True, timeout=300).stdout.decode("utf-8", "replace")
    return [words_of(page) for page in text.split("\f")[:-1]]


def second_found(path: Path, most_pages: int) -> float:
    """The share of pdftotext's words that MuPDF has, whose text nobody here wrote either."""
    command = ["mutool", "draw", "-q", "-F", "txt", "-o", "-", str(path), f"1-{most_pages}"]
    text = subprocess.run(command, capture_output=True, check=True, timeout=300).stdout.decode("utf-8", "replace")
    theirs, others = judged(path, most_pages), [words_of(page) for page in text.split("\f")]
    common = sum((Counter(page) & Counter(other)).total() for page, other in zip(theirs, others, strict=False))
    return common / max(1, sum(map(len, theirs)))


def read(path: Path, most_pages: int) -> tuple[list[list[str]], list[list[str]]]:
    """The words of each page, and those that stand in its running lines."""
    with closing(PdfiumFile(path.read_bytes())) as file:
        pages = [file.lines(page) for page in range(min(len(file), most_pages))]
    kept, _ = parted(pages)
    layout = lay_out(kept)
    ends = [*layout.pages[1:], len(layout.text)]
    texts = [layout.text[start:end] for start, end in zip(layout.pages, ends, strict=True)]
    running = [[line.text for line in page if line not in rest] for page, rest in zip(pages, kept, strict=True)]
    return [words_of(text) for text in texts], [words_of("\n".join(lines)) for lines in running]


def likeness(path: Path, most_pages: int) -> Likeness:
    theirs, (ours, running) = judged(path, most_pages), read(path, most_pages)
    words: Counter[str] = Counter()
    for page, own, heads in zip(theirs, ours, running, strict=True):
        found = Counter(page) & Counter(own + heads)
        body = _without(page, heads)
        pairs, own_pairs = Counter(pairwise(body)), Counter(pairwise(own))
        words["all"] += len(page)
        words["found"] += found.total()
        words["pairs"] += pairs.total()
        words["order"] += (pairs & own_pairs).total()
        words["own"] += len(own + heads)
    return Likeness(
        len(theirs),
        words["all"],
        words["found"] / max(1, words["all"]),
        words["order"] / max(1, words["pairs"]),
        words["found"] / max(1, words["own"]),
    )


def _without(page: Sequence[str], heads: Sequence[str]) -> list[str]:
    """The words of a page less those of its running lines, taken from its beginning and its end."""
    left, rest = Counter(heads), list(page)
    for end in (0, -1):
        while rest and left[rest[end]]:
            left[rest.pop(end)] -= 1
    return rest


def _row(one: Likeness) -> str:
    return f"{one.pages} | {one.words} | {one.found:.4f} | {one.order:.4f} | {one.known:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--most-pages", type=int, default=200, help="of each file (default 200)")
    parser.add_argument("--second", action="store_true", help="for files below .98: what mutool has of those words")
    arguments = parser.parse_args()
    total, shares = Counter[str](), Counter[str]()
    print("| file | pages | words | found | order | known | mutool |\n|---|---|---|---|---|---|---|")
    for folder in arguments.folders:
        for path in sorted(folder.rglob("*.pdf")) if folder.is_dir() else [folder]:
            try:
                one = likeness(path, arguments.most_pages)
            except (FileFailed, subprocess.CalledProcessError) as error:
                print(f"| {path.name} | – | – | {error} | | | |")
                continue
            if not one.words:
                continue
            second = second_found(path, arguments.most_pages) if arguments.second and one.found < LEAST else None
            print(f"| {path.name} | {_row(one)} | {'' if second is None else f'{second:.4f}'} |")
            total.update(files=1, pages=one.pages, words=one.words, found_below=one.found < LEAST)
            shares.update(found=one.found * one.words, order=one.order * one.words, known=one.known * one.words)
    weighed = ", ".join(f"{name} {share / max(1, total['words']):.4f}" for name, share in shares.items())
    print(f"\n{total['files']} files, {total['pages']} pages, {total['words']} words; "
          f"{total['found_below']} files with less than .98 of the words; {weighed}")  # fmt: skip


if __name__ == "__main__":
    main()
