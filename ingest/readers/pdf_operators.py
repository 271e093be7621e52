"""What a content stream of a PDF draws, told by the words before each `Do`, without reading the stream as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WHITE = rb"\0\t\n\f\r \x80\xff"  # the last two are white to pdfium alone
_REGULAR = rb"[^" + _WHITE + rb"()<>\[\]{}/%]"
_DRAWS = re.compile(rb"Do(?<!" + _REGULAR + rb"Do)(?!" + _REGULAR + rb")")
_NAMED = re.compile(rb"/([!\"$&-'*-.0-;=?-Z\\^-z|~]*)[" + _WHITE + rb"]+Do(?!" + _REGULAR + rb")")  # in plain ASCII
# What else may name a form: a name with escapes or accents, a string, a word that pdfium takes for one, what stands
# before a comment or out of sight. Plain names are of no account here, and any other word draws nothing ("What We Do").
_UNNAMED = re.compile(
    rb"(?:(?<!\\)[)>]|%[^\r\n]*[\r\n]|/(?=[^" + _WHITE + rb"()<>\[\]{}/%]*[#\x7f-\xff\x01-\x1f])" + _REGULAR + rb"*"
    rb"|(?<!" + _REGULAR + rb")(?:true|false|null)|\A)[" + _WHITE + rb"]*\Z"
)
SIGHT = 1000  # bytes before an operator in which its operand is looked for


@dataclass(frozen=True, slots=True)
class DrawnNames:
    """Each name in plain ASCII as often as it is drawn, and how many drawings there may be under another one."""

    names: list[bytes]
    unnamed: int = 0


def drawn_by(content: bytes) -> DrawnNames:
    """What stands in a text or a picture and looks like a drawing counts as one: never too few are told."""
    names = _NAMED.findall(content)
    if len(_DRAWS.findall(content)) == len(names):
        return DrawnNames(names)
    return DrawnNames(names, sum(_is_unnamed(content, match.start()) for match in _DRAWS.finditer(content)))


def _is_unnamed(content: bytes, place: int) -> bool:
    return _UNNAMED.search(content[max(0, place - SIGHT) : place]) is not None
