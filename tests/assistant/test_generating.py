"""Answers of a scripted model over a knowledge base in memory: cited, refused, cut off, too long, not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.answering import AnswerStream, ExtractiveAnswering, Inquiry
from assistant.answers import Answer, Completion, ModelProfile, Turn
from assistant.errors import ModelMismatch, ModelUnreachable, PromptOverflow
from assistant.generating import GenerativeAnswering
from assistant.llms.scripted import Reply, ScriptedModel
from assistant.packing import PackingOptions
from assistant.profiles import builtin_profiles, profile_named
from assistant.prompts import EXAMPLES, REFUSAL
from assistant.refusing import refuses
from assistant.stopwatch import Stopwatch
from ingest.documents import Hit
from ingest.errors import UsageError
from tests.support.memory import MemoryKnowledge, document_of

QUESTION = "How long is parental leave?"
KNOWLEDGE = MemoryKnowledge(
    [
        document_of("leave.md", ["Parental leave lasts 14 weeks.", "It is paid in full by the company."]),
        document_of("hours.md", [f"Desk {number} is free on day {number}." for number in range(200)], 2),
    ]
)


class Quoting(ExtractiveAnswering):
    """Stands in for the built-in answerer where only that it was asked matters."""

    def respond(self, inquiry, search, watch):
        hits = search(10)
        yield "Quoted."
        return Answer(inquiry.question, "Quoted.", (), False, 0.5, (), "extractive", manifest={"hits": len(hits)})


def search(k: int) -> Sequence[Hit]:
    return sorted(KNOWLEDGE.hits(), key=lambda hit: hit.chunk.id)[:k]


def window(tokens: int = 2048) -> ModelProfile:
    profile = profile_named("plain")
    return replace(profile, window=tokens, max_input=tokens)


def ask(
    *replies: Reply, packing: PackingOptions | None = None, history: Sequence[Turn] = ()
) -> tuple[Answer, ScriptedModel]:
    model = ScriptedModel(replies, window())
    answering = GenerativeAnswering(KNOWLEDGE, model, Quoting(KNOWLEDGE), packing)
    stream = AnswerStream(answering.respond(Inquiry(QUESTION, QUESTION, tuple(history)), search, Stopwatch()))
    pieces = list(stream)
    if stream.answer.completion and not stream.answer.degraded:
        assert "".join(pieces) == stream.answer.completion.text
    return stream.answer, model


def test_an_answer_with_its_places() -> None:
    answer, model = ask("Parental leave lasts 14 weeks. [2] It is paid in full. [2]")
    assert answer.text == "Parental leave lasts 14 weeks. It is paid in full."
    assert [sentence.support for sentence in answer.sentences] == ["supported", "supported"]
    assert [sentence.citations[0].source for sentence in answer.sentences] == ["leave.md", "leave.md"]
    assert (answer.abstained, answer.degraded) == (False, "")
    assert answer.prompt is not None
    assert model.prompts == [answer.prompt.text]
    assert answer.prompt.ledger.passages > 0.97 * answer.prompt.ledger.budget
    assert answer.markers_dropped == 0


def test_markers_that_name_nothing_are_counted() -> None:
    answer, _ = ask("Parental leave lasts 14 weeks. [2][99]")
    assert answer.markers_dropped == 1


@pytest.mark.parametrize("reply", [REFUSAL, "the documents do not answer this", f"{REFUSAL} [1]", "", "  \n"])
def test_a_refusal_is_an_abstention(reply: str) -> None:
    answer, _ = ask(reply)
    assert (answer.abstained, answer.text, answer.sentences) == (True, REFUSAL, ())
    assert answer.passages


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but the provided passages do not contain information about this.",
        "Unfortunately, the documents don’t mention parental leave for pilots.",
        "There is no information about that in the passages.",
        "I cannot find the answer in the text above.",
        "Based on the given passages, it is not specified.",
        "None of the passages mentions it.",
    ],
)
def test_a_refusal_in_the_models_own_words_is_an_abstention(reply: str) -> None:
    answer, _ = ask(reply)
    assert (answer.abstained, answer.text) == (True, REFUSAL)


@pytest.mark.parametrize(
    "reply",
    [
        "The documents do not mention pilots, but parental leave lasts 14 weeks. [2]",
        "The text says that parental leave lasts 14 weeks.",
        "I know that it lasts 14 weeks.",
        "No.",
    ],
)
def test_what_is_no_refusal(reply: str) -> None:
    assert not refuses(reply)


def test_an_answer_of_which_nothing_is_found_is_not_given() -> None:
    answer, _ = ask("Dogs may bark in the canteen. [2] Cats may not. [77]")
    assert (answer.abstained, answer.text, answer.sentences, answer.confidence) == (True, REFUSAL, (), 0.0)
    assert answer.passages
    assert answer.completion is not None
    assert answer.completion.text.startswith("Dogs may bark")
    assert answer.markers_dropped == 1


def test_confidence_falls_with_the_share_that_is_found_and_with_what_the_search_found() -> None:
    whole, _ = ask("Parental leave lasts 14 weeks. [2]")
    half, _ = ask("Parental leave lasts 14 weeks. [2] Dogs may bark in the canteen. [2]")
    assert 0 < half.confidence < whole.confidence < 1
    assert half.confidence == pytest.approx(whole.confidence / 2)
    model = ScriptedModel(["Parental leave lasts 14 weeks. [2]"], window())
    asked = Inquiry("Who won the cup in 1998?", "Who won the cup in 1998?")
    stream = AnswerStream(GenerativeAnswering(KNOWLEDGE, model, Quoting(KNOWLEDGE)).respond(asked, search, Stopwatch()))
    list(stream)
    assert stream.answer.confidence < whole.confidence


def test_an_answer_that_mentions_the_refusal_is_none() -> None:
    assert not refuses("Parental leave lasts 14 weeks. The documents do not answer this for part-timers.")


@pytest.mark.parametrize("turn", ["Question", "Earlier question", "Example question"])
def test_a_dialogue_that_goes_on_is_cut(turn: str) -> None:
    answer, _ = ask(f"It lasts 14 weeks. [2]\n{turn}: And now?\nAnswer: Nothing.")
    assert answer.text == "It lasts 14 weeks."


def test_models_that_need_it_are_shown_examples_and_those_are_counted() -> None:
    shown, plainly = (replace(window(4096), examples=examples) for examples in (True, False))
    prompts = {}
    for profile in (shown, plainly):
        model = ScriptedModel(["The office closes at six. [2]"], profile)
        stream = AnswerStream(
            GenerativeAnswering(KNOWLEDGE, model, Quoting(KNOWLEDGE)).respond(
                Inquiry(QUESTION, QUESTION), search, Stopwatch()
            )
        )
        list(stream)
        assert stream.answer.prompt is not None
        prompts[profile.examples] = stream.answer.prompt
        assert stream.answer.abstained  # what an example says is found in no document
    assert EXAMPLES in prompts[True].text
    assert EXAMPLES not in prompts[False].text
    assert prompts[True].text.index(EXAMPLES) < prompts[True].text.index("passages begin")
    assert prompts[True].ledger.system > prompts[False].ledger.system
    for prompt in prompts.values():
        assert prompt.ledger.total <= prompt.ledger.max_input


def test_falcons_own_profiles_show_examples() -> None:
    assert [name for name, profile in builtin_profiles().items() if profile.examples] == ["falconlite2", "falconlite"]


@pytest.mark.parametrize("finish", ["length", "incomplete"])
def test_a_cut_answer_is_shown_as_one(finish) -> None:
    answer, _ = ask(Completion("Parental leave lasts", finish, problem="broken"))
    assert answer.completion is not None
    assert (answer.text, answer.completion.finish) == ("Parental leave lasts", finish)


def test_an_answer_cut_off_before_its_first_word_is_no_refusal() -> None:
    answer, _ = ask(Completion("", "incomplete", problem="broken"))
    assert (answer.abstained, answer.text, answer.sentences) == (False, "", ())


def test_a_server_that_is_down_gives_quotations() -> None:
    answer, _ = ask(ModelUnreachable("Nobody listens at http://host.", "Start it."))
    assert (answer.text, answer.model) == ("Quoted.", "extractive")
    assert answer.degraded == "Nobody listens at http://host. Start it."
    assert answer.manifest["hits"] == 10


def test_a_wrong_model_is_an_error() -> None:
    with pytest.raises(ModelMismatch, match="another"):
        ask(ModelMismatch("It serves another model."))


def test_a_prompt_that_the_server_finds_too_long_is_cut_once() -> None:
    answer, model = ask(PromptOverflow("Too long."), "Parental leave lasts 14 weeks.")
    first, second = model.prompts
    assert answer.prompt is not None
    assert len(second) < len(first)
    assert model.count(second).tokens <= 0.85 * model.count(first).tokens
    assert "14 weeks" in second
    assert answer.sentences[0].support == "supported"


def test_the_limit_that_the_server_states_is_kept() -> None:
    overflow = PromptOverflow("Too long.")
    overflow.given, overflow.limit = 1500, 600
    _, model = ask(overflow, "Parental leave lasts 14 weeks.")
    assert model.count(model.prompts[1]).tokens <= 510


def test_a_prompt_that_is_too_long_twice_is_an_error() -> None:
    with pytest.raises(PromptOverflow, match="Still"):
        ask(PromptOverflow("Too long."), PromptOverflow("Still too long."))


def test_the_reserve_bounds_the_answer() -> None:
    answer, _ = ask("one two three four five", packing=PackingOptions(reserve=3))
    assert answer.completion is not None
    assert (answer.completion.text, answer.completion.finish) == ("one two three", "length")


def test_without_passages_no_model_is_asked() -> None:
    model = ScriptedModel(["From memory."], window())
    stream = AnswerStream(
        GenerativeAnswering(KNOWLEDGE, model, Quoting(KNOWLEDGE)).respond(
            Inquiry(QUESTION, QUESTION), lambda k: [], Stopwatch()
        )
    )
    assert list(stream) == []
    assert stream.answer.abstained
    assert model.prompts == []


def test_what_was_said_before_is_sent() -> None:
    _, model = ask("Yes.", history=[Turn("Who decides?", "The director.")])
    assert "Earlier question: Who decides?\nEarlier answer: The director.\n\nQuestion: How long" in model.prompts[0]


def test_closing_the_stream_cancels_the_request() -> None:
    model = ScriptedModel(["one two three"], window())
    stream = AnswerStream(
        GenerativeAnswering(KNOWLEDGE, model, Quoting(KNOWLEDGE)).respond(
            Inquiry(QUESTION, QUESTION), search, Stopwatch()
        )
    )
    assert next(stream) == "one"
    stream.close()
    assert list(stream) == []
    with pytest.raises(RuntimeError, match="not there yet"):
        _ = stream.answer


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    (tmp_path / "leave.md").write_text("Parental leave lasts 14 weeks.\n", encoding="utf-8")
    with Assistant.open(tmp_path / "kb", embedder="hashing") as kestrel:
        kestrel.add(tmp_path / "leave.md")
    return tmp_path / "kb"


def test_the_facade_streams_and_shows_the_prompt(kb: Path) -> None:
    model = ScriptedModel(["It lasts 14 weeks. [1]"], window())
    with Assistant.open(kb, llm=model, packing=PackingOptions(reserve=64)) as kestrel:
        prompt = kestrel.prompt(QUESTION)
        assert model.prompts == []
        stream = kestrel.stream(QUESTION)
        pieces = list(stream)
    assert pieces == ["It", " lasts", " 14", " weeks.", " [1]"]
    assert stream.answer.prompt == prompt
    assert model.prompts == [prompt.text]
    assert prompt.ledger.reserve == 64
    assert set(stream.answer.timings) == {"search", "pack", "generate", "verify", "total"}
    assert stream.answer.searched_for == QUESTION


def test_without_a_model_there_is_no_prompt(kb: Path) -> None:
    with Assistant.open(kb) as kestrel:
        stream = kestrel.stream(QUESTION)
        assert list(stream) == [stream.answer.text]
        with pytest.raises(UsageError, match="sends no prompt"):
            kestrel.prompt(QUESTION)


def test_a_conversation_asks_the_model_what_is_meant(kb: Path) -> None:
    model = ScriptedModel(
        ["It lasts 14 weeks. [1]", "How long is it paid?", "The documents do not answer this."], window()
    )
    with Assistant.open(kb, llm=model) as kestrel:
        conversation = kestrel.chat()
        conversation.ask(QUESTION)
        answer = conversation.ask("And paid?")
    assert (answer.question, answer.searched_for, answer.abstained) == ("And paid?", "How long is it paid?", True)
    assert "Earlier answer: It lasts 14 weeks." in model.prompts[2]
    assert conversation.turns[1].question == "How long is it paid?"
