"""Text of real web pages, or of real text files, beside w3m, a text browser, which nobody here wrote.

    python -m tests.benchmarks.beside_w3m FOLDER… [--text] [--most-files 40] [--below]

Per folder, over evenly chosen pages: the share of w3m's words that Kestrel has, the share of its pairs of neighbours
(the order), and the share of Kestrel's words that w3m has. What Kestrel leaves out on purpose (navigation, banners,
what is hidden, what stands beside the main part) is taken out of the page before w3m sees it; `aside` is the share of
the words of the whole page that this takes. With --below each page with less than .98 of the words is told. With --text
the pages are text: *.txt, info, changelogs, NEWS, README and copyright, unpacked where they are packed.
"""

from __future__ import annotations

import argparse
import gzip
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from resiliparse.parse.html import HTMLTree

from ingest.errors import FileFailed
from ingest.readers import open_reader, reader_for
from ingest.readers.html import SURROUNDINGS, decoded_page, main_part
from tests.benchmarks.beside_pdftotext import LEAST, words_of

PAGE = re.compile(r".+\.x?html?")
TEXT = re.compile(r"(.+\.(txt|info(-\d+)?)|(changelog|news|readme|copyright|faq)(\.debian)?)(\.gz)?", re.IGNORECASE)
PICTURES_ASIDE = ["-o", "display_image=0", "-o", "pseudo_inlines=0"]  # no words of w3m's own in their place


@dataclass(frozen=True)
class Likeness:
    """Words of w3m, and how many of them Kestrel has; the same of pairs; Kestrel's words; w3m's of the whole page."""

    words: int
    found: int
    pairs: int
    ordered: int
    own: int
    whole: int
    lost: Counter[str]


def rendered(page: str, kind: str) -> list[str]:
    command = ["w3m", "-dump", "-T", kind, "-I", "UTF-8", "-O", "UTF-8", "-cols", "400", *PICTURES_ASIDE]
    run = subprocess.run(command, input=page.encode("utf-8", "replace"), capture_output=True, check=True, timeout=60)
    return words_of(run.stdout.decode("utf-8", "replace"))


def without_surroundings(html: str) -> str:
    """The part of a page that is meant to be read, as HTML."""
    tree = HTMLTree.parse(html)
    part = main_part(tree)
    for selector in SURROUNDINGS:
        for element in part.query_selector_all(selector):
            element.decompose()
    return f"<html><body>{part.html}</body></html>"


def likeness(path: Path, *, text: bool) -> Likeness:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    name = path.name.removesuffix(".gz")
    own = words_of(open_reader(reader_for(name, data)).read(data, name).text)
    if text:
        theirs = whole = rendered(data.decode("utf-8", "replace"), "text/plain")
    else:
        page = decoded_page(data).text
        theirs, whole = (rendered(part, "text/html") for part in (without_surroundings(page), page))
    found, pairs = Counter(theirs) & Counter(own), Counter(pairwise(theirs))
    ordered = (pairs & Counter(pairwise(own))).total()
    lost = Counter(theirs) - Counter(own)
    return Likeness(len(theirs), found.total(), pairs.total(), ordered, len(own), len(whole), lost)


def chosen(folder: Path, most: int, *, text: bool) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    pages = [path for path in found if (TEXT if text else PAGE).fullmatch(path.name)]
    return pages[:: max(1, -(-len(pages) // most))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--text", action="store_true", help="text files in place of web pages")
    parser.add_argument("--most-files", type=int, default=40, help="of each folder, evenly chosen (default 40)")
    parser.add_argument("--below", action="store_true", help="tell each page that has less than .98 of the words")
    arguments = parser.parse_args()
    print("| folder | pages | words | found | order | known | aside | below .98 |\n|---|---|---|---|---|---|---|---|")
    for folder in arguments.folders:
        total, below = Counter[str](), []
        for path in chosen(folder, arguments.most_files, text=arguments.text):
            try:
                one = likeness(path, text=arguments.text)
            except FileFailed as failure:
                print(f"{path}: {failure}")
                continue
            total.update(pages=1, words=one.words, found=one.found, pairs=one.pairs, ordered=one.ordered)
            total.update(own=one.own, whole=one.whole)
            if one.found < LEAST * one.words:
                below.append((path, one))
        shares = [(total["found"], "words"), (total["ordered"], "pairs"), (total["found"], "own")]
        told = " | ".join(f"{part / max(1, total[of]):.4f}" for part, of in shares)
        aside = 1 - total["words"] / max(1, total["whole"])
        print(f"| {folder.name} | {total['pages']} | {total['words']} | {told} | {aside:.4f} | {len(below)} |")
        if arguments.below:
            for path, one in below:
                print(
                    f"    {path.relative_to(folder)}: {one.found / one.words:.4f} of {one.words}, lost",
                    *one.lost.most_common(12),
                )


if __name__ == "__main__":
    main()
