"""Source code and configuration, kept as written; what is defined in it makes its headings."""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.documents import Document, Heading, document_id
from ingest.readers.characters import require_text
from ingest.readers.decoding import decode

TAB = 4  # columns; only the order of indents matters here
DEEPEST = 6

# One line that opens a definition, by language. A pattern is a hint for headings, not a parser: what it misses is
# found by its text all the same. Every repeat that could run on is bounded, so that no file is slow to read.
_ACCESS = r"(?:(?:public|private|protected|internal|open|static|final|abstract|sealed|override|partial|data|case)\s+)"
_PYTHON = r"(?:async\s+)?(?:def|class)\s+\w+"
_JAVASCRIPT = r"(?:export\s+)?(?:default\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|interface|enum)\s+\w+"
_JVM = _ACCESS + r"{0,5}(?:class|interface|enum|record|object|trait|struct|fun|def)\s+\w+"
_GO = r"(?:func\s+(?:\([^)\n]{0,80}\)\s*)?|type\s+)\w+"
_RUST = r"(?:pub(?:\(\w+\))?\s+)?(?:(?:async|unsafe|const)\s+){0,3}(?:fn|struct|enum|trait|impl|mod)\b[^{;(=]{1,80}"
_C = (
    r"(?:(?:class|struct|enum|union|namespace)\s+\w+(?=[^;=()\n]{0,80}\{)"
    r"|(?!(?:if|for|while|switch|else|catch)\b)[A-Za-z_][\w:<>,*& \t]{0,80}\([^;{}()]{0,200}\)[\w\s]{0,20}(?=\{))"
)
_RUBY = r"(?:def|class|module)\s+[\w.:?!]+"
_SHELL = r"(?:function\s+[\w-]+|[\w-]+\s*\(\))"
_SQL = r"(?i:create)\s+(?i:or\s+replace\s+)?(?i:table|view|function|procedure|index|trigger)\s+[\w.\"`]+"
_PHP = _ACCESS + r"{0,5}(?:function|class|interface|trait)\s+\w+"
_SWIFT = _ACCESS + r"{0,5}(?:func|class|struct|enum|protocol|extension)\s+\w+"

DEFINITIONS = {
    suffix: re.compile(rf"^([ \t]*)({pattern})", re.MULTILINE)
    for pattern, suffixes in (
        (_PYTHON, ".py .pyi .pyx"),
        (_JAVASCRIPT, ".js .mjs .cjs .jsx .ts .tsx .vue .svelte"),
        (_JVM, ".java .kt .kts .scala .groovy .cs"),
        (_GO, ".go"),
        (_RUST, ".rs"),
        (_C, ".c .h .cc .cpp .cxx .hpp .hh .m .mm .cu"),
        (_RUBY, ".rb"),
        (_SHELL, ".sh .bash .zsh"),
        (_SQL, ".sql"),
        (_PHP, ".php"),
        (_SWIFT, ".swift"),
    )
    for suffix in suffixes.split()
}
UNDEFINED = (
    ".yaml .yml .toml .ini .cfg .conf .env .properties .xml .xsd .xsl .css .scss .less .lua .pl "
    ".pm .r .jl .hs .ml .ex .exs .erl .clj .dart .zig .nim .ps1 .bat .cmd .mk .cmake .gradle .tf .proto .graphql .diff "
    ".patch .asm .s .f90 .f .vb .fs .lisp .el .vim .dockerfile"
)


class CodeReader:
    """Reads program text. Headings are the lines that define something, nested as they are indented."""

    suffixes = frozenset({*DEFINITIONS, *UNDEFINED.split()})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decode(data)
        text = require_text(decoded.text)
        headings = _headings(text, PurePath(source).suffix.lower())
        return Document(document_id(data), text, source, headings=headings, warnings=decoded.warnings)


def _headings(text: str, suffix: str) -> tuple[Heading, ...]:
    pattern = DEFINITIONS.get(suffix)
    if pattern is None:
        return ()
    found: list[Heading] = []
    indents: list[int] = []  # of the definitions that enclose the present one
    for match in pattern.finditer(text):
        indent = len(match[1].expandtabs(TAB))
        while indents and indents[-1] >= indent:
            indents.pop()
        indents.append(indent)
        found.append(Heading(min(len(indents), DEEPEST), " ".join(match[2].split()), match.start()))
    return tuple(found)
