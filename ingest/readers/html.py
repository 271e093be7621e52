"""Web pages as text: the main part, block by block, with its headings."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from ingest.documents import Document, Heading, document_id
from ingest.errors import FileFailed
from ingest.readers.assembling import counted
from ingest.readers.characters import clean, require_text, single_line
from ingest.readers.decoding import Decoded, decode
from ingest.readers.html_tables import name_values

if TYPE_CHECKING:
    from resiliparse.parse.html import HTMLTree

# What surrounds the content, by the landmarks of HTML 5 and ARIA, and what nobody sees. resiliparse's own guess at the
# main content drops whole lists, so it is not used.
SURROUNDINGS = (
    "nav", "body > header", "footer", "[role=navigation]", "[role=banner]", "[role=contentinfo]", "[role=search]",
    "script", "style", "template", "dialog", "[hidden]", "[style*='display:none']", "[style*='display: none']",
    "[style*='visibility:hidden']", "[style*='visibility: hidden']",
)  # fmt: skip
MAIN_SHARE = 0.25  # of the page's text: a "main" element with less is a misnomer, and the whole page is read
DEEPEST_INDENT = 8
SHOWN = "img:not([alt=''])"  # an empty alternative text says that it is decoration

_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_TAG = re.compile(r"<(/?)(\w+)[^>]*>")
_CELLS = re.compile(r"\t+")


class HtmlReader:
    """Reads HTML. Table cells are set apart by " | " and carry their column's name where the table has such; list items
    begin with bullets or numbers; pictures are counted."""

    suffixes = frozenset({".html", ".htm", ".xhtml", ".shtml"})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decoded_page(data)
        markup, pictures, title = _taken(decoded.text)
        blocks = _Blocks(markup)
        text = require_text(blocks.text)
        return Document(
            document_id(data),
            text,
            source,
            title=title or (blocks.headings[0].title if blocks.headings else ""),
            headings=tuple(blocks.headings),
            warnings=(*decoded.warnings, *counted({"picture": pictures})),
        )


def _taken(page: str) -> tuple[str, int, str]:
    """All that is wanted of a page: the markup of its main part, the number of pictures there, and its title.

    The tree ends here: an error that is raised later and kept would keep it as well, and resiliparse's may be freed by
    no other thread than the one that made it, while Python collects cycles in any.
    """
    from resiliparse.parse.html import HTMLParserException, HTMLTree

    try:
        tree = HTMLTree.parse(page)
        name_values(tree)
        markup, pictures = _main_markup(tree)
    except HTMLParserException as error:
        raise FileFailed("parse_error", f"not HTML: {error}") from error
    stated = single_line(clean(tree.title or ""))
    return markup, pictures, stated if any(map(str.isalnum, stated)) else ""  # some programs write "-"


def decoded_page(data: bytes) -> Decoded:
    """The characters of a page, by the encoding that it declares if it does."""
    declared = _CHARSET.search(data[:4096])
    return decode(data, declared=declared[1].decode("ascii") if declared else "")


def main_part(tree: HTMLTree) -> Any:
    """The element that holds the content of a page: its main part, or the body; None of a page without any."""
    return _main(tree)[0]


def _main_markup(tree: HTMLTree) -> tuple[str, int]:
    """The main part in resiliparse's reduced markup (headings, paragraphs, lists, preformatted text); its pictures."""
    part, markup = _main(tree)
    return markup, _pictures(part)


def _main(tree: HTMLTree) -> tuple[Any, str]:
    page = _markup(tree)
    for selector in ("main, [role=main]", "article"):
        found = tree.body.query_selector_all(selector) if tree.body else []
        if len(found) == 1:
            part = _markup(found[0].html)
            if len(part) >= MAIN_SHARE * len(page):
                return found[0], part
            break
    return tree.body, page


def _pictures(part: Any) -> int:
    """How many pictures an element of resiliparse's shows; none where there is none."""
    return len(part.query_selector_all(SHOWN)) if part is not None else 0


def _markup(html: HTMLTree | str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, preserve_formatting="minimal_html", skip_elements=SURROUNDINGS))


class _Blocks:
    """Text built from reduced markup. Breaks are held back until text follows, so none stands at either end."""

    def __init__(self, markup: str) -> None:
        self.headings: list[Heading] = []
        self._parts: list[str] = []
        self._length = 0
        self._breaks = 0
        self._after_bullet = False
        self._preformatted = False
        self._lists: list[int | None] = []  # of each open list the number of its last item, None where it has bullets
        self._heading_from = 0  # index into `_parts` at which the words of the open heading begin
        end = 0
        for tag in _TAG.finditer(markup):
            self._write(markup[end : tag.start()])
            self._mark(tag[2].lower(), closing=bool(tag[1]))
            end = tag.end()
        self._write(markup[end:])

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def _write(self, markup: str) -> None:
        text = clean(unescape(markup))
        if self._preformatted:
            self._put(text.strip("\n"))
            return
        for number, line in enumerate(text.split("\n")):
            words = _CELLS.sub(" | ", line.strip())
            if number:
                self._break(1 if words else 2)
            self._put(words)

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._parts:
            text = "\n" * self._breaks + text
        self._breaks = 0
        self._after_bullet = False
        self._parts.append(text)
        self._length += len(text)

    def _break(self, lines: int) -> None:
        """At least so many line ends before the next text; in a list, where items stand close, never more than one."""
        if not self._after_bullet:
            self._breaks = max(self._breaks, min(lines, 1) if self._lists else lines)

    def _mark(self, name: str, *, closing: bool) -> None:
        match name:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._mark_heading(int(name[1]), closing=closing)
            case "ul" | "ol":
                self._mark_list(numbered=name == "ol", closing=closing)
            case "li" if not closing:
                self._begin_item()
            case "pre":
                self._break(2)
                self._preformatted = not closing
            case "p":
                self._break(2)
            case "br":
                self._break(1)

    def _mark_heading(self, level: int, *, closing: bool) -> None:
        self._break(2)
        if not closing:
            self._heading_from = len(self._parts)
        elif words := "".join(self._parts[self._heading_from :]).lstrip("\n"):
            self.headings.append(Heading(level, single_line(words), self._length - len(words)))

    def _mark_list(self, *, numbered: bool, closing: bool) -> None:
        if closing and self._lists:
            self._lists.pop()
        self._break(2)
        if not closing:
            self._lists.append(0 if numbered else None)

    def _begin_item(self) -> None:
        self._break(1)
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number = number + 1
        indent = "  " * min(len(self._lists) - 1, DEEPEST_INDENT)
        self._put(indent + ("• " if number is None else f"{number}. "))
        self._after_bullet = True
