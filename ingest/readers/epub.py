"""E-books (EPUB 2 and 3) as text: chapter by chapter in reading order, each a section with its headings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.documents import Document
from ingest.errors import FileFailed
from ingest.readers.archive import Archive, attribute_of, child_of, children_of, descendants_of, joined, name_of, opened
from ingest.readers.assembling import Assembly
from ingest.readers.characters import clean, single_line
from ingest.readers.html import HtmlReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
TEXTS = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"}

_SEEN_ONLY = re.compile(rb"<(?:\w+:)?(img|image|svg|video|audio|math)\b", re.IGNORECASE)
_KINDS = {"img": "picture", "image": "picture", "svg": "drawing", "math": "formula"}


class EpubReader:
    """Reads `.epub`. Each file of the spine is a page, called "section 3"; a protected book is "encrypted"."""

    suffixes = frozenset({".epub"})

    def read(self, data: bytes, source: str) -> Document:
        with opened(data) as package:
            main = attribute_of(next(descendants_of(package.root(CONTAINER), "rootfile"), None), "full-path")
            root = package.root(main)
            if root is None:
                raise FileFailed("parse_error", f"it is no e-book: {CONTAINER} names no package that is there")
            book = _Book(package, main, root)
            book.take_all()
            stated = {name_of(field): single_line(clean(field.text or "")) for field in _metadata(root)}
        metadata = {
            name: stated[key] for name, key in (("author", "creator"), ("language", "language")) if stated.get(key)
        }
        return book.assembly.document(data, source, title=stated.get("title", ""), metadata=metadata)


def _metadata(root: Element) -> Iterator[Element]:
    """What the book says of itself; of several titles and authors the first counts, so it comes last."""
    fields = child_of(root, "metadata")
    return reversed(list(descendants_of(fields, "title", "creator", "language")))


class _Book:
    """Takes the files of the spine in order."""

    def __init__(self, package: Archive, main: str, root: Element) -> None:
        self.assembly = Assembly()
        self._package = package
        manifest = children_of(child_of(root, "manifest"), "item")
        self._items = {attribute_of(item, "id"): item for item in manifest}
        self._spine = [attribute_of(entry, "idref") for entry in children_of(child_of(root, "spine"), "itemref")]
        self._main = main

    def take_all(self) -> None:
        protected = _protected(self._package)
        titles = self._titles()
        for number, identifier in enumerate(self._spine, start=1):
            item = self._items.get(identifier)
            part = joined(self._main, attribute_of(item, "href"))
            if part in protected:
                raise FileFailed("encrypted", "the book is under copy protection")
            self.assembly.begin_page(f"section {number}")
            if item is None or part not in self._package.names:
                self.assembly.skipped["missing section"] += 1
            elif attribute_of(item, "media-type") in TEXTS:
                self._take(part, titles.get(part, ""))
            else:
                self.assembly.skipped["section in another format"] += 1

    def _take(self, part: str, title: str) -> None:
        markup = self._package.read(part)
        kinds = [_KINDS.get(match.decode().lower(), match.decode().lower()) for match in _SEEN_ONLY.findall(markup)]
        if "picture" in kinds:  # a drawing around a picture is its frame
            kinds = [kind for kind in kinds if kind != "drawing"]
        self.assembly.skipped.update(kinds)
        try:
            chapter = HtmlReader().read(markup, part)
        except FileFailed as failure:
            if failure.outcome != "empty":  # a cover, a picture that takes the whole page
                raise
            return
        if not chapter.headings:
            self.assembly.head(1, title)
        self.assembly.append(chapter)

    def _titles(self) -> Mapping[str, str]:
        """What the table of contents calls each file, for chapters that bear no heading of their own."""
        titles: dict[str, str] = {}
        for item in self._items.values():
            part = joined(self._main, attribute_of(item, "href"))
            if attribute_of(item, "media-type") == "application/x-dtbncx+xml":
                for point in descendants_of(self._package.root(part), "navPoint"):
                    label = "".join(text.text or "" for text in descendants_of(child_of(point, "navLabel"), "text"))
                    titles.setdefault(joined(part, attribute_of(child_of(point, "content"), "src")), label)
            elif "nav" in attribute_of(item, "properties").split():
                for link in descendants_of(self._package.root(part), "a"):
                    titles.setdefault(joined(part, attribute_of(link, "href")), "".join(link.itertext()))
        return titles


def _protected(package: Archive) -> set[str]:
    """The parts that are encrypted. Fonts are, in many free books, to tie them to the book; texts are not."""
    references = descendants_of(package.root(ENCRYPTION), "CipherReference")
    return {joined("", attribute_of(reference, "URI")) for reference in references}
