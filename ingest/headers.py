"""What is embedded for a chunk: its text under a header that says where it stands.

A sentence such as "It lasts 14 weeks" means little without the title and section above it. The header is made from
those two alone: the name of the file may change without the vectors changing (keyword search looks at names).
"""

from __future__ import annotations

import hashlib
import unicodedata

HEADER_BYTES = 100  # of UTF-8: no tokenizer makes more tokens than bytes; English takes a quarter of that
LONGEST_HEADING = 400  # characters
PATH = " > "  # between the headings of a path, outermost first


def embedding_text(title: str, heading: str, text: str) -> str:
    """The text given to the embedder for the chunk `text` of a document called `title`, in the section `heading`.

    The heading that the chunk itself begins with is not said twice.
    """
    first_line = _folded(text[:LONGEST_HEADING].partition("\n")[0].strip("# "))
    parts = [part for part in _parts(title, heading) if part != first_line]
    return f"{_capped(parts)}\n{text}" if parts else text


def header(title: str, heading: str) -> str:
    """The longest header that `embedding_text` may put above a chunk of this section; at most `HEADER_BYTES`."""
    return _capped(_parts(title, heading))


def embedding_hash(text: str) -> bytes:
    """blake2b-128 of what is embedded and of nothing else: equal texts share one vector, wherever they stand."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _parts(title: str, heading: str) -> list[str]:
    """Title and headings, folded, each once: a document's first heading often repeats its title."""
    return list(dict.fromkeys(part for part in map(_folded, (title, *heading.split(PATH))) if part))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _capped(parts: list[str]) -> str:
    """The parts joined within `HEADER_BYTES`: half for the first, the rest for the innermost headings that fit."""
    inner = parts[1:]
    first = _cut(parts[0], HEADER_BYTES // 2 if inner else HEADER_BYTES) if parts else ""
    room = HEADER_BYTES - len(first.encode()) - len(PATH)
    while len(inner) > 1 and len(PATH.join(inner).encode("utf-8", "replace")) > room:
        inner = inner[1:]
    return PATH.join([first, *([_cut(PATH.join(inner), room)] if inner else [])])


def _cut(text: str, size: int) -> str:
    """The longest beginning of a text that takes at most `size` bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore").rstrip()
