"""Where the tokens of an embedding model begin, by the model's own tokenizer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import EmbedderFailed

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ingest.documents import IntVector

# Characters tokenised in one call. The time of one call grows faster than its text: 2.8 MB/s up to this size,
# 1.8 at half a million characters, on one core.
PIECE = 16_384


@dataclass(frozen=True, slots=True)
class JsonTokens:
    """Token starts by a tokenizer of the `tokenizers` library (https://github.com/huggingface/tokenizers).

    `source` is the path of its `tokenizer.json`, or the content of that file. The object is nothing but its source:
    it is free to make and to send to another process, and each process loads the tokenizer when it first needs it.
    """

    source: Path | str

    def starts(self, text: str) -> IntVector:
        """As `Tokens.starts`. Longer texts are tokenised in pieces cut before white space, so time stays linear."""
        import numpy as np

        encode = self._tokenizer().encode
        parts = [np.empty(0, np.int64)]
        text = encodable(text)
        for begin, end in pieces(text):
            offsets = encode(text[begin:end], add_special_tokens=False).offsets
            parts.append(np.fromiter((start for start, _ in offsets), np.int64, len(offsets)) + begin)
        return np.concatenate(parts)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, special tokens included. Releases the GIL and uses every core."""
        encodings = self._tokenizer().encode_batch([encodable(text) for text in texts])
        return [encoding.ids for encoding in encodings]

    def load(self) -> None:
        """Read the tokenizer now. Raises `EmbedderFailed` when the source is none."""
        self._tokenizer()

    def _tokenizer(self) -> Tokenizer:
        return _load(self.source)


@dataclass(frozen=True, slots=True)
class WordTokens:
    """Words and single marks: the tokens of models that have no vocabulary."""

    def starts(self, text: str) -> IntVector:
        import numpy as np

        return np.fromiter((match.start() for match in _WORD.finditer(text)), np.int64)


_WORD = re.compile(r"\w{1,32}|[^\w\s]")


def pieces(text: str, size: int = PIECE) -> Iterator[tuple[int, int]]:
    """Consecutive stretches of at most `size` characters, cut before a space or newline where there is one."""
    begin = 0
    while begin < len(text):
        end = begin + size
        if end < len(text):
            space = max(text.rfind(" ", begin + 1, end), text.rfind("\n", begin + 1, end))
            end = space if space > 0 else end
        yield begin, min(end, len(text))
        begin = end


def encodable(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot hold, replaced one by one: offsets stay as they were."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=8)
def _load(source: Path | str) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(source)) if isinstance(source, Path) else Tokenizer.from_str(source)
    except Exception as error:  # the library raises nothing narrower; the reason is its text
        where = str(source) if isinstance(source, Path) else "the tokenizer given as text"
        raise EmbedderFailed(f"{where} cannot be read as a tokenizer: {error}.", "Install the model again.") from error
    tokenizer.no_truncation()  # a tokenizer.json carries both as saved state
    tokenizer.no_padding()
    return tokenizer
