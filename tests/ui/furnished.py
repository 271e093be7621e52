"""A collection in which every page has something to show: made by the product, with a scripted model's answer."""

from __future__ import annotations

import re
from pathlib import Path

from assistant import Assistant
from assistant.answering import open_answerer
from assistant.conversations import belonging
from assistant.demo import EXAMPLES, SAMPLE
from assistant.llms.scripted import ScriptedModel
from assistant.profiles import profile_named
from eval.evaluation import Plan, evaluate
from eval.longcontext.figures import curve_of, keep_curve
from eval.longcontext.measuring import generated, measure
from eval.question_sets import load
from eval.question_sets.kept import keep_questions, run_folder
from eval.samples import Question
from eval.variants import parse_arms
from eval.variants.setup import Setup

CONVERSATION = "0furnish"
WINDOW = "How many tokens does the window of FalconLite2 hold?"
# A sentence that stands there, one with a number that does not, and one that nobody wrote.
WRITTEN = (
    "FalconLite2 holds 24,576 tokens in its window. [1] Its window is that of a model that holds 31,000 tokens. [1] "
    "The moon is made of green cheese and costs nine euros. [2]"
)
SET = (
    (WINDOW, "24,576", "kestrel-guide.pdf"),
    ("Does one damaged page cost the whole document?", "never costs a document", "02-adding-documents.md"),
    ("Which exit code says that the documents do not answer?", "8", "04-troubleshooting.md"),
    ("Which command forgets a document?", "ingest remove", "02-adding-documents.md"),
    ("Where are the answers kept?", "answers.db", "03-asking-and-reading-answers.md"),
    ("What does a licence for ten users cost?", "", ""),
)


def _found_near_the_beginning(prompt: str) -> str:
    """As one answers whose window ends after 6,000 characters."""
    key = re.search(r"The pass key is (\d+)\.", prompt[:6000])
    return f" {key[1]}." if key else " It is not here."


def furnish(kb: Path, documents: Path = SAMPLE) -> None:
    with Assistant.open(kb) as kestrel:
        kestrel.add(documents)
        answers = [kestrel.ask(example.question) for example in reversed(EXAMPLES)]
        model = ScriptedModel([WRITTEN], profile_named("falconlite2"))
        answers.append(Assistant(kestrel.knowledge, open_answerer(model, kestrel.knowledge)).ask(WINDOW))
        for answer in answers:
            run = kestrel.history.keep(answer, belonging({"llm": "extractive"}, CONVERSATION))
        assert run is not None
        kestrel.history.feedback(run.id, "wrong", "It holds 24,576")
    questions = [
        Question(f"q{number}", question, answers=(answer,) if answer else (), source=source, answerable=bool(answer))
        for number, (question, answer, source) in enumerate(SET, start=1)
    ]
    keep_questions(kb, "guide.jsonl", questions)
    loaded = load(kb / "questions" / "guide.jsonl")
    reader = ScriptedModel(_found_near_the_beginning, profile_named("falconlite2"))
    keep_curve(kb, curve_of("falconlite2", measure(generated("passkey", (500, 1000, 2000, 4000), 5, reader), reader)))
    evaluate(Plan(Setup(kb), parse_arms("extractive,extractive:k=1"), loaded, run_folder(kb, loaded)))
