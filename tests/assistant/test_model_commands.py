"""`prompt`, `models`, `summarize`, and `ask` with a model: what stands on stdout, on stderr, and the exit code."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant import Assistant
from assistant.answers import Ledger
from assistant.cli import main
from assistant.counting import TokenizerFile
from assistant.explaining import WIDTH, explain
from assistant.profiles import builtin_profiles, profile_named

TEXT = (
    "# Lease\n\nThe deposit is 1,450 euros. It is due in March.\n\n# Pets\n\nDogs need the consent of the landlord.\n"
)
QUESTION = "How much is the deposit?"


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Outcome]


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lease")
    (folder / "lease.md").write_text(TEXT, encoding="utf-8")
    with Assistant.open(folder / "kb") as kestrel:
        kestrel.add(folder / "lease.md")
    return folder / "kb"


@pytest.fixture
def call(kb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs `assistant` with arguments; `replies` are what the model says, in turn."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KESTREL_KB", str(kb))

    def run(*arguments: str, replies: list[str] | None = None) -> Outcome:
        if replies is not None:
            (tmp_path / "replies.json").write_text(json.dumps(replies), encoding="utf-8")
            arguments = (*arguments, "--llm", "scripted:replies.json")
        monkeypatch.setattr(sys, "argv", ["assistant", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), out, err)

    return run


def test_prompt_prints_what_would_be_sent_and_nothing_else(call: Call) -> None:
    plain, shown = call("prompt", QUESTION), call("prompt", QUESTION, "--json")
    assert plain.out == shown.json["text"]
    assert plain.out.startswith("<|prompter|>Answer the question")
    assert plain.out.endswith(f"Question: {QUESTION}\nAnswer:<|endoftext|><|assistant|>")
    assert "of 24,576 tokens of falconlite2 (estimated, never too low" in plain.err


def test_prompt_as_json(call: Call, kb: Path, shared_data: Path) -> None:
    tokenizer = shared_data / "falcon_tokenizer" / "tokenizer.json"
    shown = call("prompt", QUESTION, "--json", "--profile", "falconlite2", "--tokenizer", str(tokenizer)).json
    assert set(shown) == {"text", "tokens", "exact", "ledger", "passages"}
    control = profile_named("falconlite2").control_tokens
    assert shown["tokens"] == TokenizerFile(tokenizer, control).count(shown["text"]).tokens
    assert shown["exact"] is True
    assert shown["ledger"]["template"] == 3
    (passage,) = shown["passages"]
    assert passage["number"] == 1
    assert passage["source"].endswith("lease.md")
    with Assistant.open(kb) as kestrel:
        text = kestrel.knowledge.text("lease.md")
    assert text[passage["start"] : passage["end"]] in shown["text"]


@pytest.mark.parametrize("budget", ["320", "400"])
def test_prompt_keeps_the_budget(call: Call, budget: str) -> None:
    ledger = call("prompt", QUESTION, "--budget", budget, "--mode", "chunks", "--json").json["ledger"]
    assert ledger["total"] <= int(budget)
    assert ledger["mode"] == "chunks"


def test_a_budget_without_room_for_the_question(call: Call) -> None:
    outcome = call("prompt", QUESTION, "--budget", "50")
    assert (outcome.code, outcome.out) == (6, "")
    assert "falconlite2 has room for 50" in outcome.err


def test_an_unknown_profile(call: Call) -> None:
    outcome = call("prompt", QUESTION, "--profile", "falconlite3")
    assert outcome.code == 2
    assert "Did you mean 'falconlite" in outcome.err


def test_models_as_json(call: Call) -> None:
    shown = {model["name"]: model for model in call("models", "--json").json}
    assert set(shown) == set(builtin_profiles())
    assert (shown["falconlite2"]["window"], shown["falconlite2"]["max_input"]) == (24_576, 24_000)
    assert "--max-total-tokens 24576" in shown["falconlite2"]["command"]
    assert shown["alfred-40b-1023"]["stop"] == ["<end_message>"]


def test_models_for_people(call: Call) -> None:
    out = call("models").out
    for name, profile in builtin_profiles().items():
        assert f"{name}: {profile.summary}" in out
        assert profile.serving.command.splitlines()[0] in out


def test_an_answer_of_a_model(call: Call) -> None:
    shown = call("ask", QUESTION, "--json", replies=["The deposit is 1,450 euros. [1]"])
    assert shown.code == 0
    (sentence,) = shown.json["sentences"]
    assert sentence["support"] == "supported"
    assert sentence["citations"][0]["quote"] == "The deposit is 1,450 euros"
    assert shown.json["ledger"]["total"] > 0


def test_a_refusal(call: Call) -> None:
    outcome = call("ask", QUESTION, replies=["The documents do not answer this."])
    assert outcome.code == 8


def test_an_answer_that_is_cut_off(call: Call) -> None:
    outcome = call("ask", QUESTION, "--reserve", "3", replies=["The deposit is 1,450 euros."])
    assert outcome.code == 9
    assert "cut off" in outcome.err


def test_a_server_that_is_down(call: Call) -> None:
    outcome = call("ask", QUESTION, "--json", "--llm", "tgi:http://127.0.0.1:9")
    assert outcome.code == 5
    assert outcome.json["model"] == "extractive"
    assert "http://127.0.0.1:9" in outcome.json["degraded"]
    assert outcome.json["sentences"][0]["citations"][0]["verified"]


def test_streamed_as_json_lines(call: Call) -> None:
    outcome = call("ask", QUESTION, "--json", "--stream", replies=["The deposit is 1,450 euros. [1]"])
    *pieces, answer = [json.loads(line) for line in outcome.out.splitlines()]
    assert "".join(piece["piece"] for piece in pieces) == "The deposit is 1,450 euros. [1]"
    assert len(pieces) == 6
    assert answer["text"] == "The deposit is 1,450 euros."


def test_streamed_text_cannot_paint_the_terminal(call: Call) -> None:
    outcome = call("ask", QUESTION, "--stream", replies=["The \x1b[31mdeposit\x1b[0m is 1,450 euros. [1]"])
    assert outcome.out.startswith("The  [31mdeposit [0m is 1,450 euros. [1]\n")
    assert "\x1b" not in outcome.out


def test_explain_draws_the_ledger(call: Call) -> None:
    err = call("ask", QUESTION, "--explain", replies=["The deposit is 1,450 euros. [1]"]).err
    assert "# passages" in err
    assert re.search(r"^search .*, pack .*, generate .*, verify .*, total .*", err, re.M)
    assert "No prompt was sent" in call("ask", QUESTION, "--explain").err


def test_a_conversation_is_rewritten_by_the_model(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(f"{QUESTION}\nAnd when is it due?\n", encoding="utf-8")
    replies = ["The deposit is 1,450 euros. [1]", "When is the deposit due?", "It is due in March. [1]"]
    with questions.open(encoding="utf-8") as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        outcome = call("chat", replies=replies)
    assert "(searched for: When is the deposit due?)" in outcome.err
    assert "It is due in March." in outcome.out


def test_summarize(call: Call) -> None:
    quoted = call("summarize", "lease.md", "--sentences", "1", "--json").json
    assert quoted["sentences"][0]["citations"][0]["verified"]
    written = call("summarize", "lease.md", "--json", replies=["Dogs need the consent of the landlord. [2]"]).json
    assert written["sentences"][0]["citations"][0]["quote"] == "Dogs need the consent of the landlord"
    assert call("summarize", "other.md").code == 2


def test_the_bar_has_its_width_and_every_term() -> None:
    ledger = Ledger(24_576, 24_000, 512, 3, 79, 1000, 11, 22_000, 23_093, True, 22_100, "chunks", 5661)
    headline, bar, *rows = explain(ledger, "falconlite2").splitlines()
    assert headline == "23,093 of 24,576 tokens of falconlite2 (counted exactly; mode chunks)"
    assert len(bar) == WIDTH + 2
    assert [bar[1:-1].count(mark) > 0 for mark in "ti#h?.a"] == [True] * 7
    assert bar.index("#") < bar.index("h") < bar.index("?") < bar.index("a")
    tokens = [int(row[23:33].replace(",", "")) for row in rows[:7]]
    assert sum(tokens) == ledger.window
