"""Supported, partly, or not found: every number, unit, date, name and negation is looked for, and most of the words.

Each check that fails leaves a doubt in plain words. No check needs a model; agreement of meaning, by the embedding
model that the knowledge base has anyway, and an entailment model, where one is named, stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.answers import Support
from assistant.extraction.words import content_words
from assistant.verification.dates import dates
from assistant.verification.facts import Facts, Quantity, facts
from assistant.verification.units import claim
from assistant.verification.wording import Departure, departures, joined, repeats

# Chosen on the first half of the judged sentences; docs/experiments.md has what other values gave.
SUPPORTED = 0.75  # share of a sentence's content words that stand in what it cites
AGREEING = 0.5  # share that is enough where the meanings agree as well
AGREEMENT = 0.7  # cosine of sentence and cited text above which their meanings agree


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of a document that was found for a sentence. `text` is its quote, `context` what names the things that
    it speaks of: the title and file name of the document and the headings above it. `exact`: the sentence stands there
    word for word, after the words `before` of the same sentence."""

    text: str
    context: str = ""
    exact: bool = False
    before: str = ""


def judge(sentence: str, sources: Sequence[Source], agreement: float | None = None) -> tuple[Support, tuple[str, ...]]:
    """What speaks for a sentence, and every doubt. `agreement` is the best cosine of the sentence and a source, None
    where it was not computed."""
    if not sources:
        return "not_found", ("No passage says this.",)
    said = claim(sentence)
    whole = [source for source in sources if source.exact]
    if whole:
        doubts = [] if any(not _denied(source.before) for source in whole) else [_DENIED]
        return ("partly" if doubts else "supported"), tuple(doubts)
    doubts = list(dict.fromkeys(_doubts(said, sources)))
    held = frozenset(content_words(" ".join(f"{source.text} {source.context}" for source in sources)))
    wanted = facts(said).words
    share = len(wanted & held) / len(wanted) if wanted else 0.0
    own = not any(repeats(said, source.text) for source in sources)
    agrees = own and agreement is not None and agreement >= AGREEMENT and share >= AGREEING
    if share < SUPPORTED and not agrees:
        doubts.append(f"{share:.0%} of its words stand there.")
    return ("partly" if doubts else "supported"), tuple(doubts)


_DENIED = "The source denies this."


def _denied(before: str) -> bool:
    """Whether the words directly before a quotation turn it round: "It is not true that …"."""
    return bool(facts(" ".join(before.split()[-3:])).negations) if before else False


def _doubts(said: str, sources: Sequence[Source]) -> Iterator[str]:
    mine = facts(said)
    text = " \n".join(source.text for source in sources)
    theirs = facts(text)
    yield from _numbers(mine, theirs, text)
    known = dates(text)
    for date in mine.dates:
        if not any(date.agrees(other) for other in known):
            yield f"The date “{date.written}” does not stand there."
    named = theirs.words | frozenset(content_words(" ".join(source.context for source in sources)))
    for name in mine.names:
        if not set(content_words(name)) <= named:
            yield f"The name “{name}” does not stand there."
    yield from _wording(said, sources)
    yield from _negation(mine, sources)


def _numbers(mine: Facts, theirs: Facts, text: str) -> Iterator[str]:
    for quantity in mine.quantities:
        same = [other for other in theirs.quantities if quantity.values & other.values]
        if not same:
            yield f"The number “{quantity.written}” does not stand there."
        elif quantity.unit and not _unit_stands(quantity, same, text):
            units = ", ".join(sorted({other.written for other in same}))
            yield f"“{quantity.written}” stands there as “{units}”."


def _unit_stands(quantity: Quantity, same: Sequence[Quantity], text: str) -> bool:
    """The same unit beside the same number; or no unit beside it, and this one elsewhere: "between 10 and 20 days"."""
    if any(other.unit == quantity.unit for other in same):
        return True
    units = {other.unit for other in facts(text).quantities}
    return any(not other.unit for other in same) and quantity.unit in units


def _wording(said: str, sources: Sequence[Source]) -> Iterator[str]:
    """Departures from the source that is repeated most faithfully; none when the sentence is in words of its own."""
    if any(joined(said, source.text) for source in sources):
        yield "It joins the beginning of one sentence to the end of another one."
    found = [each for source in sources if (each := departures(said, source.text)) is not None]
    for departure in min(found, key=len, default=[]):
        yield _told(departure)


def _told(departure: Departure) -> str:
    if departure.joins:
        return f"It leaves out “{departure.found}” and goes on with another sentence."
    if not departure.found:
        return f"“{departure.said}” does not stand there."
    if not departure.said:
        return f"The source says “{departure.found}” as well."
    return f"“{departure.said}” stands there as “{departure.found}”."


def _negation(mine: Facts, sources: Sequence[Source]) -> Iterator[str]:
    """One side denies, the other does not. Where several stretches are cited, one that agrees is enough."""
    if mine.negations and not any(facts(source.text).negations for source in sources):
        yield f"It denies (“{mine.negations[0]}”), and the source does not."
    if not mine.negations and all(_denies_all(source.text) for source in sources):
        yield "The source denies, and it does not."


def _denies_all(text: str) -> bool:
    from ingest.sentences import sentence_spans

    spans = sentence_spans(text)
    return bool(spans) and all(facts(text[start:end]).negations for start, end in spans)
