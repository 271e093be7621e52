"""Sentence borders in several languages, and on texts made to be slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sentences import sentence_spans


def sentences(text):
    return [text[start:end] for start, end in sentence_spans(text)]


ENGLISH = [
    "Dr. Smith met Mr. J. R. Jones at 3 p.m. on Monday.",
    "They spoke about the U.S. Government, e.g. its debts.",
    "Version 2.1 costs $3.50 vs. $4.",
    "Why?",
    '"Because it does." he said.',
    "(See Fig. 3.)",
    "Acme Inc. Europe sold No. 5 at 5 p.m.",
    "The rest is at https://example.org/a.html for now…",
    "Stop!",
    "It ended.",
]
GERMAN = [
    "Am 3. April kam Dr. Müller, z. B. mit Prof. Meier.",
    "Er zahlte ca. 3,50 Euro (inkl. MwSt.).",
    "Das war's!",
    "Sie wohnt in der Hauptstr. 5.",
    "Danach gingen sie usw. nach Hause.",
]
FRENCH = ["M. Dupont est là.", "Où va-t-il ?", "« Nulle part. »", "Il reste."]
SPANISH = ["¿Dónde está el Sr. García?", "¡Aquí!", "Vive en la calle núm. 7."]
RUSSIAN = ["Это первое предложение.", "А это, напр. второе?", "Да!"]
CHINESE = ["你好。", "我叫小明！", "你是谁？", "「我不知道。」", "圆周率是3.14。"]
ARABIC = ["ما اسمك؟", "اسمي محمد.", "أنا من مصر!"]
HINDI = ["यह एक वाक्य है।", "यह दूसरा है।"]


@pytest.mark.parametrize("expected", [ENGLISH, GERMAN, FRENCH, SPANISH, RUSSIAN, CHINESE, ARABIC, HINDI])
def test_sentences_of_a_language(expected):
    between = "" if expected is CHINESE else " "
    assert sentences(between.join(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "approx. five",
        "See Sec. 4 and Vol. 2",
        "A. Einstein wrote it",
        "1. Open the door",
        "Contents . . . . . . . . 12",
        "a.b.c and x.y",
        "the end?, he asked",
    ],
)
def test_no_border_inside(text):
    assert sentences(text) == [text]


def test_text_without_capitals_is_split_too():
    assert sentences("net sales rose. costs fell. fig. 3 shows it.") == [
        "net sales rose.",
        "costs fell.",
        "fig. 3 shows it.",
    ]


def test_spaces_before_the_mark():
    assert sentences("It was made in Japan . The second one followed .") == [
        "It was made in Japan .",
        "The second one followed .",
    ]


def test_wrapped_prose_is_joined_and_broken_lines_are_not():
    text = (
        "ANNUAL REPORT\nAcme Ltd\n"
        "This is a paragraph of running text whose lines were broken where\n"
        "The Width of the page ended, not where its author wanted. A second\nsentence ends it.\n"
    )
    assert sentences(text) == [
        "ANNUAL REPORT",
        "Acme Ltd",
        "This is a paragraph of running text whose lines were broken where\n"
        "The Width of the page ended, not where its author wanted.",
        "A second\nsentence ends it.",
    ]


def test_structure_stands_alone():
    text = (
        "# Setup\nRead this first.\n\n- First item. With two sentences.\n- Second item\n  that goes on\n\n"
        "| a. A | b |\n|---|---|\n| c. D | e |\n\nName   Age   City\nAnna   34   Bonn\n\n"
        "```\nx. Y = 1\n```\n\ndef f(x):\n    return x. Y\n\nDone."
    )
    assert sentences(text) == [
        "# Setup",
        "Read this first.",
        "- First item.",
        "With two sentences.",
        "- Second item\n  that goes on",
        "| a. A | b |",
        "|---|---|",
        "| c. D | e |",
        "Name   Age   City",
        "Anna   34   Bonn",
        "```",
        "x. Y = 1",
        "```",
        "def f(x):",
        "return x. Y",
        "Done.",
    ]


TRICKY = st.text(alphabet=st.sampled_from("aA.!?。؟ \n\t\"')(-|#1`;=…\u00a0\u2028"), max_size=300)


@given(TRICKY | st.text(max_size=300))
def test_spans_are_trimmed_and_cover_the_text(text):
    spans = sentence_spans(text)
    before = 0
    for start, end in spans:
        assert before <= start < end
        assert text[start:end] == text[start:end].strip()
        assert not text[before:start].strip()
        before = end
    assert not text[before:].strip()


@pytest.mark.parametrize(
    "unit",
    [
        ".",
        ". ",
        "a.",
        "A. ",
        ".)",
        '."',
        "a\n",
        "a\t",
        " ",
        "。",
        "- a\n",
        "x = ",
        "(" * 999 + "\n",
        "def " * 249 + "\n",
    ],
)
def test_time_is_linear(unit):
    def seconds(count):
        text = unit * (count // len(unit))
        begin = time.process_time()
        sentence_spans(text)
        return time.process_time() - begin

    assert seconds(400_000) < 16 * seconds(100_000) + 0.1


def test_records_of_a_table_stand_alone():
    """However long they are: one that was joined with the next would be cut between a name and its value."""
    rows = [f"Costs: Item {number}; 2024: {number * 10}; 2025: 3.5" for number in range(6)]
    text = "\n".join(rows)
    assert [text[start:end] for start, end in sentence_spans(text)] == rows
