"""How many wrong sentences are flagged, and how many true ones, on real documents.

    python -m tests.benchmarks.support [--most N] [--work DIR] [--json FILE] [--show KIND]

A sentence is shown beside the passages that a search for it finds, with a marker to the one that it was taken from, as
a model would write it. It is flagged when its support is not "supported". Two of three collections are halved by
document: settings were chosen on the documents whose hash is even; the others are the figures to quote.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answers import Passage, Sentence
from assistant.citing import Verifier
from ingest.documents import Document
from ingest.knowledge_base import KnowledgeBase
from ingest.sentences import sentence_spans
from tests.benchmarks import corruptions
from tests.benchmarks.extraction_cases import open_knowledge
from tests.benchmarks.judged import DATA, Collection, Question, chunking, northwind, squad

PASSAGES = 8
WORDS = (8, 45)  # of a sentence that is taken
SEED = 5
KINDS = ("verbatim", "reset", "number", "unit", "entity", "page", "negation", "splice")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence with a marker, and what it is checked against. `true`: the documents say it."""

    kind: str
    text: str
    true: bool
    chosen_on: bool
    passages: tuple[Passage, ...]
    documents: dict[str, Document]


@dataclass(frozen=True, slots=True)
class _Original:
    """A sentence of a document and the passages that a search for it finds; the first of them holds it."""

    text: str
    passages: tuple[Passage, ...]
    documents: dict[str, Document]
    others: Sequence[str]

    @property
    def chosen_on(self) -> bool:
        return int(self.passages[0].document_id[:2], 16) % 2 == 0


def claims(knowledge: KnowledgeBase, most: int) -> Iterator[Claim]:
    """At most so many of each kind."""
    chance = random.Random(SEED)
    originals = list(_originals(knowledge, chance, most * 5))
    names = corruptions.entities([each.text for each in originals])
    left = dict.fromkeys(KINDS, most)
    for each in originals:
        for kind in KINDS:
            if left[kind] and (claim := _made(kind, each, chance, names)):
                left[kind] -= 1
                yield claim


def _made(kind: str, each: _Original, chance: random.Random, names: Sequence[str]) -> Claim | None:
    if kind == "page":
        wrong = _elsewhere(each)
        return _claim(kind, each, each.text, wrong, true=False) if wrong else None
    if kind in ("verbatim", "reset"):
        text = corruptions.reset(each.text, chance) if kind == "reset" else each.text
        return _claim(kind, each, text, each.passages[0], true=True)
    material = each.others if kind == "splice" else names
    text = getattr(corruptions, kind)(each.text, chance, material)
    held = any(_tidy(text) in _tidy(passage.text) for passage in each.passages) if text else True
    return None if held else _claim(kind, each, text, each.passages[0], true=False)


def _claim(kind: str, each: _Original, text: str, passage: Passage, *, true: bool) -> Claim:
    marked = f"{text} [{passage.number}]"
    return Claim(kind, marked, true, each.chosen_on, each.passages, each.documents)


def _elsewhere(each: _Original) -> Passage | None:
    """A passage of another page that does not hold the sentence."""
    for passage in each.passages[1:]:
        there = (passage.source, passage.page)
        if there != (each.passages[0].source, each.passages[0].page) and _tidy(each.text) not in _tidy(passage.text):
            return passage
    return None


def _originals(knowledge: KnowledgeBase, chance: random.Random, most: int) -> Iterator[_Original]:
    documents = {
        source.document_id: knowledge.document(source.document_id)
        for source in knowledge.sources()
        if source.document_id
    }
    held = {key: document for key, document in documents.items() if document}
    sentences = [(key, *span) for key, document in held.items() for span in _sentences(document)]
    chance.shuffle(sentences)
    by_document: defaultdict[str, list[str]] = defaultdict(list)
    for key, start, end in sentences:
        by_document[key].append(_one_line(held[key].text[start:end]))
    for key, start, end in sentences[:most]:
        text = _one_line(held[key].text[start:end])
        passages = _passages(knowledge, text, (key, start, end))
        if passages:
            yield _Original(text, passages, held, by_document[key][:50])


def _sentences(document: Document) -> Iterator[tuple[int, int]]:
    for start, end in sentence_spans(document.text):
        text = document.text[start:end]
        if (
            WORDS[0] <= len(text.split()) <= WORDS[1]
            and text[0].isupper()
            and text.endswith(".")
            and ". . ." not in text
        ):
            yield start, end


