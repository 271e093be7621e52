"""Plain text, kept as it was written."""

from __future__ import annotations

from ingest.documents import Document, document_id
from ingest.readers.characters import require_text, single_line
from ingest.readers.decoding import decode

TITLE_CHARACTERS = 100


class TextReader:
    """Reads text in any common encoding. A short first line that stands alone is the title."""

    suffixes = frozenset({".txt", ".text", ".log", ".rst", ".adoc", ".asc", ".org", ".tex", ".srt", ".vtt"})

    def read(self, data: bytes, source: str) -> Document:
        decoded = decode(data)
        text = require_text(decoded.text)
        return Document(document_id(data), text, source, title=_title(text), warnings=decoded.warnings)


def _title(text: str) -> str:
    first, _, rest = text.lstrip("\n").partition("\n")
    title = single_line(first)
    stands_alone = rest.startswith(("\n", "===", "---", "***")) and not title.endswith((".", ",", ";", ":"))
    return title if stands_alone and len(title) <= TITLE_CHARACTERS else ""
