"""Conversations as Markdown: everything is there, and nothing that strangers wrote is live."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.answers import Answer, Citation, Sentence
from assistant.markdown import conversation_as_markdown, inert
from ingest.plain import plain


def cited(quote: str, *, verified: bool = True) -> Citation:
    return Citation(1, "docs/hand_book.pdf", 4, "4", 10, 10 + len(quote), quote, verified)


def answer(*sentences: Sentence, question: str = "When?", abstained: bool = False) -> Answer:
    text = " ".join(sentence.text for sentence in sentences) or "Not in these documents."
    return Answer(
        question=question, text=text, sentences=sentences, abstained=abstained, confidence=0.5, passages=(), model="m"
    )


def test_each_sentence_says_where_it_stands():
    quote = cited("Leave lasts 14 weeks.")
    text = conversation_as_markdown(
        [
            answer(Sentence("Leave lasts 14 weeks.", (quote,), "supported"), Sentence("Perhaps.", (), "not_found")),
            answer(question="Why?", abstained=True),
        ]
    )
    assert text.startswith("# When?\n")
    assert "Leave lasts 14 weeks. (✓ 1) Perhaps. (✗ not located)" in text
    assert "1. hand\\_book.pdf, page 4, characters 10–31: “Leave lasts 14 weeks.”" in text
    assert "## Why?\n\nNot in these documents." in text


def test_a_citation_that_was_not_located_has_no_place():
    lost = cited("It is so.", verified=False)
    assert "hand" not in conversation_as_markdown([answer(Sentence("It is so.", (lost,), "not_found"))])


def test_no_answers_are_no_conversation():
    with pytest.raises(ValueError, match="without answers"):
        conversation_as_markdown([])


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        "![x](http://evil/x.png)",
        "- item",
        "12. item",
        "# head",
        "a | b",
        "`code`",
        "[a]: http://x",
        "\u202egnp.exe",
        "$x$",
        "&lt;",
        "<http://evil>",
        "===",
    ],
)
def test_markup_of_strangers_is_shown_as_it_is(text: str):
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(inert(text))
    assert re.findall(r"<(\w+)", html) == ["p"]
    assert unescape(html.removeprefix("<p>").removesuffix("</p>\n")) == plain(text)


@pytest.mark.parametrize("address", ["https://evil.example", "WWW.evil.example", "ada@evil.example"])
def test_addresses_are_not_joined_to_links(address: str):
    assert not re.search(r"(?<!\\)://|www\.|\w@", inert(address), re.IGNORECASE)


@given(st.text())
def test_every_text_stays_one_line(text: str):
    line = inert(text)
    assert len(line.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[<\[`]", line)
