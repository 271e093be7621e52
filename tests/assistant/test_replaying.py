"""From a manifest an answer is made again, and what differs is told with its cause."""

from __future__ import annotations

import hashlib
import json

import pytest
from click.testing import CliRunner

from assistant import Assistant
from assistant.cli import assistant
from assistant.history import Run
from assistant.llms.scripted import ScriptedModel
from assistant.replaying import replay
from ingest.cli import ingest
from ingest.documents import Filter

QUESTION = "How long is parental leave?"
LEAVE = "# Leave\n\nParental leave lasts {weeks} weeks. It is paid in full.\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "leave.md").write_text(LEAVE.format(weeks=14), encoding="utf-8")
    (tmp_path / "travel.md").write_text("# Travel\n\nTrains are booked in second class.\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def kestrel(files, tmp_path):
    with Assistant.open(tmp_path / "kb", embedder="hashing") as opened:
        opened.add(files / "leave.md", files / "travel.md")
        yield opened


def kept(kestrel, **settings) -> Run:
    run = kestrel.history.keep(kestrel.ask(QUESTION, insist=True, **settings))
    assert run is not None
    return run


def test_a_manifest_says_what_the_answer_was_made_from(kestrel):
    answer = kestrel.ask(QUESTION, insist=True, only=Filter(("leave.md",)))
    manifest = answer.manifest
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["generation"] == kestrel.knowledge.store.generation()
    assert manifest["embedder"] == "hashing"
    assert manifest["only"] == {"sources": ["leave.md"], "metadata": []}
    (chunk,) = kestrel.knowledge.store.chunks(answer.passages[0].document_id)
    sha = hashlib.sha256(chunk.text.encode()).hexdigest()
    assert manifest["chunks"] == [{"id": chunk.id, "document": chunk.document_id, "sha256": sha}]
    assert [passage["sha256"] for passage in manifest["passages"]] == [sha]
    assert manifest["prompt_sha256"] == ""
    assert set(manifest["versions"]) >= {"kestrel-assistant", "faiss-cpu"}
    assert manifest["run"] != kestrel.ask(QUESTION).manifest["run"]


def test_of_a_served_model_the_prompt_the_sampling_and_the_tokens_are_known(files, tmp_path):
    model = ScriptedModel(["Parental leave lasts 14 weeks. [1]"])
    with Assistant.open(tmp_path / "kb", llm=model, embedder="hashing") as opened:
        opened.add(files / "leave.md")
        manifest = opened.ask(QUESTION).manifest
    assert manifest["prompt_sha256"] == hashlib.sha256(model.prompts[0].encode()).hexdigest()
    assert (manifest["temperature"], manifest["seed"]) == (0.0, 0)
    assert manifest["max_tokens"] > 0
    assert manifest["model"] == "plain"


def test_the_same_again(kestrel):
    again = replay(kestrel, kept(kestrel, only=Filter(("*.md",)), passages=2))
    assert again.same
    assert again.causes == ()


def test_a_changed_document_is_named(kestrel, files):
    run = kept(kestrel)
    (files / "leave.md").write_text(LEAVE.format(weeks=16), encoding="utf-8")
    kestrel.add(files / "leave.md")
    again = replay(kestrel, run)
    assert not again.same
    assert [(each.before, each.now) for each in again.effects] == [
        ("Parental leave lasts 14 weeks. It is paid in full.", ""),
        ("", "Parental leave lasts 16 weeks. It is paid in full."),
    ]
    causes = {cause.what: cause.now for cause in again.causes}
    assert causes["leave.md"] == kestrel.knowledge.resolve("leave.md").document_id[:12]
    assert causes["the knowledge base"].isdigit()


def test_a_removed_document_is_named(kestrel):
    run = kept(kestrel)
    kestrel.knowledge.remove("leave.md")
    assert ("leave.md", "removed") in [(cause.what, cause.now) for cause in replay(kestrel, run).causes]


def test_another_model_is_named(kestrel, tmp_path):
    run = kept(kestrel)
    with Assistant.open(tmp_path / "kb", llm=ScriptedModel(["It lasts 14 weeks. [1]"]), embedder="hashing") as other:
        again = replay(other, run)
    assert not again.same
    assert ("the model", "extractive", "plain") in [(each.what, each.before, each.now) for each in again.causes]


def test_from_asking_to_forgetting_at_the_command_line(files, tmp_path):
    kb = ["--kb", str(tmp_path / "kb")]
    runner = CliRunner()

    def call(program, *arguments, **environment):
        done = runner.invoke(program, [*arguments, *kb], env=environment, standalone_mode=False)
        assert done.exception is None, done.exception
        return done

    call(ingest, "add", str(files / "leave.md"))
    call(assistant, "ask", "unkept", "--no-keep")
    call(assistant, "ask", "unkept", KESTREL_KEEP="0")
    asked = json.loads(call(assistant, "ask", QUESTION, "--json").stdout)
    (listed,) = json.loads(call(assistant, "history", "--json").stdout)
    assert (listed["run"], listed["question"]) == (asked["manifest"]["run"], QUESTION)
    assert json.loads(call(assistant, "replay", "last", "--json").stdout)["same"]
    judged = json.loads(call(assistant, "feedback", listed["run"][:4], "good", "--reason", "yes", "--json").stdout)
    assert (judged["verdict"], judged["reason"]) == ("good", "yes")
    receipt = json.loads(call(ingest, "remove", "leave.md", "--json").stdout)
    place = next(place for place in receipt["places"] if place["name"] == "answers")
    assert place["state"] == "remains"
    assert place["detail"].startswith("1 kept; until: assistant history --forget ")
    assert json.loads(call(assistant, "history", "--forget", "leave.md", "--json").stdout) == {"forgotten": 1}
    assert "No answers." in call(assistant, "history").output


def test_an_answer_that_cannot_be_kept_is_an_answer_still(files, tmp_path):
    kb = str(tmp_path / "kb")
    runner = CliRunner()
    runner.invoke(ingest, ["add", str(files / "leave.md"), "--kb", kb], standalone_mode=False)
    (tmp_path / "kb" / "answers.db").write_bytes(b"no database" * 100)
    done = runner.invoke(assistant, ["ask", QUESTION, "--kb", kb], standalone_mode=False)
    assert done.return_value == 0
    assert "14 weeks" in done.stdout
    assert "The answer was not kept." in done.stderr


def test_another_revision_behind_the_same_name_is_told(files, tmp_path):
    def model(revision: str) -> ScriptedModel:
        made = ScriptedModel(["Parental leave lasts 14 weeks. [1]"])
        made.identity = ("tgi:http://host", "falcon", revision)
        return made

    with Assistant.open(tmp_path / "kb", llm=model("abc"), embedder="hashing") as opened:
        opened.add(files / "leave.md")
        run = opened.history.keep(opened.ask(QUESTION))
    with Assistant.open(tmp_path / "kb", llm=model("def")) as opened:
        found = replay(opened, run)
    assert ("falcon abc", "falcon def") in [(each.before, each.now) for each in found.causes]