def _passages(knowledge: KnowledgeBase, text: str, place: tuple[str, int, int]) -> tuple[Passage, ...]:
    """What a search finds, numbered; first the chunk that holds the sentence, when it holds it whole."""
    found = [hit.chunk for hit in knowledge.search(text, PASSAGES)]
    names = {hit.chunk.id: hit.source for hit in knowledge.search(text, PASSAGES)}
    own = [each for each in found if each.document_id == place[0] and each.start <= place[1] and place[2] <= each.end]
    if not own:
        return ()
    ordered = [own[0], *(each for each in found if each.id != own[0].id)]
    return tuple(
        Passage(number, each.document_id, names[each.id], each.page, each.start, each.end, each.text, 0.5)
        for number, each in enumerate(ordered, start=1)
    )


def truths(knowledge: KnowledgeBase) -> Iterator[Claim]:
    """The sentences of the 50 recorded answers about northwind_hr, each marked with the passages of its page."""
    by_name = {Path(source.uri).name: source for source in knowledge.sources()}
    for line in (DATA / "northwind_hr" / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pages = [(name, int(page)) for name, page in re.findall(r"\[([^\]#]+)#page=(\d+)\]", row["truth"])]
        passages: list[Passage] = []
        documents = {}
        for name, page in pages:
            source = by_name[name]
            document = knowledge.document(source.document_id or "")
            assert document is not None
            documents[document.id] = document
            for chunk in knowledge.store.chunks(document.id):
                if chunk.page <= page <= document.page_at(chunk.end - 1):
                    place = (chunk.document_id, source.uri, chunk.page, chunk.start, chunk.end, chunk.text, 0.5)
                    passages.append(Passage(len(passages) + 1, *place))
        text = re.sub(r"\s*\[[^\]]*\]", "", row["truth"])
        chosen_on = Question(row["question"]).chosen_on
        markers = "".join(f"[{passage.number}]" for passage in passages)
        for start, end in sentence_spans(text):
            yield Claim("paraphrase", f"{text[start:end]} {markers}", True, chosen_on, tuple(passages), documents)


def check(verifier: Verifier, claim: Claim) -> Sentence:
    """The one sentence of a claim as it is judged; every quote that it shows is compared with the source."""
    found = verifier.cited(claim.text, claim.passages, claim.documents)
    worst = sorted(found.sentences, key=lambda each: ("not_found", "partly", "supported").index(each.support))
    by_source = {passage.number: claim.documents[passage.document_id] for passage in claim.passages}
    for sentence in found.sentences:
        for citation in sentence.citations:
            if citation.verified:
                text = by_source[citation.passage].text
                assert text[citation.start : citation.end] == citation.quote, claim
    return worst[0]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    return " ".join(text.split()).casefold()


def measure(
    collections: Sequence[Collection], work: Path, most: int, show: str = ""
) -> dict[str, dict[str, dict[str, int]]]:
    """Kind → half → counts of claims and of flagged ones. Every quote is compared with its document on the way."""
    counts: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for collection in collections:
        with open_knowledge(collection, work) as knowledge:
            verifier = Verifier(knowledge.embedder)
            found = list(claims(knowledge, most))
            if collection.name == "northwind_hr":
                found += truths(knowledge)
            for each in found:
                sentence = check(verifier, each)
                half = counts[each.kind].setdefault("choose" if each.chosen_on else "report", {"n": 0, "flagged": 0})
                half["n"] += 1
                flagged = sentence.support != "supported"
                half["flagged"] += flagged
                if show in (each.kind, "all") and flagged == each.true and each.chosen_on:
                    quotes = [citation.quote for citation in sentence.citations]
                    print(f"\n{each.kind}: {each.text}\n  {sentence.support} {sentence.doubts}\n  {quotes}")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=250, help="of each kind from each collection")
    parser.add_argument("--work", type=Path, help="where the knowledge bases are kept between runs")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", default="", help="print what went wrong among the chosen half of a kind")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        collections = (northwind(work), squad(work), chunking(work))
        counts = measure(collections, work, arguments.most, arguments.show)
    for kind, halves in counts.items():
        shares = {
            half: f"{each['flagged']}/{each['n']} = {each['flagged'] / each['n']:.3f}" for half, each in halves.items()
        }
        print(f"{kind:<12}", shares)
    if arguments.json:
        arguments.json.write_text(json.dumps(counts, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
