"""What every `KeywordIndex` keeps: which words find which chunks, in any language, whatever is asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.changes import Remove
from ingest.documents import Span
from ingest.store import open_store
from tests.support.entries import put

TEXTS = {
    "english": "Parental leave lasts sixteen weeks; résumés are kept, and the employee's re-entry is planned.",
    "german": "Überstunden werden mit dem nächsten Gehalt ausgezahlt. Der Straßenverkehr ist laut.",
    "russian": "Отпуск по уходу за ребёнком длится шестнадцать недель.",
    "greek": "Η άδεια διαρκεί δεκαέξι εβδομάδες.",
    "arabic": "تستمر إجازة الأمومة ستة عشر أسبوعا.",
    "hebrew": "חופשת הלידה נמשכת שישה עשר שבועות.",
    "hindi": "मातृत्व अवकाश सोलह सप्ताह का होता है।",
    "chinese": "员工每年享有十五天带薪年假。病假需要医生证明。",
    "japanese": "育児休業は十六週間です。カタカナもあります。",
    "korean": "육아휴직은 십육 주입니다.",
    "thai": "ลาคลอดได้สิบหกสัปดาห์",
    "mixed": "型号X200的电池 battery 容量为 ５０００ mAh, ﬁnal version",
    "code": "def read_header(file_path): return parseHTTPHeader(file_path, max_size=4096)",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = open_store(tmp_path_factory.mktemp("keywords") / "kb", create=True)
    opened.commit([put(f"/files/{name}.txt", text, spans=(Span(0, len(text)),)) for name, text in TEXTS.items()])
    yield opened
    assert list(opened.verify(full=True)) == []
    opened.close()


def sources(store, query, k=10, only=None):
    return [
        hit.source.removeprefix("/files/").removesuffix(".txt")
        for hit in store.hits(store.keywords.search(query, k, only))
    ]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("leave", "english"),
        ("LEAVES", "english"),
        ("resume", "english"),
        ("Employees", "english"),
        ("re-entry", "english"),
        ("How many weeks of parental leave are there?", "english"),
        ("Überstunden", "german"),
        ("uberstunden", "german"),
        ("nachsten", "german"),
        ("отпуск", "russian"),
        ("ребёнком", "russian"),
        ("άδεια", "greek"),
        ("الأمومة", "arabic"),
        ("הלידה", "hebrew"),
        ("अवकाश", "hindi"),
        ("सप्ताह", "hindi"),
        ("年假", "chinese"),
        ("医生证明", "chinese"),
        ("员工有多少天年假？", "chinese"),
        ("假", "chinese"),
        ("。病", "chinese"),
        ("育児", "japanese"),
        ("カタカナ", "japanese"),
        ("ｶﾀｶﾅ", "japanese"),
        ("육아", "korean"),
        ("육아휴직", "korean"),
        ("สัปดาห์", "thai"),
        ("คลอด", "thai"),
        ("电池", "mixed"),
        ("X200", "mixed"),
        ("5000", "mixed"),
        ("final", "mixed"),
        ("read_header", "code"),
        ("4096", "code"),
    ],
)
def test_a_word_finds_the_text_that_holds_it(store, query, name):
    assert sources(store, query)[0] == name


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "\n\t",
        "!?",
        "😀🎉",
        "\0",
        "\ud800",
        "\u200b\u200d",
        "___",
        "---",
        '"',
        "'",
        "(((",
        "*",
        "^",
        ":",
        "+ -",
    ],
)
def test_no_letter_and_no_digit_finds_nothing(store, query):
    assert store.keywords.search(query, 5) == []


@pytest.mark.parametrize(
    "query",
    [
        '"leave',
        "leave AND",
        "NEAR(leave weeks",
        "text:leave",
        "-leave",
        "leave*",
        "^leave",
        "{text}: leave",
        "leave\0weeks",
        "leave OR OR",
        'leave" OR "x',
        "leave; DROP TABLE chunks; --",
        "NOT leave",
    ],
)
def test_operators_are_words_like_any_other(store, query):
    assert sources(store, query)[0] == "english"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_query_is_answered(store, query):
    scores = [score for _, score in store.keywords.search(query, 20)]
    assert scores == sorted(scores, reverse=True)


def test_a_very_long_query_is_answered(store):
    assert "english" in sources(store, "leave weeks " * 20_000)
    assert store.keywords.search("w" * 1_000_000, 5) == []
    many = " ".join(f"word{number}" for number in range(5_000))
    assert sources(store, f"{many} parental") == ["english"]


def test_stop_words_count_only_when_there_is_nothing_else(store):
    assert "english" in sources(store, "and the are")
    assert sources(store, "what is the أسبوعا") == ["arabic"]


def test_k_bounds_the_result(store):
    assert store.keywords.search("leave", 0) == []
    assert store.keywords.search("leave", -3) == []
    assert len(store.keywords.search("leave", 1)) == 1
    assert store.keywords.search("leave", 10**30) == store.keywords.search("leave", 10**6)


def test_rare_words_and_many_of_them_rank_higher(tmp_path):
    store = open_store(tmp_path / "kb", create=True)
    common = [put(f"/{n}.txt", f"the invoice number {n} was paid", spans=(Span(0, 25),)) for n in range(20)]
    rare = put("/rare.txt", "the invoice was disputed here", spans=(Span(0, 29),))
    store.commit([*common, rare])
    [first, *_] = store.hits(store.keywords.search("disputed invoice", 5))
    assert first.source == "/rare.txt"
    store.close()


def test_titles_headings_and_file_names_are_found(tmp_path):
    store = open_store(tmp_path / "kb", create=True)
    named = put("/x/AnnualReport2023_final.pdf", "plain text", spans=(Span(0, 10, "Fees > Refunds"),), title="Statute")
    store.commit([named, put("/y/other.txt", "plain text too", spans=(Span(0, 14),))])
    for query in ("annual", "report", "2023", "final", "statute", "refunds", "fee"):
        assert [hit.source for hit in store.hits(store.keywords.search(query, 5))] == ["/x/AnnualReport2023_final.pdf"]
    store.close()


def test_a_file_name_is_forgotten_with_its_name(tmp_path):
    store = open_store(tmp_path / "kb", create=True)
    store.commit([put("/first.txt", "plain text"), put("/second.txt", "plain text")])
    assert store.keywords.search("first", 5)
    assert store.keywords.search("second", 5)
    store.commit([Remove("/first.txt")])
    assert store.keywords.search("first", 5) == []
    assert store.keywords.search("second", 5)
    assert list(store.verify(full=True)) == []
    store.close()


def test_equal_scores_come_by_ascending_id(tmp_path):
    store = open_store(tmp_path / "kb", create=True)
    store.commit([put("/a.txt", "same words " * 6, spans=tuple(Span(at, at + 10) for at in range(0, 60, 11)))])
    found = store.keywords.search("words", 4)
    assert [chunk for chunk, _ in found] == [1, 2, 3, 4]
    assert len({score for _, score in found}) == 1
    store.close()
