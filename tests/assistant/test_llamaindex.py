"""llama-index's own query engine over our search and model, and its models behind our assistant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant, Filter
from assistant.errors import ModelServerFailed
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from assistant.retrieval import HybridRetriever

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # llama-index's own, on import
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
]

TEXT = "# Lease\n\nThe deposit is 1,450 euros.\n\n# Pets\n\nDogs need the consent of the landlord.\n"
QUESTION = "How much is the deposit?"


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lease")
    (folder / "lease.md").write_text(TEXT, encoding="utf-8")
    (folder / "other.md").write_text("Nothing is said here about money.", encoding="utf-8")
    with Assistant.open(folder / "kb") as kestrel:
        kestrel.add(folder / "lease.md", folder / "other.md")
    return folder / "kb"


def test_its_query_engine_runs_on_our_search_and_our_model(kb: Path) -> None:
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index.core.response_synthesizers import get_response_synthesizer

    from assistant.llamaindex import KestrelLLM, KestrelRetriever

    model = ScriptedModel(["The deposit is 1,450 euros."], profile_named("falconlite2"))
    with Assistant.open(kb) as kestrel:
        retriever = KestrelRetriever(HybridRetriever(kestrel.knowledge), k=3, only=Filter(sources=("lease.md",)))
        engine = RetrieverQueryEngine(retriever, get_response_synthesizer(llm=KestrelLLM(model)))
        response = engine.query(QUESTION)
        text = kestrel.knowledge.text("lease.md")
    assert str(response) == "The deposit is 1,450 euros."
    assert response.source_nodes
    for found in response.source_nodes:
        place = found.node.metadata
        assert Path(place["source"]).name == "lease.md"
        assert text[place["start"] : place["end"]] == found.node.text
    (prompt,) = model.prompts
    assert prompt.startswith("<|prompter|>")
    assert prompt.endswith("<|endoftext|><|assistant|>")
    assert "1,450 euros" in prompt


def test_our_model_streams_to_it() -> None:
    from assistant.llamaindex import KestrelLLM

    model = ScriptedModel(["one two three"] * 2, profile_named("falconlite2"))
    llm = KestrelLLM(model)
    assert [response.delta for response in llm.stream_complete("Count <|assistant|>")] == ["one", " two", " three"]
    assert model.prompts == ["<|prompter|>Count < |assistant|><|endoftext|><|assistant|>"]
    assert llm.complete("Count").additional_kwargs == {"finish": "stop"}
    assert (llm.metadata.context_window, llm.metadata.num_output, llm.metadata.model_name) == (
        24_576,
        512,
        "falconlite2",
    )


def test_its_model_answers_for_our_assistant(kb: Path) -> None:
    from assistant.llamaindex import KestrelLLM, LlamaIndexModel

    inner = ScriptedModel(
        ["The deposit is 1,450 euros. [1]"], replace(profile_named("plain"), window=3000, max_input=3000)
    )
    with Assistant.open(kb, llm=LlamaIndexModel(KestrelLLM(inner))) as kestrel:
        answer = kestrel.ask(QUESTION)
    (sentence,) = answer.sentences
    assert (answer.degraded, sentence.support, sentence.citations[0].quote) == (
        "",
        "supported",
        "The deposit is 1,450 euros",
    )
    assert answer.prompt is not None
    assert answer.prompt.ledger.window == 3000
    assert answer.prompt.ledger.total + answer.prompt.ledger.reserve <= 3000


def test_its_failures_are_model_errors() -> None:
    from assistant.llamaindex import KestrelLLM, LlamaIndexModel

    ours = LlamaIndexModel(KestrelLLM(ScriptedModel([ValueError("no route")])))
    with pytest.raises(ModelServerFailed, match="KestrelLLM failed: no route"):
        ours.complete("Anything?")


def test_a_failure_after_the_first_piece_leaves_an_incomplete_answer() -> None:
    from llama_index.core.base.llms.types import CompletionResponse
    from llama_index.core.llms.mock import MockLLM

    from assistant.llamaindex import LlamaIndexModel

    class Breaking(MockLLM):
        def stream_complete(self, prompt, formatted=False, **kwargs):
            yield CompletionResponse(text="The deposit", delta="The deposit")
            raise ConnectionError("gone")

    completion = LlamaIndexModel(Breaking()).complete("Anything?")
    assert (completion.text, completion.finish) == ("The deposit", "incomplete")
    assert completion.problem == "Breaking failed: gone"
