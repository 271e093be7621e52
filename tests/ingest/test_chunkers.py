"""Where documents are cut, and why there."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from ingest.chunkers.llamaindex import LlamaIndexChunker
from ingest.chunkers.measure import Limit, positions
from ingest.chunkers.sentence import SentenceChunker
from ingest.documents import Document, Heading
from ingest.embedders.minilm import MiniLM
from ingest.headers import header
from ingest.tokens import WordTokens

TOKENS = MiniLM().tokens
WORDS = WordTokens()


def document(text, *headings, title="", pages=(0,)):
    """Headings as (level, title), found in the text in order."""
    found, place = [], 0
    for level, name in headings:
        place = text.index(name, place)
        found.append(Heading(level, name, place))
    return Document("0" * 64, text, "a file", title=title, headings=tuple(found), pages=pages)


def cut(text, *headings, target=20, tokens=WORDS, max_tokens=256, **options):
    """The chunks as (heading, text)."""
    source = document(text, *headings, **options)
    spans = SentenceChunker(tokens, max_tokens, target).split(source)
    return [(span.heading, text[span.start : span.end]) for span in spans]


def words(count, start=0):
    return " ".join(f"w{number}" for number in range(start, start + count))


def test_a_short_document_is_one_chunk():
    assert cut("  One. Two.\n\nThree.\n") == [("", "One. Two.\n\nThree.")]


def test_each_long_section_is_its_own():
    text = f"Intro {words(12)}\nFirst\n{words(12)}\nSecond\n{words(12)}"
    assert cut(text, (1, "First"), (1, "Second")) == [
        ("", f"Intro {words(12)}"),
        ("First", f"First\n{words(12)}"),
        ("Second", f"Second\n{words(12)}"),
    ]


def test_the_path_of_headings_is_that_of_their_levels():
    text = f"A\n{words(10)}\nB\n{words(10)}\nC\n{words(10)}\nD\n{words(10)}"
    paths = [heading for heading, _ in cut(text, (1, "A"), (2, "B"), (3, "C"), (2, "D"))]
    assert paths == ["A", "A > B", "A > B > C", "A > D"]


def test_short_sections_are_joined_under_what_they_share():
    text = "A\nB\none two\nC\nthree four"
    assert cut(text, (1, "A"), (2, "B"), (2, "C")) == [("A", text)]


def test_a_heading_without_text_stays_with_what_it_stands_above():
    text = f"{words(15)}\nA\nB\n{words(15, 50)}"
    assert cut(text, (1, "A"), (2, "B")) == [("", words(15)), ("A > B", f"A\nB\n{words(15, 50)}")]


def test_a_heading_is_not_left_at_the_end_of_a_piece():
    text = f"Short\none two\nLong\n{words(9)}. {words(9, 20)}. {words(9, 40)}."
    chunks = [chunk for _, chunk in cut(text, (1, "Short"), (1, "Long"), target=16)]
    assert not [chunk for chunk in chunks if chunk.endswith("Long")]


def test_long_sections_are_cut_evenly():
    text = " ".join(f"{words(9, 10 * n)}." for n in range(9))  # 90 tokens: five pieces of 18, or 20+20+20+20+10
    sizes = [len(WORDS.starts(chunk)) for _, chunk in cut(text)]
    assert sizes == [20, 20, 20, 10, 20]


def test_paragraphs_come_before_sentences():
    text = f"{words(7)}. {words(5)}.\n\n{words(3)}. {words(7)}. {words(3)}."
    assert cut(text, target=20)[0][1] == f"{words(7)}. {words(5)}."


def test_sentences_come_before_clauses():
    text = f"{words(7)}, {words(5)}. {words(3)}, {words(7)}, {words(3)}."
    assert cut(text, target=20)[0][1] == f"{words(7)}, {words(5)}."


def test_clauses_come_before_words():
    text = f"{words(7)}, {words(7, 20)}, {words(7, 40)}"
    assert [chunk for _, chunk in cut(text, target=16)] == [f"{words(7)},", f"{words(7, 20)}, {words(7, 40)}"]


def test_words_come_before_anything():
    assert [chunk for _, chunk in cut(words(40), target=20)] == [words(20), words(20, 20)]


def test_text_without_borders_is_cut_all_the_same():
    chunks = [chunk for _, chunk in cut("x" * 1000, target=10)]
    assert "".join(chunks) == "x" * 1000
    assert max(map(len, chunks)) <= 10 * 32


@pytest.mark.parametrize("letter", ["e\u0301", "กำ", "ที่", "👩\u200d👩\u200d👧"])
def test_what_is_read_as_one_character_is_not_parted(letter):
    chunks = [chunk for _, chunk in cut(letter * 3000, tokens=TOKENS, target=50)]
    assert len(chunks) > 3
    assert {chunk.replace(letter, "") for chunk in chunks} == {""}


def test_the_path_keeps_its_innermost_headings():
    text = "".join(f"H{level}\n" for level in range(1, 21)) + words(30)
    ((heading, _), *_) = cut(text, *((level, f"H{level}\n") for level in range(1, 21)), target=60)
    assert heading.replace("\n", "") == " > ".join(f"H{level}" for level in range(12, 21))


def test_a_page_is_no_border():
    text = f"{words(6)} and\ngoes on {words(6)}"
    assert cut(text, pages=(0, text.index("goes"))) == [("", text)]


@pytest.mark.parametrize(("title", "room"), [("", 252), ("Northwind Health Plus", 248), ("ﷺ" * 100, None)])
def test_the_header_takes_its_tokens(title, room):
    limit = Limit(TOKENS, 256, title)
    assert limit.room([""]) == (room or 252 - len(TOKENS.starts(header(title, ""))))


def test_the_room_is_that_of_the_longest_header():
    limit = Limit(WORDS, 256, "T")
    assert limit.room(["A", "A > B c d", "E"]) == 252 - len(WORDS.starts("T > A > B c d"))


def test_every_stretch_of_characters_counts():
    assert positions(WORDS, "").tolist() == []
    assert positions(WORDS, "a b").tolist() == [0, 2]
    assert positions(WORDS, "a" + " " * 40 + "b").tolist() == [0, 16, 32, 41]
    assert positions(WORDS, " " * 33).tolist() == [16, 32]


def test_word_parts_that_gain_tokens_when_parted_still_fit():
    """BERT takes a word of more than 100 characters for one unknown token, but its parts for many."""
    text = f"{'w ' * 240}{'xq' * 60} {'w ' * 200}"
    for _, chunk in cut(text, tokens=TOKENS, target=250):
        assert len(TOKENS.starts(chunk)) <= 252


CHINESE = "人工智能正在改变世界，许多公司都在使用它。" * 40
ARABIC = "تستخدم الشركات الذكاء الاصطناعي، وهو يغير العالم. " * 40


@pytest.mark.parametrize(("text", "ending"), [(CHINESE, "。"), (ARABIC, ".")])
def test_other_scripts_are_cut_at_their_sentences(text, ending):
    chunks = [chunk for _, chunk in cut(text, tokens=TOKENS, target=200)]
    assert len(chunks) > 3
    assert all(chunk.endswith(ending) for chunk in chunks)


@pytest.mark.parametrize("unit", ["x", "x ", "x. ", "x\n", "x,", "你", " ", "# x\n", "Hello world. "])
def test_time_is_linear(unit):
    def seconds(count):
        text = unit * (count // len(unit))
        headings = tuple(Heading(1, "x", 4 * n) for n in range(len(text) // 4)) if unit.startswith("#") else ()
        begin = time.process_time()
        SentenceChunker(WORDS, 256).split(Document("0" * 64, text, "a file", headings=headings))
        return time.process_time() - begin

    assert seconds(200_000) < 16 * seconds(50_000) + 0.2


def test_real_documents_are_cut_to_size(shared_data):
    text = (shared_data / "chunking_eval/corpora/pubmed.md").read_text(encoding="utf-8")
    sizes = [len(TOKENS.starts(chunk)) for _, chunk in cut(text, tokens=TOKENS, target=200)]
    assert min(sizes) >= 80
    assert max(sizes) <= 230
    assert 170 < sum(sizes) / len(sizes) < 200


def test_llama_index_pieces_are_located_exactly():
    text = "Hello world. " * 200
    spans = LlamaIndexChunker(TOKENS, 256).split(document(text))
    assert [(span.start, span.end) for span in spans] == [(0, 857), (858, 1715), (1716, 2573), (2574, 2599)]


def test_llama_index_pieces_know_their_headings():
    text = f"A\n{'First sentence here. ' * 60}\nB\n{'Second sentence here. ' * 60}"
    spans = LlamaIndexChunker(WORDS, 256).split(document(text, (1, "A"), (2, "B")))
    assert [span.heading for span in spans] == ["A", "A", "A > B"]


def test_llama_index_is_used_without_nltk():
    code = (
        "import sys\n"
        "from ingest.chunkers.llamaindex import LlamaIndexChunker\n"
        "from ingest.documents import Document\n"
        "from ingest.tokens import WordTokens\n"
        "assert 'llama_index' not in sys.modules\n"
        "spans = LlamaIndexChunker(WordTokens(), 256).split(Document('', 'One sentence. ' * 200, ''))\n"
        "print(len(spans), 'nltk' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "False"]
