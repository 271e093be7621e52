"""A question set as a table that can be corrected, and its files."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from eval.question_sets.editing import ID, QUESTION, as_csv, edited, rows_of
from eval.question_sets.jsonl import written
from eval.question_sets.kept import keep_questions
from eval.samples import QuestionSet
from ui.state import Session
from ui.widgets.inert import option
from ui.widgets.wording import number_of

EDITABLE = 1000  # questions; larger sets are corrected as a file


def question_table(here: Session, questions: QuestionSet) -> None:
    name = option(Path(questions.name).stem)
    with st.expander(number_of(len(questions.questions), "question").capitalize()):
        if len(questions.questions) > EDITABLE:
            st.dataframe(rows_of(questions.questions[:EDITABLE]), hide_index=True, alt="The first questions")
            st.caption(f"The first {EDITABLE:,}. Sets of more are corrected as a file.")
        else:
            _corrected(here, questions, name)
        with st.container(horizontal=True):
            lines = written(questions.questions)
            st.download_button("Save as JSONL", lines, f"{name}.jsonl", "application/jsonl", on_click="ignore")
            table = as_csv(questions.questions)
            st.download_button("Save as CSV", table, f"{name}.csv", "text/csv", on_click="ignore")


def _corrected(here: Session, questions: QuestionSet, name: str) -> None:
    st.caption("Correct, add and delete. Several right answers stand between | signs.")
    rows = st.data_editor(
        rows_of(questions.questions),
        num_rows="dynamic",
        hide_index=True,
        column_order=[column for column in rows_of(questions.questions[:1])[0] if column != ID],
        column_config={QUESTION: st.column_config.TextColumn(required=True, width="large")},
        key=f"questions-{questions.sha256}",
        alt="Questions with what is expected",
    )
    if st.button("Keep the corrected set", disabled=rows == rows_of(questions.questions)):
        # Kestrel's own form keeps all that a question has: other files stay as they are, beside it.
        own = questions.name.endswith(".jsonl")
        keep_questions(
            here.collection, f"{name}.jsonl" if own else f"{name}-corrected.jsonl", edited(questions.questions, rows)
        )
        st.rerun()
