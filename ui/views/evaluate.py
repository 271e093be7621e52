"""The Evaluate page: question sets of one's own, ways of answering them side by side, and which one pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from eval.background import EvaluationRun
from eval.evaluation import Plan, evaluation_of
from eval.question_sets import load
from eval.question_sets.judged import can_be_judged, judged_questions
from eval.question_sets.kept import keep_questions, keep_set, kept_runs, kept_sets, run_folder
from eval.runs.folder import RunFolder
from eval.samples import Question, QuestionSet
from eval.variants import VARIANTS, parse_arms
from eval.variants.setup import Setup
from ui.keeping import history_of
from ui.state import EXTRACTIVE, Session, evaluations, model_at, model_of, session
from ui.widgets.evaluation import show_evaluation, show_evaluation_run
from ui.widgets.failures import guarded
from ui.widgets.inert import label, option
from ui.widgets.questions import question_table
from ui.widgets.sidebar import sidebar

BUILT_IN = ("extractive", "extractive:k=3", "extractive:k=20", "extractive:dense=0", "extractive:dense=1")
JUDGED = "judged-answers.jsonl"


def show() -> None:
    with guarded():
        here = session()
        sidebar(here)
        st.title("Evaluate")
        st.caption("Ways of answering, side by side on your own questions: which one pays, and how sure that is.")
        with guarded():
            _bring_in(here)
        with guarded():
            _from_verdicts(here)
        with guarded():
            _compare(here)
        _results(here)


def _bring_in(here: Session) -> None:
    with st.form("question-set", clear_on_submit=True, border=True):
        uploaded = st.file_uploader(
            "Question set", help="JSONL or CSV with question and answers, or a SQuAD, QuALITY or L-Eval file."
        )
        if st.form_submit_button("Add the question set") and uploaded:
            added = keep_set(here.collection, uploaded.name, uploaded.getvalue())
            st.success(f"{label(added.name)}: {len(added.questions)} questions.")


def _from_verdicts(here: Session) -> None:
    """What was judged with thumbs, to be looked at, completed and kept as a question set."""
    drafts = judged_questions(history_of(here).judged())
    if not drafts:
        return
    with st.expander(f"From your verdicts ({len(drafts)})"):
        st.caption(
            "A good answer is right where it was found, a good refusal in saying nothing. For the others look at the "
            "expected answer, and clear those that should not be asked."
        )
        rows = [
            {
                "Question": each.question,
                "Expected answer": " ".join(each.answers),
                "Found in": _place(each),
                "Verdict": each.kind,
                "Use": True,
            }
            for each in drafts
        ]
        edited = st.data_editor(rows, key="drafts", disabled=["Question", "Found in", "Verdict"], hide_index=True)
        if st.button("Keep as a question set"):
            kept = [
                _completed(draft, str(row["Expected answer"] or ""))
                for draft, row in zip(drafts, edited, strict=True)
                if row["Use"]
            ]
            able = [each for each in kept if can_be_judged(each)]
            added = keep_questions(here.collection, JUDGED, able)
            left = f" {len(kept) - len(able)} without an expected answer are left out." if len(able) < len(kept) else ""
            st.success(f"{len(added.questions)} questions are kept as {label(JUDGED)}.{left}")


def _place(question: Question) -> str:
    if not question.answerable:
        return "nowhere: the documents do not tell"
    pages = f", page {', '.join(map(str, question.pages))}" if question.pages else ""
    return f"{question.source}{pages}"


def _completed(draft: Question, expected: str) -> Question:
    return replace(draft, answers=(expected.strip(),) if expected.strip() else ())


def _compare(here: Session) -> None:
    sets = kept_sets(here.collection)
    if not sets:
        st.write("No question set yet: add one above, or judge answers on the Ask page with the thumbs below them.")
        return
    path = st.selectbox("Questions", sets, format_func=lambda each: option(each.name))
    questions = load(path)
    with guarded():
        question_table(here, questions)
    arms = st.multiselect(
        "Ways of answering",
        _known_arms(here),
        default=list(BUILT_IN[:2]) if here.llm == EXTRACTIVE else ["extractive", "rag"],
        accept_new_options=True,
        help="Settings follow a colon: rag:k=8:budget=4000. Type one that is not listed. Models: side bar.",
    )
    tuned = _fine_tuned(here)
    most = st.number_input("At most so many questions", 1, len(questions.questions), min(100, len(questions.questions)))
    run = evaluations().get(str(here.collection))
    busy = run is not None and run.view().state == "running"
    if st.button("Compare", type="primary", disabled=busy or not arms, icon=":material/balance:"):
        _start(here, replace(questions, questions=questions.questions[: int(most)]), arms, tuned)


def _known_arms(here: Session) -> list[str]:
    return (
        list(BUILT_IN) if here.llm == EXTRACTIVE else [*BUILT_IN, *(n for n in VARIANTS.names() if n not in BUILT_IN)]
    )


def _fine_tuned(here: Session) -> str | None:
    """The server of the fine-tuned model, one of those of the Models page."""
    if not here.endpoints:
        return None
    chosen: str | None = st.selectbox(
        "Fine-tuned model",
        list(here.endpoints),
        index=None,
        format_func=option,
        placeholder="none",
        help="For the ways fine_tuned and fine_tuned_rag. Servers are added on the Models page.",
    )
    return chosen


def _start(here: Session, questions: QuestionSet, arms: Sequence[str], tuned: str | None) -> None:
    fine_tuned = model_at(here, tuned) if tuned else None
    setup = Setup(here.collection, model_of(here), fine_tuned, questions.part("train"))
    plan = Plan(setup, parse_arms(",".join(arms)), questions, run_folder(here.collection, questions))
    evaluations()[str(here.collection)] = EvaluationRun(plan)
    st.rerun()


def _results(here: Session) -> None:
    run = evaluations().get(str(here.collection))
    if run is not None:
        show_evaluation_run(run)
        if run.view().state == "running":
            return
    folders = kept_runs(here.collection)
    if not folders:
        return
    st.subheader("Result")
    shown: Path = st.selectbox("Run", folders, format_func=lambda each: option(each.name), key="shown-run")
    with guarded():
        arms = [arm.name for arm in run.plan.arms] if run and Path(run.plan.folder) == shown else None
        show_evaluation(evaluation_of(RunFolder(shown), arms=arms))
