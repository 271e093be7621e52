"""The faults a server can show on purpose, written as text: which, how often, where.

b13            every generation is refused with 429
b13:2*1        the first one is, with Retry-After: 2; the others are answered
b14@all        every route, /info and /health too, answers with a 503 page
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"(?P<kind>b\d+)(?::(?P<variant>[^*@]+))?(?:\*(?P<times>\d+))?(?P<everywhere>@all)?", re.IGNORECASE)

CATALOGUE = {
    "b1": "nothing listens on the port",
    "b2": "the host's name does not resolve",
    "b3": "silence before the headers",
    "b4": "silence after the first token (or half of the answer)",
    "b5": "one byte at a time; b5:0.1 sets the seconds between them (1)",
    "b6": "the connection closes mid-stream, without chunks that would show it",
    "b7": "the connection closes inside a chunk",
    "b8": "the connection is reset mid-stream",
    "b9": "an error event after some tokens; b9:overloaded sets its error_type (generation)",
    "b10": "an event that is no JSON; b10:[] sets its data ({not json})",
    "b11": "empty data, comments, event, id and retry lines between the events",
    "b12": "a byte order mark, CRLF and pieces of 3 bytes; b12:cr for CR alone",
    "b13": "429; b13:2, b13:date, b13:1000000000, b13:-1, b13:soon set Retry-After (none)",
    "b14": "503 with an HTML page",
    "b15": "500 once, then answers; b15:502 sets the status",
    "b16": "424, generation failed",
    "b17": "422 too long beyond fewer tokens than /info tells; b17:600 sets how many (half)",
    "b18": "413",
    "b19": "200 with an HTML page; b19:empty without a body; b19:204",
    "b20": "the first token for ever",
    "b21": "another model answers; b21:NAME sets its name (other/model)",
    "b22": "401 without a body; b22:403",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` requests are hit, None means all; `everywhere` hits all routes instead of those that generate."""

    kind: str
    variant: str = ""
    times: int | None = None
    everywhere: bool = False

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Raises `ValueError` naming the kinds that there are."""
        match = _FORM.fullmatch(text.strip())
        if match is None or match["kind"].lower() not in CATALOGUE:
            raise ValueError(f"there is no fault {text!r}; known: {', '.join(CATALOGUE)}, as in b13:2*1@all")
        kind, times = match["kind"].lower(), match["times"]
        once = 1 if kind == "b15" else None
        return cls(kind, match["variant"] or "", int(times) if times else once, bool(match["everywhere"]))
