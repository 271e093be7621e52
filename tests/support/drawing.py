"""Random prompts to be: corpora, conversations, questions and served models, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answers import ModelProfile, Turn
from assistant.packing import PackingOptions
from assistant.profiles import builtin_profiles
from ingest.documents import Hit
from tests.support.memory import MemoryKnowledge, cut

# Enough kinds of text for every class of a byte-level tokenizer: words, names, digits, code, scripts, marks, breaks.
WORDS = (
    "the of and policy employees coverage deductible annual reimbursement shall not exceed within thirty days notice "
    "Contoso Northwind HSA FY2024 v1.2.3 17:30 $1,450.00 3.14159 2024-11-21 0xdeadbeef user_id getElementById(x) => {} "
    "naïve Straße façade Überstunden договор 保証期間 ضمان הסכם 🎉 ½ … — \u201cquoted\u201d e\u0301 ]] <|im_start|> "
    "<|endoftext|> >>QUESTION<< <end_message> [7] === passages end {prompt} {} %s \\n \u200bzero"
).split(" ")
BREAKS = (" ", " ", " ", " ", " ", "  ", "\n", "\n\n", "\n    ", "\t", ". ", ".\n")
NAMES = ("plan.pdf", "Häuser & Co.md", "<|endoftext|>.txt", "two\nlines.html", "a" * 120 + ".md", "保証.docx")


@dataclass(frozen=True, slots=True)
class Draw:
    """All that a prompt is made from. `plenty`: there is more to read than fits."""

    knowledge: MemoryKnowledge
    hits: Sequence[Hit]
    history: tuple[Turn, ...]
    question: str
    profile: ModelProfile
    options: PackingOptions
    plenty: bool


def draw(seed: int) -> Draw:
    dice = random.Random(seed)
    profile = _profile(dice)
    options = PackingOptions(
        dice.choice(("auto", "chunks", "whole")),
        dice.choice((None, None, None, int(profile.window * dice.uniform(0.5, 2)))),
        dice.choice((None, None, int(profile.window * dice.uniform(0.02, 0.2)))),
    )
    wanted = int(profile.window * dice.choice((0.02, 0.2, 0.4, 0.7, 0.7, 0.7)))  # words; one is about four tokens
    documents, words, first = [], 0, 0
    while words < wanted:
        size = min(dice.randint(10, 500), wanted)
        made = cut(
            dice.choice(NAMES).replace(".", f"-{len(documents)}."),
            text(dice, size),
            [dice.randint(5, 60) for _ in range(5)],  # up to some 250 tokens, as chunkers cut
            first,
            labels=("iv",) if dice.random() < 0.3 else (),
        )
        documents.append(made)
        words += size
        first += len(made[1])
    knowledge = MemoryKnowledge(documents)
    history = tuple(
        Turn(text(dice, dice.randint(1, 30)), text(dice, dice.randint(1, 300)))
        for _ in range(dice.choice((0, 1, 3, 9)))
    )
    hits = knowledge.hits(seed)[: dice.choice((1, 5, 1000, 1000, 1000))]
    question = text(dice, dice.randint(1, 40))
    plenty = wanted >= profile.window * 7 // 10 and len(hits) == sum(len(chunks) for _, chunks in documents)
    return Draw(knowledge, hits, history, question, profile, options, plenty)


def text(dice: random.Random, words: int) -> str:
    return "".join(dice.choice(WORDS) + dice.choice(BREAKS) for _ in range(words))


def _profile(dice: random.Random) -> ModelProfile:
    """A known model; mostly with a small window, so that many draws are quick."""
    profile = dice.choice(list(builtin_profiles().values()))
    if dice.random() < 0.01:
        return profile
    window = dice.randint(700, 2200)
    sampling = replace(profile.sampling, max_tokens=dice.randint(16, 200))
    return replace(profile, window=window, max_input=dice.randint(window - 100, window), sampling=sampling)
