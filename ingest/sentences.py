"""Where sentences begin and end, in many languages, by rule.

A terminator ends a sentence unless what surrounds it says otherwise: a lower-case continuation, an abbreviation, an
initial, an ordinal before a month, an enumerator at the start of a line. The kinds of exception are those of Punkt
(Kiss & Strunk 2006, https://doi.org/10.1162/coli.2006.32.4.485), listed instead of learned: a list needs no training
text, works on one paragraph, and gives the same borders on every machine.
"""

from __future__ import annotations

import re

from ingest.lines import Block, blocks

# One pass over any text: runs of marks are taken whole (possessive) and only from their first character, so that a
# million dots cost a million steps. Marks of the second kind need no space after them.
_END = re.compile(
    r"(?<![.!?…؟۔।॥])(?P<mark>[.!?…؟۔।॥]++)(?:[ \u00a0\u202f]»)?+[\"'”’»)\]}]*+(?P<space>\s++|\Z)"
    r"|(?P<wide>[。！？｡]++)[”’」』）】》\"')\]]*+(?P<after>\s*+)"
)
_WORD_BEFORE = re.compile(r"[^\s(\[{\"'“‘«„]+\Z")
_WORD_AFTER = re.compile(r"[\"'“‘«„(\[¿¡]*(\w+)")
_ACRONYM = re.compile(r"(?:\w{1,2}\.)+\w{1,2}|\w")  # "U.S", "Ph.D", "a.m", and the initial in "J. Smith"
_ENUMERATOR = re.compile(r"\d{1,3}|[A-Za-z]|[IVXLC]{1,5}")
_NEAR = 24  # characters looked at on either side of a mark; longer words are no abbreviations

TITLES = frozenset(
    "mr mrs ms dr prof rev hon sen rep gen col capt lt sgt mme mlle sr sra srta dott sig fr hr herr frau dipl ing "
    "e.g i.e cf viz vs z.b d.h u.a bzw bspw vgl sog ggf evtl inkl zzgl p.ej т.е т.д напр approx ca est".split()
)
BEFORE_NUMBERS = frozenset(
    "no nos nr fig figs p pp pg vol vols art sec sect para ch chap eq eqs ex tab app abb kap abs bd s n núm pág стр "
    "рис jan feb mar apr jun jul aug sep sept oct nov dec okt dez".split()
)
OFTEN_INSIDE = frozenset(
    "inc corp ltd co llc bros st mt ave blvd dept univ jr etc usw al ed eds al. et bzgl mio mrd".split()
)
MONTHS = frozenset(
    "januar februar märz april mai juni juli august september oktober november dezember jänner "
    "januari februari mars maj augusti oktober jahrhundert quartal weltkrieg auflage klasse".split()
)
# Words that begin a sentence far more often than they follow an abbreviation inside one.
STARTERS = frozenset(
    "the this that these those it he she we they you i in on at for a an and but if when while after before as however "
    "there then our their his her its all no not what how why who where to by with from some many most each "
    "der die das den dem ein eine er sie es wir ich im am auf für und aber wenn nach dies diese dieser bei mit "
    "le la les un une il elle ils elles nous vous ce cette dans en et mais pour el los las una y pero este esta "
    "lo gli uno nel ma per questo questa o os as um uma em mas para".split()
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as (start, end), ascending, without white space at their ends, covering all the rest.

    Headings, list items, table rows and lines of code are units of their own; lines of prose are joined where they
    were only wrapped. Linear in the length of the text, whatever it holds.
    """
    spans: list[tuple[int, int]] = []
    for block in blocks(text):
        if block.whole:
            spans.append((block.start, block.end))
        else:
            spans.extend(_split(text, block))
    return spans


def _split(text: str, block: Block) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    begin = block.start
    lower = text[block.start : block.end].islower()  # text without capitals: then a small letter tells nothing
    for match in _END.finditer(text, block.start, block.end):
        if match.end() >= block.end:
            break
        if _ends_sentence(text, match, begin, lower=lower):
            blank = match.start("space") if match["mark"] else match.start("after")
            spans.append((begin, blank))
            begin = match.end()
    spans.append((begin, block.end))
    return spans


def _ends_sentence(text: str, match: re.Match[str], begin: int, *, lower: bool) -> bool:
    """Whether the mark that was found closes the sentence that starts at `begin`."""
    following = _WORD_AFTER.match(text, match.end(), match.end() + _NEAR)
    if following and following[1][0].islower() and not lower:
        return False
    if match["mark"] != ".":
        return True
    near = text[max(begin, match.start() - _NEAR) : match.start()]
    before = _WORD_BEFORE.search(near)
    if following is None:
        return False  # a dot before a symbol
    if before is None:  # " . ": dot leaders, unless words stand on both sides, as in tokenised text
        return near.rstrip()[-1:].isalpha() and (lower or following[1][0].isupper())
    return _full_stop(before[0], following[1], first=match.start() - len(before[0]) == begin)


def _full_stop(before: str, following: str, *, first: bool) -> bool:
    """Whether the dot between these two words is a full stop; `first`: nothing of the sentence stands before them."""
    word, after = before.casefold(), following.casefold()
    if (first and _ENUMERATOR.fullmatch(before)) or word in TITLES:
        return False
    if before.isdigit():
        return after not in MONTHS
    if following[0].isdigit() and (word in BEFORE_NUMBERS or word.endswith("str")):  # "Fig. 3", "Hauptstr. 5"
        return False
    if word in BEFORE_NUMBERS or word in OFTEN_INSIDE or _ACRONYM.fullmatch(before):
        return after in STARTERS
    return True
