"""Packing: nothing ever overflows, little is wasted, and the ledger adds up, by the real Falcon tokenizer's count."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answers import ModelProfile, Turn
from assistant.counting import TokenizerFile, estimate
from assistant.packing import Packer, PackingOptions, room_for_text
from assistant.profiles import builtin_profiles, profile_named
from assistant.prompts import EXAMPLES, INSTRUCTIONS
from ingest.errors import PromptTooLong
from tests.support.drawing import draw
from tests.support.memory import MemoryKnowledge, cut, document_of

QUESTION = "How long is the notice period?"


@pytest.fixture(scope="session")
def falcon(shared_data: Path) -> TokenizerFile:
    """The Falcon tokenizer with the control tokens of every profile in one vocabulary."""
    control = {token for profile in builtin_profiles().values() for token in profile.control_tokens}
    return TokenizerFile(shared_data / "falcon_tokenizer" / "tokenizer.json", tuple(sorted(control)))


def profile_of_window(window: int, reserve: int = 100, **facts) -> ModelProfile:
    plain = profile_named("plain")
    return replace(
        plain, window=window, max_input=window, sampling=replace(plain.sampling, max_tokens=reserve), **facts
    )


def prose(topic: str, sentences: int) -> str:
    return " ".join(f"Rule {number} about {topic} is kept in binder {number * 37}." for number in range(sentences))


def library(documents: int, chunks: int = 6, sentences: int = 6) -> MemoryKnowledge:
    """Documents "00.md", "01.md", … of chunks with about 80 tokens each, all different."""
    return MemoryKnowledge(
        document_of(
            f"{number:02}.md", [prose(f"{number} {part}", sentences) for part in range(chunks)], number * chunks
        )
        for number in range(documents)
    )


def check(seeds: range, falcon: TokenizerFile, *, estimated: bool = False) -> list[float]:
    """Pack each draw and prove that it fits; returns which share of the budget was used where there was plenty."""
    fills = []
    for seed in seeds:
        drawn = draw(seed)
        profile = drawn.profile if estimated else falcon.describe(drawn.profile)
        packer = Packer(drawn.knowledge, profile, estimate if estimated else falcon.count)
        try:
            prompt = packer.pack(drawn.question, drawn.hits, drawn.history, drawn.options)
        except PromptTooLong:
            continue
        ledger = prompt.ledger
        tokens = falcon.count(prompt.text).tokens + profile.overhead
        room = min(profile.max_input, profile.window - ledger.reserve, drawn.options.budget or profile.window)
        assert tokens <= room, f"draw {seed}: {tokens} tokens where {room} fit"
        if not estimated:
            assert tokens == ledger.total, f"draw {seed}"
        parts = (ledger.template, ledger.system, ledger.history, ledger.question, ledger.passages)
        assert sum(parts) == ledger.total
        assert min(parts) >= 0, f"draw {seed}: {ledger}"
        for passage in prompt.passages:
            document = drawn.knowledge.document(passage.document_id)
            assert document is not None
            assert document.text[passage.start : passage.end] == passage.text
        if drawn.plenty:
            fills.append(ledger.passages / ledger.budget)
    return fills


def test_500_random_prompts_fit_and_fill_the_window(falcon: TokenizerFile) -> None:
    fills = check(range(500), falcon)
    assert len(fills) > 100
    assert statistics.mean(fills) >= 0.97


def test_estimated_prompts_fit_by_the_real_count_too(falcon: TokenizerFile) -> None:
    check(range(500, 700), falcon, estimated=True)


@pytest.mark.slow
@pytest.mark.torture
def test_10_000_random_prompts_fit(falcon: TokenizerFile) -> None:
    assert statistics.mean(check(range(1000, 11_000), falcon)) >= 0.97


def test_counts_of_pieces_add_up(falcon: TokenizerFile) -> None:
    for seed in range(40):
        for document, chunks in draw(seed).knowledge._held.values():
            borders = [0, *(chunk.end for chunk in chunks)]
            pieces = [document.text[start:end] for start, end in itertools.pairwise(borders)]
            whole = falcon.count(document.text[: borders[-1]]).tokens
            assert sum(falcon.count(piece).tokens for piece in pieces) == whole


def test_pieces_that_are_counted_far_too_short_do_no_harm(falcon: TokenizerFile) -> None:
    packer = Packer(
        library(30), profile_of_window(2000), falcon.count, lambda text: replace(estimate(""), tokens=len(text) // 40)
    )
    prompt = packer.pack(QUESTION, library(30).hits())
    assert falcon.count(prompt.text).tokens <= 1900
    assert prompt.ledger.passages / prompt.ledger.budget > 0.9


def test_pieces_that_are_counted_too_long_are_filled_up_again(falcon: TokenizerFile) -> None:
    packer = Packer(
        library(30), profile_of_window(4000), falcon.count, lambda text: replace(estimate(""), tokens=len(text))
    )
    prompt = packer.pack(QUESTION, library(30).hits())
    assert prompt.ledger.exact
    assert prompt.ledger.passages / prompt.ledger.budget > 0.95


def test_estimated_pieces_and_exact_prompts_fill_the_window_as_well(falcon: TokenizerFile) -> None:
    fills = []
    for seed in range(700, 760):
        drawn = draw(seed)
        if drawn.plenty:
            packer = Packer(drawn.knowledge, falcon.describe(drawn.profile), falcon.count, estimate)
            ledger = packer.pack("Why?", drawn.hits).ledger
            assert ledger.total <= min(ledger.max_input, ledger.window - ledger.reserve)
            fills.append(ledger.passages / ledger.budget)
    assert statistics.mean(fills) >= 0.95  # of windows from 1,000 tokens on, in which a guess costs most


def test_an_estimate_is_called_one() -> None:
    assert not Packer(library(2), profile_of_window(900), estimate).pack(QUESTION, library(2).hits()).ledger.exact


def test_terms_of_the_ledger_are_those_of_the_texts(falcon: TokenizerFile) -> None:
    profile = falcon.describe(profile_named("falconlite2"))
    packer = Packer(library(3), profile, falcon.count)
    ledger = packer.pack(QUESTION, library(3).hits(), [Turn("Who?", "Nobody.")]).ledger
    assert ledger.template == 3
    assert ledger.system == falcon.count(f"{INSTRUCTIONS}\n\n{EXAMPLES}").tokens
    assert ledger.history == falcon.count("\n\nEarlier question: Who?\nEarlier answer: Nobody.").tokens
    assert ledger.question == falcon.count(f"\n\nQuestion: {QUESTION}\nAnswer:").tokens
    assert (ledger.window, ledger.max_input, ledger.reserve, ledger.usable) == (24576, 24000, 512, 5661)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (PackingOptions(), 24_000),
        (PackingOptions(reserve=1000), 23_576),
        (PackingOptions(budget=5000), 5000),
        (PackingOptions(budget=90_000, reserve=600), 23_976),
    ],
)
def test_limit(options: PackingOptions, expected: int) -> None:
    assert room_for_text(profile_named("falconlite2"), options) == expected


def test_a_question_that_leaves_no_room_is_refused(falcon: TokenizerFile) -> None:
    packer = Packer(library(1), profile_of_window(400), falcon.count)
    with pytest.raises(PromptTooLong, match=r"The question needs \d+ tokens .* plain has room for 300"):
        packer.pack("why " * 300, library(1).hits())


def test_oldest_turns_go_first(falcon: TokenizerFile) -> None:
    history = [Turn(f"Question {number}", "word " * 60) for number in range(10)]
    each = falcon.count(f"\n\nEarlier question: Question 0\nEarlier answer: {'word ' * 60}".rstrip()).tokens
    prompt = Packer(library(2), profile_of_window(1500), falcon.count).pack(QUESTION, library(2).hits(), history)
    kept = int(1400 * 0.25) // each
    assert kept == 4
    assert prompt.ledger.history_dropped == 6
    assert "Question 5" not in prompt.text
    assert "Question 6" in prompt.text


def test_best_document_stands_last_and_chunks_stand_in_document_order(falcon: TokenizerFile) -> None:
    knowledge = library(4)
    prompt = Packer(knowledge, profile_of_window(3000), falcon.count).pack(
        QUESTION, knowledge.hits(3), options=PackingOptions("chunks")
    )
    order = list(dict.fromkeys(passage.source for passage in prompt.passages))
    ranked = list(dict.fromkeys(hit.source for hit in knowledge.hits(3)))
    assert order == [*ranked[1:], ranked[0]]
    for source in order:
        starts = [passage.start for passage in prompt.passages if passage.source == source]
        assert starts == sorted(starts)
    assert [passage.number for passage in prompt.passages] == list(range(1, len(prompt.passages) + 1))


def test_the_best_document_can_stand_first(falcon: TokenizerFile) -> None:
    knowledge = library(3)
    hits = knowledge.hits(3)
    packer = Packer(knowledge, profile_of_window(2000), falcon.count)

    def order(options: PackingOptions) -> list[str]:
        passages = packer.pack(QUESTION, hits, options=options).passages
        return list(dict.fromkeys(passage.source for passage in passages))

    ranked = list(dict.fromkeys(hit.source for hit in hits))
    assert order(PackingOptions("chunks", order="first")) == ranked
    assert order(PackingOptions("chunks")) == [*ranked[1:], ranked[0]]
    assert order(PackingOptions("whole", order="first")) == sorted(ranked)


def test_neighbouring_hits_become_one_passage(falcon: TokenizerFile) -> None:
    knowledge = library(1)
    hits = sorted(knowledge.hits(), key=lambda hit: hit.chunk.ordinal)[1:3]
    packer = Packer(knowledge, profile_of_window(500), falcon.count)
    passages = packer.pack(QUESTION, hits, options=PackingOptions("chunks")).passages
    assert len(passages) == 1
    assert (passages[0].start, passages[0].end) == (hits[0].chunk.start, hits[1].chunk.end)


def test_near_duplicates_are_sent_once_and_reported(falcon: TokenizerFile) -> None:
    text = prose("leave", 12)
    knowledge = MemoryKnowledge(
        [document_of("new.md", [text], 0), document_of("old.md", [text.replace("Rule 3", "Item 3")], 1)]
    )
    hits = sorted(knowledge.hits(), key=lambda hit: hit.source)
    prompt = Packer(knowledge, profile_of_window(2000), falcon.count).pack(QUESTION, hits)
    assert [passage.source for passage in prompt.passages] == ["new.md"]
    assert [(left.source, left.reason) for left in prompt.ledger.left_out] == [("old.md", "repeats another passage")]


def test_one_document_does_not_take_the_room_of_the_others(falcon: TokenizerFile) -> None:
    loud = document_of("loud.md", [prose(f"noise {part}", 6) for part in range(40)])
    quiet = document_of("quiet.md", [prose(f"silence {part}", 6) for part in range(40)], 40)
    knowledge = MemoryKnowledge([loud, quiet])
    hits = sorted(knowledge.hits(), key=lambda hit: hit.chunk.id)
    prompt = Packer(knowledge, profile_of_window(2000), falcon.count).pack(
        QUESTION, hits, options=PackingOptions("chunks")
    )
    share = sum(falcon.count(passage.text).tokens for passage in prompt.passages if passage.source == "loud.md")
    assert 0.5 < share / prompt.ledger.budget <= 0.6
    assert {left.reason for left in prompt.ledger.left_out} == {"no room"}


def test_a_cap_gives_way_when_the_others_have_nothing_more_to_say(falcon: TokenizerFile) -> None:
    loud = document_of("loud.md", [prose(f"noise {part}", 6) for part in range(40)])
    knowledge = MemoryKnowledge([loud, document_of("quiet.md", ["Silence."], 40)])
    prompt = Packer(knowledge, profile_of_window(2000), falcon.count).pack(QUESTION, knowledge.hits())
    assert prompt.ledger.passages / prompt.ledger.budget > 0.9


def test_auto_reads_whole_documents_only_up_to_the_usable_length(falcon: TokenizerFile) -> None:
    knowledge = library(4)
    hits = knowledge.hits()[:3]
    for usable, mode in ((None, "whole"), (5000, "whole"), (1000, "chunks")):
        packer = Packer(knowledge, profile_of_window(6000, usable=usable), falcon.count)
        assert packer.pack(QUESTION, hits).ledger.mode == mode
    whole = Packer(knowledge, profile_of_window(6000), falcon.count).pack(QUESTION, hits)
    assert [passage.text for passage in whole.passages] == [
        document.text for document, _ in knowledge._held.values() if document.source in {hit.source for hit in hits}
    ]


def test_whole_documents_that_do_not_fit_give_what_stands_around_the_hits(falcon: TokenizerFile) -> None:
    knowledge = library(2, chunks=60)
    packer = Packer(knowledge, profile_of_window(2000), falcon.count)
    prompt = packer.pack(QUESTION, knowledge.hits()[:2], options=PackingOptions("whole"))
    assert prompt.ledger.mode == "whole"
    assert prompt.ledger.passages / prompt.ledger.budget > 0.9


def test_documents_that_are_gone_are_passed_over(falcon: TokenizerFile) -> None:
    knowledge = library(2)
    hits = knowledge.hits()
    knowledge.forget(hits[0].chunk.document_id)
    passages = Packer(knowledge, profile_of_window(3000), falcon.count).pack(QUESTION, hits).passages
    assert hits[0].source not in {passage.source for passage in passages}
    assert passages


def test_documents_are_read_from_the_store_once(falcon: TokenizerFile) -> None:
    knowledge = library(5)
    packer = Packer(knowledge, profile_of_window(2000), falcon.count)
    first = packer.pack(QUESTION, knowledge.hits())
    assert packer.pack(QUESTION, knowledge.hits()) == first
    assert len(knowledge.asked) == 5


def test_of_a_very_long_document_only_what_could_fit_is_counted(falcon: TokenizerFile) -> None:
    knowledge = MemoryKnowledge([cut("long.md", prose("length", 30_000), [100])])
    counted: list[str] = []

    def count(text: str):
        counted.append(text)
        return falcon.count(text)

    Packer(knowledge, profile_of_window(1000), count).pack(QUESTION, knowledge.hits()[:1])
    assert sum(map(len, counted)) < 40_000


def test_whole_documents_begin_the_same_for_every_question(falcon: TokenizerFile) -> None:
    knowledge = library(6)
    packer = Packer(knowledge, profile_of_window(6000), falcon.count)
    history: list[Turn] = []
    prompts = []
    for number in range(5):
        prompts.append(packer.pack(f"Question {number}?", knowledge.hits(number), history))
        history.append(Turn(f"Question {number}?", "It is in binder 37."))
    shares = [shared(earlier.text, later.text) / len(later.text) for earlier, later in itertools.pairwise(prompts)]
    assert min(shares) > 0.95


def shared(left: str, right: str) -> int:
    return next((at for at, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), len(left))
