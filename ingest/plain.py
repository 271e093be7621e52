"""Text from documents as one harmless line on a terminal, and addresses without what is secret in them."""

from __future__ import annotations

import re

# C0 and C1 controls (escape sequences start with one), and the marks that turn the reading direction or hide text:
# a document must not be able to repaint the terminal it is shown on (CVE-2021-42574 for the direction marks).
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

_NOT_IN_NAMES = re.compile(rf"{_UNPRINTABLE.pattern}|[\t\n\u2028\u2029]")


def plain(text: str) -> str:
    """`text` without control, escape and direction characters, its white space folded to single spaces."""
    return " ".join(printable(text).split())


def escaped(name: str) -> str:
    """A name on one line, with what cannot be printed as Python writes it ("\\n", "\\x1b"): no two names look alike."""
    return _NOT_IN_NAMES.sub(lambda match: match.group().encode("unicode_escape").decode(), name)


def printable(text: str) -> str:
    """`text` without control, escape and direction characters, its tabs and line breaks kept."""
    return _UNPRINTABLE.sub(" ", text)


# What stands before the last "@" of a host, and what a query says under a name for such things.
_LOGIN = re.compile(r"\A([\w+.-]+://)?[^/?#]*@")
_SECRET = re.compile(r"([?&;][^=&;#]*(?:key|token|secret|pass|pwd|auth|sig)[^=&;#]*=)[^&;#]*", re.IGNORECASE)


def without_secrets(address: str) -> str:
    """An address as it may be shown: names and passwords in it, and keys in its query, as dots."""
    return _SECRET.sub(r"\1•••", _LOGIN.sub(r"\1•••@", address))
