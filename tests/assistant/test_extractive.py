"""Answers in the documents' own words."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answers import Passage
from assistant.extraction.candidates import LONGEST, weigh
from assistant.extraction.selection import MOST_SENTENCES
from assistant.llms.extractive import ExtractiveAnswerer
from ingest.documents import Document
from ingest.embedders import open_embedder
from ingest.embedders.hashing import HashingEmbedder

HANDBOOK = """\
# Handbook

## Leave

Employees have thirty days of paid leave a year. It is agreed with the manager. Ten days may be carried over until the
end of March.

Special leave is granted for:

- a wedding: two days
- the birth of a child: three days
- moving house: one day
- an exam at a university or at a school that the company has agreed to before: the day itself

## Office

The office in Gera opens at seven. Visitors sign the book at the door, which Ms Abendroth keeps.

| Room | Seats | Screen |
|---|---|---|
| Elster | 12 | yes |
| Saale | 30 | no |
"""
PERKS = """\
# Perks

The company pays for a bicycle, up to 900 euros every three years. Receipts are handed in at the office in Gera.
"""


def passages_of(*documents: Document) -> tuple[Passage, ...]:
    """Each document as one passage, in the order given."""
    return tuple(
        Passage(number, each.id, each.source, 1, 0, len(each.text), each.text, 1 / number)
        for number, each in enumerate(documents, start=1)
    )


DOCUMENTS = {each.id: each for each in (Document("h", HANDBOOK, "handbook.md"), Document("p", PERKS, "perks.md"))}
PASSAGES = passages_of(*DOCUMENTS.values())


@pytest.fixture(scope="module")
def answerer() -> ExtractiveAnswerer:
    return ExtractiveAnswerer(open_embedder("minilm"))


def said(answer) -> list[str]:
    texts = []
    for sentence in answer.sentences:
        text = DOCUMENTS[sentence.document_id].text
        lead = text[slice(*sentence.lead)] + " … " if sentence.lead else ""
        texts.append(" ".join(f"{lead}{text[sentence.start : sentence.end]}".split()))
    return texts


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many days of leave do employees have?", "Employees have thirty days of paid leave a year."),
        ("When does the office open?", "The office in Gera opens at seven."),
        ("Who keeps the visitors' book?", "Visitors sign the book at the door, which Ms Abendroth keeps."),
        (
            "How much does the company pay for a bicycle?",
            "The company pays for a bicycle, up to 900 euros every three years.",
        ),
        (
            "How many seats does the room Saale have?",
            "| Room | Seats | Screen | |---|---|---| | Elster | 12 | yes | | Saale | 30 | no |",
        ),
    ],
)
def test_the_sentence_that_answers_comes_first(answerer, question, expected):
    answer = answerer.answer(question, PASSAGES, DOCUMENTS)
    assert not answer.abstained
    best = max(answer.sentences, key=lambda sentence: sentence.score)
    text = DOCUMENTS[best.document_id].text[best.start : best.end]
    assert " ".join(text.split()) == expected


def test_a_list_is_quoted_with_its_lead_in(answerer):
    answer = answerer.answer("For what is special leave granted?", PASSAGES, DOCUMENTS)
    assert any(text.startswith("Special leave is granted for: - a wedding") for text in said(answer))


def test_passages_carry_their_own_numbers(answerer):
    renumbered = tuple(
        Passage(number, each.document_id, each.source, 1, each.start, each.end, each.text, each.score)
        for number, each in zip((7, 3), PASSAGES, strict=True)
    )
    answer = answerer.answer("How much does the company pay for a bicycle?", renumbered, DOCUMENTS)
    assert {sentence.passage for sentence in answer.sentences if sentence.document_id == "p"} == {3}


def test_each_part_of_a_question_is_answered(answerer):
    question = "How many days of leave do employees have, and when does the office in Gera open?"
    texts = said(answerer.answer(question, PASSAGES, DOCUMENTS))
    assert "Employees have thirty days of paid leave a year." in texts
    assert "The office in Gera opens at seven." in texts


def test_a_part_that_is_not_answered_is_named(answerer):
    question = "When does the office in Gera open, and who composed the Four Seasons?"
    answer = answerer.answer(question, PASSAGES, DOCUMENTS)
    assert "The office in Gera opens at seven." in said(answer)
    assert answer.reasons == ("Nothing was found that answers “who composed the Four Seasons”.",)


def test_the_same_thing_in_two_documents_is_said_once(answerer):
    plus = Document("plus", "Dental care is covered up to 500 euros a year under the plan.", "plus.txt")
    standard = Document("standard", "Dental care is covered up to 500 euros a year under this plan.", "standard.txt")
    documents = {each.id: each for each in (plus, standard)}
    answer = answerer.answer("How far is dental care covered?", passages_of(plus, standard), documents)
    assert [sentence.document_id for sentence in answer.sentences] == ["plus"]


def test_threads_share_one_answerer(answerer):
    questions = ["When does the office open?", "How much does the company pay for a bicycle?"] * 8
    alone = [answerer.answer(question, PASSAGES, DOCUMENTS) for question in questions[:2]] * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda question: answerer.answer(question, PASSAGES, DOCUMENTS), questions)) == alone


def test_nothing_longer_than_the_limit_is_embedded():
    read = []

    class Noting(HashingEmbedder):
        def embed_documents(self, texts):
            read.extend(texts)
            return super().embed_documents(texts)

    text = "The plan covers " + ", ".join(f"item number {number}" for number in range(200)) + "."
    document = Document("d", text, "d.txt")
    weigh("What does the plan cover?", passages_of(document), {"d": document}, Noting())
    assert [len(Noting.tokens.starts(each)) for each in read] == [LONGEST]


WORDS = st.sampled_from("leave office days wedding - • a. the 30 | # : and why 休暇 \n \n\n".split(" "))


@settings(max_examples=200)
@given(st.lists(WORDS, max_size=60), st.text(max_size=40), st.data())
def test_any_answer_is_a_few_exact_stretches(words, question, data):
    text = " ".join([*words, "Leave is granted."])
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    document = Document("d", text, "d.txt")
    passage = Passage(1, "d", "d.txt", 1, start, end, text[start:end], 1.0)
    answer = ExtractiveAnswerer(HashingEmbedder(), threshold=0.0).answer(question, [passage], {"d": document})
    assert len(answer.sentences) <= MOST_SENTENCES
    assert 0 <= answer.confidence <= 1
    assert answer.abstained == (not answer.sentences)
    ends = 0
    for sentence in answer.sentences:
        assert ends <= sentence.start < sentence.end <= len(text)
        assert text[sentence.start : sentence.end].strip() == text[sentence.start : sentence.end]
        assert 0 <= sentence.score <= 1
        ends = sentence.end


def test_a_long_list_of_which_a_passage_holds_two_items(answerer):
    """The passage speaks of other things for the most part: the list as a whole does not belong to it."""
    rooms = ["the archive of old plans and drawings", "the store for tools and for paint", "the canteen on the roof"]
    items = [f"- room {number}: {rooms[number % 3]}, with a key that is kept by person {number}" for number in range(9)]
    items += ["- swimming is paid for up to 40 euros a month", "- the gym is paid for up to 20 euros a month"]
    text = "These belong to the house:\n\n" + "\n".join(items) + f"\n\n{HANDBOOK}"
    start = text.index("- swimming")
    passage = Passage(1, "l", "list.md", 1, start, len(text), text[start:], 1.0)
    answer = answerer.answer("Are swimming and the gym paid for?", [passage], {"l": Document("l", text, "list.md")})
    assert [text[each.start : each.end] for each in answer.sentences] == items[-2:]
