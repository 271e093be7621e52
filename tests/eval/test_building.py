"""Question sets from documents: answers stand where they say, nothing repeats, a person can correct them."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from assistant.assistant import Assistant
from assistant.history.runs import Run
from assistant.llms.scripted import ScriptedModel
from eval.building.building import Recipe, build
from eval.building.cloze import ASKED, BLANK, blanks
from eval.building.leakage import distinct, leakage
from eval.cli import evaluation
from eval.question_sets import load
from eval.question_sets.judged import judged_questions
from eval.samples import Question
from ingest.documents import Document
from ingest.errors import NothingIndexed, UsageError
from ingest.knowledge_base import KnowledgeBase

PEOPLE = "Ada Moss, Bert Lund, Cora Vane, Dirk Holt, Elsa Kern, Fred Nyse".split(", ")
TOWNS = "Gera Halle Jena Weimar Erfurt Gotha".split()


def text(n: int) -> str:
    return (
        f"# The {TOWNS[n]} Works\n\n"
        f"The works in {TOWNS[n]} were founded by {PEOPLE[n]} and have {120 + n} halls in two towns today. "
        f"It is large. A shift at the works in {TOWNS[n]} lasts for {5 + n} hours on every working day.\n\n"
        f"## Safety rules of {TOWNS[n]}\n\n"
        f"Every visitor of the site in {TOWNS[n]} pays a deposit of €{40 + n}.50 before entering the yard. "
        f"The last inspection of the boilers in {TOWNS[n]} took place on {3 + n} March 2019 without any complaint.\n"
    )


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    for n, town in enumerate(TOWNS):
        (folder / "docs").mkdir(exist_ok=True)
        (folder / "docs" / f"{town.lower()}.md").write_text(text(n), encoding="utf-8")
    with Assistant.open(folder / "kb", embedder="hashing") as kestrel:
        kestrel.add(folder / "docs")
    return folder / "kb"


@pytest.fixture
def knowledge(kb):
    with KnowledgeBase.open(kb, read_only=True) as opened:
        yield opened


def test_a_blank_is_a_thing_of_its_sentence():
    found = list(blanks(Document("d", text(0), "gera.md")))
    assert [(blank.kind, blank.answer) for blank in found] == [
        ("number", "120"),
        ("number", "5 hours"),
        ("amount", "€40.50"),
        ("date", "3 March 2019"),
    ]
    for blank in found:
        sentence = " ".join(text(0)[blank.start : blank.end].split())
        assert blank.question.removeprefix(ASKED).replace(BLANK, blank.answer) == sentence


def test_a_set_says_where_its_answers_stand(knowledge):
    questions = build(knowledge, Recipe(questions=24, unanswerable=0.25, headings=0.2))
    texts = {source.uri.rpartition("/")[2]: knowledge.text(source.uri) for source in knowledge.sources()}
    assert {question.kind for question in questions} >= {"heading", "unanswerable"}
    for question in questions:
        if question.answers:
            start, end = question.span
            assert question.answers[0] in " ".join(texts[question.source][start:end].split())
    assert len({question.id for question in questions}) == len(questions)
    shares = [sum(question.source == name for question in questions) for name in texts]
    assert max(shares) - min(shares) <= 3, "every document has its share"


def test_the_same_seed_gives_the_same_set_and_another_one_another(knowledge):
    recipe = Recipe(questions=12, seed=3)
    assert build(knowledge, recipe) == build(knowledge, recipe)
    assert build(knowledge, recipe) != build(knowledge, Recipe(questions=12, seed=4))


def test_unanswerable_questions_name_what_the_sentence_does_not(knowledge):
    questions = [each for each in build(knowledge, Recipe(questions=20, unanswerable=0.3)) if not each.answerable]
    everything = " ".join(" ".join(text(n).split()) for n in range(6))
    assert len(questions) >= 4
    for question in questions:
        before, _, after = question.question.removeprefix(ASKED).partition(BLANK)
        assert not (before in everything and after in everything), "this sentence stands in the documents"
        assert (question.answers, question.span) == ((), None)


def test_parts_share_no_document(knowledge):
    questions = build(knowledge, Recipe(questions=24, train=0.5))
    train = [question for question in questions if question.part == "train"]
    test = [question for question in questions if question.part == "test"]
    assert 0.25 <= len(train) / len(questions) <= 0.75
    assert leakage(train, test).documents == ()


def test_leaks_are_found():
    asked = Question("a", "How long does the warranty cover the motor of the bicycle?", source="a.md")
    again = Question("b", "How long does the warranty cover the motor of a bicycle?", source="b.md")
    other = Question("c", "Who pays the freight for a parcel that comes back?", source="a.md")
    assert distinct([asked, again, other]) == [asked, other]
    found = leakage([asked], [again, other])
    assert (found.questions, found.documents) == ((("a", "b"),), ("a.md",))
    assert not leakage([asked], [Question("d", "Where is the depot of the works?", source="d.md")])


def test_a_model_words_questions_and_only_those_of_the_passage_are_kept(knowledge):
    replies = iter(["How many halls are there?\nAnswer: two towns", "Who knows?\nAnswer: nobody at all", "No idea."])
    model = ScriptedModel(lambda prompt: next(replies, "Nothing."))
    questions = build(knowledge, Recipe(questions=3, unanswerable=0, headings=0), model)
    assert [(question.question, question.answers) for question in questions] == [
        ("How many halls are there?", ("two towns",))
    ]


def test_the_review_is_a_question_set_in_which_questions_are_struck_out(kb, tmp_path):
    out, review = tmp_path / "set.jsonl", tmp_path / "set.csv"
    arguments = ["build", "--kb", str(kb), "--out", str(out), "--review", str(review), "--number", "12", "--json"]
    done = CliRunner().invoke(evaluation, arguments, standalone_mode=False)
    assert json.loads(done.stdout)["questions"] == len(load(out).questions)
    assert load(review).questions == load(out).questions
    with review.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["evidence"] for row in rows if row["answerable"] == "yes")
    rows[0]["keep"] = "no"
    with review.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert load(review).questions == load(out).questions[1:]
    with pytest.raises(UsageError, match="is there already, perhaps corrected by hand"):
        CliRunner().invoke(evaluation, arguments, standalone_mode=False, catch_exceptions=False)


def test_documents_that_hold_nothing_to_ask_say_so(tmp_path):
    (tmp_path / "note.txt").write_text("too short", encoding="utf-8")
    with Assistant.open(tmp_path / "kb", embedder="hashing") as kestrel:
        kestrel.add(tmp_path / "note.txt")
        with pytest.raises(NothingIndexed, match="no sentence or heading"):
            build(kestrel.knowledge, Recipe())


def test_good_answers_become_questions_whose_gold_is_where_they_were_found(kb, tmp_path):
    asked = "How long does a shift in Gera last?"
    with Assistant.open(kb, read_only=True) as kestrel:
        answer = kestrel.ask(asked, insist=True)
        refusal = kestrel.ask("Who won the chess tournament of Lisbon?")
    assert (answer.abstained, refusal.abstained) == (False, True)
    runs = [
        Run("a1", 1.0, answer, verdict="good"),
        Run("b2", 2.0, refusal, verdict="good"),
        Run("c3", 3.0, answer, verdict="wrong"),
    ]
    questions = judged_questions(runs)
    assert [each.id for each in questions] == ["a1", "b2"]
    citation = answer.sentences[0].citations[0]
    assert (questions[0].question, questions[0].source, questions[0].pages) == (asked, "gera.md", ())
    assert questions[0].span[0] <= citation.start < citation.end <= questions[0].span[1]
    assert (questions[1].answerable, questions[1].kind) == (False, "good")


def test_a_set_of_feedback_needs_good_answers(kb, tmp_path):
    arguments = ["build", "--kb", str(kb), "--out", str(tmp_path / "set.jsonl"), "--feedback"]
    with pytest.raises(UsageError, match="was called good"):
        CliRunner().invoke(evaluation, arguments, standalone_mode=False, catch_exceptions=False)
