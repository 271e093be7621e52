"""Where a sentence departs from the one that it repeats: the sign of a quotation that was altered.

A sentence that follows the source nearly word by word and changes a word that counts says something else, whatever kind
of word it is: one town for another, "before" for "after", two numbers swapped, halves of two sentences joined. One that
is told in other words departs everywhere, and is judged by its facts instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistant.extraction.words import FUNCTION_WORDS, stem
from assistant.verification.facts import NEGATION, denies
from assistant.verification.normalising import normalised
from ingest.sentences import sentence_spans

NEAR = 0.15  # share of a sentence's words that may depart from the source: then it still repeats it
FEW = 2  # words that may depart from it in a short sentence
SHORT = 4  # words in the place of which others were put; more are another way to say it
RUN = 7  # words in a row that are the source's own: a sentence with so many is a quotation where they stand
PART = 4  # words in a row of each of two sentences that were joined
JOINED = 0.85  # share of a sentence's words that come from the two
LONGEST = 6  # words that are shown of a departure

# Function words that turn a statement into another one. Denials are counted apart: "without" is "not with".
TELLING = frozenset(
    "all always any before after both can could each either every few first last least less may might more most must "
    "once only over same shall should some twice under until up down again against".split()
)
_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?|[^\W_]+|[%$€£¥°]")
_END = "¶"  # between the sentences of the source; nothing that is said matches it


@dataclass(frozen=True, slots=True)
class Departure:
    """`said` stands in the sentence where the source has `found`; either may be "" for nothing. `joins`: the sentence
    goes on with another one of the source there."""

    said: str
    found: str
    joins: bool = False


def departures(sentence: str, source: str) -> list[Departure] | None:
    """Where a sentence that repeats the source departs from it in words that count; None when it does not repeat it."""
    mine, theirs = _words(sentence), _sentences(source)
    matcher = SequenceMatcher(None, [_key(word) for word in mine], [_key(word) for word in theirs], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    unmatched = len(mine) - sum(block.size for block in blocks)
    if not blocks or unmatched > max(FEW, NEAR * len(mine)):
        return None
    begin, end = _stretch(theirs, blocks[0].b, blocks[-1].b + blocks[-1].size)
    found = list(_departures(matcher, mine, theirs, (begin, end)))
    stretch = " ".join(theirs[blocks[0].b : blocks[-1].b + blocks[-1].size])
    if denies(sentence) != denies(stretch) and not any(_denial(each) for each in found):
        found.append(Departure(*("", _first_denial(stretch)) if denies(stretch) else (_first_denial(sentence), "")))
    return found


def repeats(sentence: str, source: str) -> bool:
    """Whether a stretch of the sentence is the source's own words."""
    return _run(_words(sentence), _sentences(source))[2] >= RUN


def joined(sentence: str, source: str) -> bool:
    """Whether it begins with the beginning of one sentence of the source and ends with the end of another one, and both
    were cut."""
    mine, theirs = _words(sentence), _sentences(source)
    start, at, size = _run(mine, theirs)
    before, after = mine[:start], mine[start + size :]
    rest = max(before, after, key=len)
    _, other, length = _run(rest, theirs)
    if min(size, length) < PART or size + length < JOINED * len(mine):
        return False
    (first, one), (second, two) = ((at, size), (other, length)) if rest is after else ((other, length), (at, size))
    left_open = first + one < len(theirs) and theirs[first + one] != _END
    begun_late = second > 0 and theirs[second - 1] != _END
    return left_open and begun_late and _stretch(theirs, first, first + one) != _stretch(theirs, second, second + two)


def _run(mine: Sequence[str], theirs: Sequence[str]) -> tuple[int, int, int]:
    """The longest run of words that both have: where it begins in each, and its length."""
    match = SequenceMatcher(None, mine, theirs, autojunk=False).find_longest_match()
    return match.a, match.b, match.size


def _departures(
    matcher: SequenceMatcher[str], mine: Sequence[str], theirs: Sequence[str], stretch: tuple[int, int]
) -> Iterator[Departure]:
    """`stretch` is what of the source is repeated, whole sentences: what stands around it is no departure."""
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    spare = [
        _key(theirs[at]) for _, _, _, first, last in codes for at in range(first, last) if stretch[0] <= at < stretch[1]
    ]
    for _, start, end, first, last in codes:
        first, last = max(first, stretch[0]), max(first, min(last, stretch[1]))
        said, found = mine[start:end], theirs[first:last]
        inside = start > 0 and end < len(mine)
        if inside and _END in found:
            if len(found) > SHORT:
                yield Departure(_text(said), _text(found), joins=True)
        elif any(map(_content, said)) and _is_new(said, spare):
            swapped = any(map(_content, found)) and len(found) <= SHORT
            if swapped or inside or any(word[0].isdigit() for word in said):
                yield Departure(_text(said), _text(found))
        elif inside and (telling := TELLING & set(said) ^ TELLING & set(found)) and _turned(said, found, telling):
            yield Departure(_text(said), _text(found))


def _turned(said: Sequence[str], found: Sequence[str], telling: frozenset[str] | set[str]) -> bool:
    """Whether telling words were exchanged, put in or left out, and not only told in other words."""
    others = [word for word in (*said, *found) if word not in telling and _content(word)]
    return not others


def _stretch(theirs: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """The whole sentences that hold theirs[start:end]."""
    while start and theirs[start - 1] != _END:
        start -= 1
    while end < len(theirs) and theirs[end] != _END:
        end += 1
    return start, end


def _is_new(said: Sequence[str], spare: Sequence[str]) -> bool:
    """Whether a word that counts does not stand elsewhere in what is repeated: then it was not only moved."""
    return any(_key(word) not in spare for word in said if _content(word))


def _denial(departure: Departure) -> bool:
    return bool(NEGATION.search(departure.said) or NEGATION.search(departure.found))


def _first_denial(text: str) -> str:
    found = NEGATION.search(text)
    return found.group() if found else ""


def _sentences(source: str) -> list[str]:
    words: list[str] = []
    for start, end in sentence_spans(source):
        words += [*_words(source[start:end]), _END]
    return words[:-1]


def _words(text: str) -> list[str]:
    return _WORD.findall(normalised(text).text)


def _key(word: str) -> str:
    return word if word in FUNCTION_WORDS else stem(word.removesuffix("'s"))


def _content(word: str) -> bool:
    return word not in FUNCTION_WORDS and word != _END and not NEGATION.fullmatch(word)


def _text(words: Sequence[str]) -> str:
    shown = [word for word in words if word != _END]
    return " ".join(shown[:LONGEST]) + (" …" if len(shown) > LONGEST else "")
