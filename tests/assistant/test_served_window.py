"""A window filled for a real llama.cpp: its count of the prompt is ours. Random weights prove counting, not answers."""

from __future__ import annotations

import pytest

from assistant.answering import AnswerStream, ExtractiveAnswering, Inquiry
from assistant.answers import Answer
from assistant.generating import GenerativeAnswering
from assistant.llms import open_llm
from assistant.packing import PackingOptions
from assistant.protocols import LLM
from assistant.stopwatch import Stopwatch
from tests.support.memory import MemoryKnowledge, document_of
from tests.support.tiny_gguf import write_tiny_falcon

KNOWLEDGE = MemoryKnowledge(
    document_of(f"{number}.md", [f"Desk {number}, día {part}: 保証 {part * 37}." for part in range(20)], number * 20)
    for number in range(20)
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LLM:
    pytest.importorskip("xllamacpp", reason="needs the extra [local]")
    path = write_tiny_falcon(tmp_path_factory.mktemp("model") / "tiny.gguf", context_length=4096)
    return open_llm(f"gguf:{path}", "plain", any_model=True)


def ask(model: LLM, **packing) -> Answer:
    answering = GenerativeAnswering(KNOWLEDGE, model, ExtractiveAnswering(KNOWLEDGE), PackingOptions(**packing))
    inquiry = Inquiry("Which desk is it?", "Which desk is it?")
    stream = AnswerStream(answering.respond(inquiry, lambda k: KNOWLEDGE.hits()[:k], Stopwatch()))
    for _ in stream:
        pass
    return stream.answer


@pytest.mark.parametrize("packing", [{"reserve": 32}, {"reserve": 8, "budget": 900}, {"reserve": 100, "mode": "whole"}])
def test_the_servers_count_is_the_ledgers(model: LLM, packing) -> None:
    answer = ask(model, **packing)
    assert answer.prompt is not None
    assert answer.completion is not None
    ledger = answer.prompt.ledger
    assert ledger.exact
    assert answer.completion.prompt_tokens == ledger.total
    assert ledger.total <= min(ledger.window - packing["reserve"], packing.get("budget", ledger.window))
    assert ledger.passages / ledger.budget > 0.9
    assert (answer.completion.output_tokens or 0) <= packing["reserve"]
    assert answer.degraded == ""
