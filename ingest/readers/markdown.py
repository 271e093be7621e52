"""Markdown, kept as it was written but for its tables, whose rows carry the names of their columns.

Its headings are found, its title is the front matter's or the first heading's.
"""

from __future__ import annotations

import re
from functools import cache, partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from ingest.documents import Document, Heading, MetadataValue, document_id
from ingest.readers.assembling import counted
from ingest.readers.characters import require_text, single_line
from ingest.readers.decoding import decode
from ingest.readers.markdown_tables import name_rows

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Plain "key: value" lines only: a whole YAML parser would bring anchors, tags and their attacks for a title's sake.
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_CODE = re.compile(r"`[^`]*`")
_PICTURE = re.compile(r"(?<!\\)!\[[^\[\]\n]*\]\s?[(\[]|<img\b", re.IGNORECASE)
_FIELD = re.compile(r"^([A-Za-z][\w-]*)[ \t]*:[ \t]+([^\s|>&*\[{#].*?)[ \t]*$", re.MULTILINE)


class MarkdownReader:
    """Reads CommonMark with the headings of both kinds (`# Leave` and underlined) and tables; pictures are counted."""

    suffixes = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decode(data)
        written = require_text(decoded.text)
        fields, body = _front_matter(written)
        text, headings, pictures = _structure(written, body)
        title = single_line(str(fields.get("title", ""))) or (headings[0].title if headings else "")
        return Document(
            document_id(data),
            text,
            source,
            title=title,
            headings=headings,
            metadata={key: value for key, value in fields.items() if key != "title"},
            warnings=(*decoded.warnings, *counted({"picture": pictures})),
        )


def _front_matter(text: str) -> tuple[dict[str, MetadataValue], int]:
    """The fields of the block between two `---` lines at the top, and the offset behind it."""
    block = _FRONT_MATTER.match(text)
    if not block:
        return {}, 0
    fields: dict[str, MetadataValue] = {
        name.lower(): value.strip("\"'") for name, value in _FIELD.findall(block.group(1) or "")
    }
    return fields, block.end()


def _structure(written: str, body: int) -> tuple[str, tuple[Heading, ...], int]:
    """The text with its tables told row by row, the headings at or after the offset `body`, and the number of pictures
    that stand outside of code. What is where is known by the line numbers that the parser gives for each block."""
    parser = _parser()
    tokens = parser.parse(written[body:])
    lines: list[str | None] = [*written[body:].split("\n")]
    name_rows(lines, tokens, partial(_plain, parser))
    starts = list(accumulate((0 if line is None else len(line) + 1 for line in lines), initial=body))
    text = written[:body] + "\n".join(line for line in lines if line is not None)
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.map and inline.content:
            found.append(Heading(int(opening.tag[1]), _plain(parser, inline.content), starts[opening.map[0]]))
    markup = (token.content for token in tokens if token.type in {"inline", "html_block"})
    return text, tuple(found), sum(len(_PICTURE.findall(_CODE.sub("", each))) for each in markup)


def _plain(parser: MarkdownIt, markup: str) -> str:
    """The words of a heading without emphasis, links and code marks."""
    tokens: list[Token] = []
    parser.inline.parse(markup, parser, {}, tokens)
    words = (" " if token.type == "softbreak" else token.content for token in tokens)
    return single_line("".join(words)) or single_line(markup)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable("inline")  # the text inside blocks is most of the work, and only headings need it
    return parser
