"""What a person sees at a terminal."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Answer, Citation, Passage, Sentence
from assistant.rendering import render

HANDBOOK = "/home/ada/handbook.pdf"


def cited(quote, *, source=HANDBOOK, page=3, label="iii", start=100, verified=True) -> Citation:
    end = start + len(quote)
    return Citation(1, source, page, label, start, end if verified else start, quote if verified else "", verified)


def sentence(text, *citations, support="supported") -> Sentence:
    return Sentence(text, citations or (cited(text),), support)


def answered(*sentences: Sentence, **more) -> Answer:
    text = " ".join(each.text for each in sentences)
    return Answer("Why?", text, sentences, False, 0.9, (), "extractive", **more)


def refused(*passages: Passage) -> Answer:
    return Answer("Why?", "The documents do not answer this.", (), True, 0.1, passages, "extractive")


LIST = "Leave is granted for:\n\n• a wedding\n• a birth, with the\ndoctor's letter, which is shown at the office"

ANSWERS = {
    "prose": answered(
        sentence("Employees have thirty days of leave."),
        sentence("They are agreed with the manager.", cited("They are agreed with the manager.", start=137)),
        sentence("Weekends do not count.", cited("Weekends do not count.", page=4, label="4", start=900)),
        sentence("Notes have no pages.", cited("Notes have no pages.", source="/home/ada/notes.md", page=1, label="")),
    ),
    "list": answered(
        sentence("Thirty days are granted."),
        sentence(" ".join(LIST.split()), cited(LIST, start=300)),
        sentence("Ask first."),
    ),
    "table": answered(
        sentence(
            "Country | Days Austria | 25",
            cited("Country | Days", start=0),
            cited("Austria | 25", start=80),
        )
    ),
    "code": answered(
        sentence(
            "To add: ingest add docs def f(x): return x", cited("To add:\n\ningest add docs\n\ndef f(x):\n    return x")
        )
    ),
    "over a page break": answered(sentence("It ends because of illness.", cited("It ends because of\n\nillness."))),
    "a model's words": answered(
        sentence("You get 30 days.", cited("Employees have thirty days of leave.")),
        sentence("Perhaps more.", cited("Ten more may be bought.", start=400), support="partly"),
        sentence("Ask Bob.", cited("", verified=False), support="not_found"),
        Sentence("He knows.", (), "not_found"),
    ),
    "same names": answered(
        sentence("One.", cited("One.", source="/a/plan.pdf")), sentence("Two.", cited("Two.", source="/b/plan.pdf"))
    ),
    "refusal": refused(
        Passage(
            1,
            "d",
            HANDBOOK,
            3,
            0,
            40,
            "## Leave\n\nThirty days of leave are granted.\n\nWeekends " + "do not count. " * 30,
            0.2,
            "iii",
        ),
        Passage(2, "e", "/home/ada/notes.md", 1, 0, 40, "Ask Bob about leave.", 0.1),
    ),
    "refusal, nothing near": refused(),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_look_like_this(name, snapshot):
    assert render(ANSWERS[name], width=60) == snapshot


def test_without_its_text_the_sources_are_left(snapshot):
    assert render(ANSWERS["prose"], width=60, text=False) == snapshot


@pytest.mark.parametrize("name", ANSWERS)
def test_color_changes_nothing_but_color(name):
    colored = render(ANSWERS[name], color=True, width=60)
    assert click.unstyle(colored) == render(ANSWERS[name], width=60)


def test_markers_are_green_where_verified_and_yellow_where_not():
    colored = render(ANSWERS["a model's words"], color=True, width=60)
    assert click.style("[1]", fg="green") in colored
    assert click.style("[1?]", fg="yellow") in colored


def test_what_looks_like_a_marker_in_a_document_is_not_one():
    colored = render(answered(sentence("See note [7] of the plan.")), color=True, width=60)
    assert "See note [7] of" in colored
    assert click.style("[1]", fg="green") in colored


HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202eevil\u2066\x02 9\x03\x9b1m\x00"


@given(st.text(st.sampled_from(HOSTILE + "ab ."), min_size=1), st.booleans())
def test_no_document_repaints_the_terminal(text, color):
    hostile = answered(sentence(f"x{text}", cited(f"x{text}", source=f"/tmp/{text}.pdf", label=text)))
    for answer in (hostile, refused(Passage(1, "d", f"/{text}", 2, 0, 9, text, 0.1, text))):
        shown = click.unstyle(render(answer, color=color, width=60))
        assert all(
            character == "\n" or character.isprintable() or character == "\N{NO-BREAK SPACE}" for character in shown
        )


def test_lines_are_not_wider_than_the_terminal():
    wide = render(answered(*[sentence(f"Sentence number {number} of the answer.") for number in range(30)]), width=40)
    assert max(map(len, wide.splitlines()[:-1])) <= 40
