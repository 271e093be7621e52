"""Server-sent events, read as the WHATWG standard says (HTML, section 9.2.6), with limits.

Comments, `event:` and `id:` fields, several data lines, CR, LF and CRLF, a leading byte-order mark and characters
that are split between two reads are all legal; clients that look for "data:" at line starts trip over some of them.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterator

from assistant.errors import NotAModelServer

MAX_LINE = 1_000_000  # characters; the longest legitimate one is a last event with the whole answer
_LINE_END = re.compile(r"\r\n|\n|\r")


class EventDecoder:
    """Bytes in, in pieces of any size; the data of each complete event out."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
        self._rest = ""  # of a line whose end has not come
        self._data: list[str] = []
        self._after_return = False  # a line feed that comes next belongs to the line that a CR has ended

    def feed(self, data: bytes) -> Iterator[str]:
        """The data of the events that are complete now, without those that are empty: they are signs of life."""
        text = self._decode(data)
        if self._after_return and text:
            text = text.removeprefix("\n")
            self._after_return = False
        *lines, rest = _LINE_END.split(text)
        if lines:
            lines[0], self._rest = self._rest + lines[0], ""
            self._after_return = text.endswith("\r")
        self._rest += rest
        for line in lines:
            yield from self._line(line)
        if len(self._rest) > MAX_LINE or sum(map(len, self._data)) > MAX_LINE:
            raise NotAModelServer(f"An event is longer than {MAX_LINE:,} characters.", "Check what the server sends.")

    def _line(self, line: str) -> Iterator[str]:
        if not line:
            if any(self._data):
                yield "\n".join(self._data)
            self._data = []
            return
        field, _, value = line.partition(":")
        if field == "data":
            self._data.append(value.removeprefix(" "))


async def event_data(chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """The data of every complete event. What follows the last blank line is dropped: it was cut off."""
    decoder = EventDecoder()
    async for chunk in chunks:
        for data in decoder.feed(chunk):
            yield data
