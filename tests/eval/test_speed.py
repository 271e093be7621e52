"""Speed is the tokens of an answer by the time from the request to its end."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.answers import Completion
from assistant.counting import TokenizerFile
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from eval.cli import evaluation
from eval.speed import Timed, _prompt, measure

WORDS = 16
PAUSE = 0.05  # seconds before each answer


class Slow(ScriptedModel):
    """Answers several at once, each after a pause."""

    def stream(self, prompt, sampling=None):
        time.sleep(PAUSE)
        return super().stream(prompt, sampling)


def slow_model(tokenizer: TokenizerFile | None = None) -> ScriptedModel:
    reply = Completion("word " * WORDS, "stop", output_tokens=WORDS)
    return Slow(lambda _prompt: reply, profile_named("falconlite2"), tokenizer)


def test_the_rate_counts_from_the_request():
    assert Timed(20, 16, 0.1, 2.0).rate == 8.0
    assert Timed(20, 0, 0.0, 0.0).rate == 0.0


def test_every_length_that_fits_is_timed_at_every_concurrency():
    found = measure(slow_model(), (200, 1_000, 50_000), (1, 3), output=32)
    assert [each.at_once for each in found] == [1, 3, 1, 3]
    assert all(0 < each.rate <= WORDS / PAUSE for each in found)
    assert all(each.first_token >= PAUSE for each in found)
    alone, three = found[:2]
    assert three.together > 1.5 * alone.together  # three answers in the time of one


def test_lengths_that_are_not_timed_are_told(tmp_path: Path):
    (tmp_path / "said.json").write_text(json.dumps(["word " * 8] * 9), encoding="utf-8")
    options = ["--llm", f"scripted:{tmp_path / 'said.json'}", "--profile", "falconlite2", "--inputs", "100,50000"]
    call = CliRunner().invoke(evaluation, ["speed", *options, "--at-once", "1"], standalone_mode=False)
    assert call.exception is None
    assert "Not timed, longer than falconlite2's window: 50,000 tokens." in call.stderr


def test_prompts_are_as_long_as_asked_for(shared_data: Path):
    model = slow_model(TokenizerFile(shared_data / "falcon_tokenizer" / "tokenizer.json"))
    for length in (100, 3_300, 10_000, 24_000):
        assert 0.97 * length - 12 <= model.count(_prompt(model, length)).tokens <= length


def test_the_command_prints_rows_and_json(tmp_path: Path):
    (tmp_path / "replies.json").write_text(json.dumps(["It goes on and on."] * 10), encoding="utf-8")
    arguments = [
        "speed",
        "--llm",
        f"scripted:{tmp_path / 'replies.json'}",
        "--inputs",
        "50",
        "--at-once",
        "1",
        "--json",
    ]
    done = CliRunner().invoke(evaluation, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    [row] = json.loads(done.stdout.splitlines()[-1])["speeds"]
    assert (row["at_once"], row["answers"]) == (1, 3)


@pytest.mark.parametrize("inputs", ["a", "0", ""])
def test_wrong_numbers_are_refused(inputs: str):
    done = CliRunner().invoke(evaluation, ["speed", "--llm", "tgi:http://x", "--inputs", inputs])
    assert done.exit_code == 2
