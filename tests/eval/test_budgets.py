"""Arms swept over budgets: every budget holds, changes what is read, and stands in the report with its knee."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from assistant.assistant import Assistant
from assistant.counting import estimate
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from eval.commands.run import _budgets
from eval.evaluation import Plan, evaluate
from eval.reporting.curves import sweeps
from eval.reporting.page import page
from eval.reporting.terminal import shown
from eval.samples import Question, QuestionSet
from eval.variants import parse_arms
from eval.variants.budgets import SWEEP, Budgeted, with_budgets
from eval.variants.setup import Setup
from ingest.documents import Chunk, Hit
from ingest.errors import UsageError

PLACES = tuple(f"place{number}" for number in range(30))
QUESTIONS = QuestionSet(
    "heights.jsonl",
    tuple(Question(place, f"How high is {place}?", (f"{number + 100} metres",), source=f"{place}.md", pages=(1,))
          for number, place in enumerate(PLACES[:6])),
    "",
)  # fmt: skip


@pytest.fixture(scope="module")
def kb(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("swept")
    (folder / "docs").mkdir()
    for number, place in enumerate(PLACES):
        text = f"# {place}\n\nHow high is {place}? It is {number + 100} metres high. " + "It stands on a hill. " * 20
        (folder / "docs" / f"{place}.md").write_text(text, encoding="utf-8")
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        kestrel.add(folder / "docs")
    return folder / "kb"


def test_arms_are_multiplied_and_those_with_a_budget_of_their_own_are_left():
    arms = parse_arms("prompting,rag:k=4,rag:budget=900")
    made = with_budgets(arms, (500, 1000))
    assert [arm.name for arm in made] == [
        "prompting", "rag:k=4:budget=500", "rag:k=4:budget=1000", "rag:budget=900"
    ]  # fmt: skip
    with pytest.raises(UsageError, match="None of prompting, oracle can be given a budget"):
        with_budgets(parse_arms("prompting,oracle"), (500,))


def test_the_option_reads_numbers_or_the_usual_sweep():
    assert _budgets(None, None, "8000, 2000,8000") == (2000, 8000)
    assert _budgets(None, None, "sweep") == SWEEP
    assert _budgets(None, None, None) == ()
    for wrong in ("many", "0,5"):
        with pytest.raises(click.BadParameter):
            _budgets(None, None, wrong)


def test_the_best_passages_are_taken_while_they_fit():
    class Found:
        def retrieve(self, question, k, only=None):
            texts = ("a" * 4, "b" * 3, "c" * 5, "d")
            return [Hit(Chunk(str(n), "d", n, 0, len(text), text), 1.0, "s") for n, text in enumerate(texts)][:k]

    def kept(budget):
        return "".join(hit.chunk.text[0] for hit in Budgeted(Found(), budget, len).retrieve("q", 9))

    assert [kept(budget) for budget in (3, 4, 7, 11, 12, 99)] == ["", "a", "ab", "ab", "abc", "abcd"]


def test_the_embedded_answerer_reads_no_more_than_its_budget(kb, tmp_path):
    arms = with_budgets(parse_arms("extractive"), (250, 700, 2400))
    found = evaluate(Plan(Setup(kb), arms, QUESTIONS, tmp_path / "run", workers=1))
    read = {arm: [reply.read_tokens for reply in row] for arm, row in found.replies.items()}
    for arm, tokens in zip(arms, (250, 700, 2400), strict=True):
        assert all(0 < each <= tokens for each in read[arm.name])
    assert min(read[arms[2].name]) > max(read[arms[0].name])
    with Assistant.open(kb, read_only=True) as kestrel:
        for reply in found.replies[arms[1].name]:
            texts = [kestrel.knowledge.text(each.source)[each.start : each.end] for each in reply.passages]
            assert sum(estimate(text).tokens for text in texts) == reply.read_tokens
    (sweep,) = sweeps(found)
    assert sweep.unit == "tokens"
    assert [point.arm for point in sweep.points] == [arm.name for arm in arms], "in the order of what was spent"
    assert "knee →" in shown(found)
    assert "tokens a question" in page(found)


def test_a_model_is_sent_no_more_than_the_budget(kb, tmp_path):
    model = ScriptedModel(lambda _prompt: "It is 100 metres high. [1]", profile_named("falconlite2"))
    arms = with_budgets(parse_arms("rag"), (700, 2000))
    found = evaluate(Plan(Setup(kb, model), arms, QUESTIONS, tmp_path / "run", workers=1))
    spent = {arm: [reply.prompt_tokens for reply in row] for arm, row in found.replies.items()}
    assert max(spent["rag:budget=700"]) <= 700 < min(spent["rag:budget=2000"])
    assert max(spent["rag:budget=2000"]) <= 2000


def test_a_budget_beyond_the_model_is_refused_because_it_would_change_nothing(kb, tmp_path):
    model = ScriptedModel([], profile_named("falconlite2"))
    plan = Plan(Setup(kb, model), parse_arms("rag:budget=24001"), QUESTIONS, tmp_path / "run")
    with pytest.raises(UsageError, match=r"A budget of 24,001 tokens is more than falconlite2 takes: 24,000"):
        evaluate(plan)
    words = Plan(Setup(kb), parse_arms("extractive:budget=900:expand=words"), QUESTIONS, tmp_path / "run")
    with pytest.raises(UsageError, match="a budget and further queries"):
        evaluate(words)


@pytest.mark.parametrize(
    "arm", ["extractive:mode=whole", "rag:reserve=50", "extractive:order=first", "oracle:budget=99"]
)
def test_settings_of_a_window_are_refused_where_there_is_none(kb, tmp_path, arm):
    with pytest.raises(UsageError, match="fills no model's window"):
        evaluate(Plan(Setup(kb), parse_arms(arm), QUESTIONS, tmp_path / "run"))


def test_the_order_of_passages_is_a_setting_that_changes_the_prompt(kb, tmp_path):
    model = ScriptedModel(lambda _prompt: "It is 100 metres high. [1]", profile_named("falconlite2"))
    arms = parse_arms("rag:k=2,rag:k=2:order=first")
    evaluate(Plan(Setup(kb, model), arms, QUESTIONS, tmp_path / "run", workers=1))
    for last, first in zip(model.prompts[::2], model.prompts[1::2], strict=True):
        assert last != first
        assert len(last) == len(first), "the same passages in another order"


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_real_model_is_swept(small_falcon, tgi_server, tmp_path):
    """Documents to knee with the small Falcon: budgets bound its prompts by its own tokens."""
    from tests.support.eval_demo import Desk, Size, write_documents
    from tests.support.small_falcon import PROFILE

    desk = Desk(tmp_path)
    write_documents(desk, Size(documents=6, facts=2, missing=0))
    (tmp_path / "small.toml").write_text(PROFILE, encoding="utf-8")
    desk.run("ingest", "add", desk / "documents", "--kb", desk / "kb")
    with tgi_server("1.0.3") as server:
        desk.run(
            "eval", "run", "--kb", desk / "kb", "--questions", desk / "set.jsonl", "--profile", desk / "small.toml",
            "--llm", f"tgi:{server.url}", "--variants", "rag", "--budgets", "250,400,900", "--out", desk / "run",
        )  # fmt: skip
        sent = {len(small_falcon.tokenizer.encode(each).ids) for each in _prompts(server)}
    assert max(sent) <= 900
    assert min(sent) <= 250
    from eval.evaluation import evaluation_of
    from eval.runs.folder import RunFolder

    (sweep,) = sweeps(evaluation_of(RunFolder(tmp_path / "run")))
    assert len(sweep.points) == 3
    for point, budget in zip(sweep.points, (250, 400, 900), strict=True):
        assert point.arm == f"rag:budget={budget}"
        assert point.spent <= budget + 64


def _prompts(server) -> list[str]:
    import json

    bodies = [json.loads(each.body) if isinstance(each.body, bytes) else each.body for each in server.to("/")]
    return [body["inputs"] for body in bodies]
