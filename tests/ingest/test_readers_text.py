"""Plain text and its encodings, Markdown, tables and code."""

from __future__ import annotations

import codecs
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import FileFailed
from ingest.readers.characters import clean
from ingest.readers.code import DEFINITIONS, CodeReader
from ingest.readers.csv import CsvReader
from ingest.readers.decoding import decode
from ingest.readers.markdown import MarkdownReader
from ingest.readers.text import TextReader

GERMAN = "Der Vertrag läuft über zwölf Monate; die Gebühr beträgt 30 Euro."
ARABIC = "مدة العقد اثنا عشر شهرا. يتم دفع الرسوم شهريا."
JAPANESE = "契約期間は十二か月です。料金は毎月支払われます。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        (ARABIC, "utf-8"),
        (ARABIC, "utf-16"),
    ],
)
def test_unicode_is_read_exactly(text, encoding):
    decoded = decode(text.encode(encoding))
    assert (decoded.text, decoded.warnings) == (text, ())


def test_the_mark_of_big_endian_is_read():
    assert decode(codecs.BOM_UTF16_BE + ARABIC.encode("utf-16-be")).text == ARABIC


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        ("café", "cp1252"),
        ("Le contrat dure douze mois. Le café est fermé à midi.", "cp1252"),
        ("Smlouva trvá dvanáct měsíců. Příliš žluťoučký kůň úpěl ďábelské ódy.", "cp1250"),
        ("Договор действует двенадцать месяцев.", "cp1251"),
        ("Договор действует двенадцать месяцев. Оплата производится ежемесячно.", "koi8_r"),
        ("Η σύμβαση διαρκεί δώδεκα μήνες.", "cp1253"),
        (ARABIC, "cp1256"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        ("合同期限为十二个月。费用每月支付。", "gb18030"),
        ("合約期限為十二個月。費用每月支付。", "big5"),
        ("계약 기간은 12개월입니다. 요금은 매월 지불됩니다.", "cp949"),
    ],
)
def test_legacy_encodings_are_guessed_and_the_guess_is_said(text, encoding):
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.warnings == (f"not UTF-8; read as {encoding}, which is a guess",)


def test_one_bad_byte_does_not_change_the_encoding():
    decoded = decode(GERMAN.encode() + b" \xff end")
    assert decoded.text == f"{GERMAN} \ufffd end"
    assert decoded.warnings == ("what is not valid UTF-8 was read as \ufffd, 1 times",)


def test_letters_far_into_the_file_decide():
    assert decode(b"plain words\n" * 20_000 + GERMAN.encode("cp1252")).text.endswith(GERMAN)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10",
        b"\x7fELF\x02\x01\x01" + bytes(20),
        bytes(100),
        bytes(range(256)) * 4,
    ],
)
def test_binary_data_is_refused(data):
    with pytest.raises(FileFailed, match="binary data") as failure:
        decode(data)
    assert failure.value.outcome == "unsupported"


def test_line_ends_and_control_characters():
    assert clean("a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h") == "a\nb\nc\nd\ne\nf\ng\nh"
    assert clean("\x00a\x07b\x1bc\x7fd\x9fe\ufffe\uffff") == "abcde"
    assert clean("tab\tand \ud800 half") == "tab\tand \ufffd half"
    assert clean("e\u0301 is not composed") == "e\u0301 is not composed"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b[1;31mFAILED\x1b[0m test_a\n\x1b[38;5;8mskipped\x1b[K", "FAILED test_a\nskipped"),
        (b"N\x08NA\x08AM\x08ME\x08E\n_\x08f_\x08i_\x08l_\x08e is read", "NAME\nfile is read"),
        (b"Node: Running Octave\x7f37056\n\x1f\nFile: octave.info", "Node: Running Octave 37056\n\nFile: octave.info"),
    ],
    ids=["colours", "bold and underlined", "info"],
)
def test_what_is_written_for_a_terminal_is_read_as_it_shows_it(data, text):
    assert decode(data).text == text


@given(st.text())
def test_clean_text_can_be_stored_and_stays_as_it_is(text):
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    assert cleaned.splitlines() == cleaned.removesuffix("\n").split("\n") or cleaned in {"", "\n"}


def test_a_line_that_stands_alone_is_the_title():
    assert TextReader().read(b"Travel policy\n\nBook early.", "a.txt").title == "Travel policy"
    assert TextReader().read(b"Travel policy\n=====\nBook early.", "a.rst").title == "Travel policy"
    assert TextReader().read(b"Book early.\n\nTaxis need a receipt.", "a.txt").title == ""
    assert TextReader().read(b"Book trains\nearly.", "a.txt").title == ""


def test_markdown_headings_of_both_kinds():
    text = "# Leave *policy*\n\nParental\nleave\n------\n\n> ### [Quoted](http://x) `code`\n\n```\n# no heading\n```\n"
    document = MarkdownReader().read(text.encode(), "a.md")
    assert document.text == text
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Leave policy"),
        (2, "Parental leave"),
        (3, "Quoted code"),
    ]
    assert [text[heading.start :][:5] for heading in document.headings] == ["# Lea", "Paren", "> ###"]
    assert document.title == "Leave policy"


def test_front_matter_gives_title_and_metadata():
    text = '---\ntitle: "The guide"\nAuthor: A. Writer\ntags: [a, b]\n---\n\n# First\n'
    document = MarkdownReader().read(text.encode(), "a.md")
    assert (document.title, document.metadata, document.text) == ("The guide", {"author": "A. Writer"}, text)
    assert [(heading.title, heading.start) for heading in document.headings] == [("First", text.index("# First"))]


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("![a](b.png) and ![c][d]\n\n<img src=q>", ("not read: 3 pictures",)),
        ("`![a](b.png)` and \\![c](d.png) and [e](f)\n\n```\n![g](h.png)\n```", ()),
        ("![" * 50_000, ()),
        ("a " + "`" * 50_000, ()),
    ],
    ids=["pictures", "code and links", "brackets without end", "code without end"],
)
@pytest.mark.timeout(10)
def test_pictures_in_markdown_are_counted(text, warnings):
    assert MarkdownReader().read(text.encode(), "a.md").warnings == warnings


def test_a_rule_at_the_top_is_no_front_matter():
    document = MarkdownReader().read(b"---\n\nWords: here.\n\nMore words.", "a.md")
    assert (document.title, document.metadata) == ("", {})


@pytest.mark.parametrize("text", [">" * 10_000, "[" * 50_000, "* " * 20_000, "`" * 20_001, "- a\n" * 5000])
def test_markdown_that_nests_wildly_is_read(text):
    assert MarkdownReader().read(text.encode(), "a.md").text == text


@given(st.lists(st.sampled_from(["# A\n", "B\n===\n", "text\n", "\n", "> ## C\n", "- # D\n", "```\n", "    # no\n"])))
def test_markdown_headings_ascend_and_begin_a_line(lines):
    text = "first\n\n" + "".join(lines)
    document = MarkdownReader().read(text.encode(), "a.md")
    starts = [heading.start for heading in document.headings]
    assert starts == sorted(set(starts))
    assert all(text[start - 1] == "\n" for start in starts if start)
    assert all(heading.title in " ".join(text[heading.start :].split()) for heading in document.headings)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('Plan,Deductible\nStandard,"$2,000"\nPlus,\n', "Plan: Standard; Deductible: $2,000\nPlan: Plus"),
        ("name;share\nAnna;1,5\nBo;2\n", "name: Anna; share: 1,5\nname: Bo; share: 2"),
        ("a\tb\n1\t2\n", "a: 1; b: 2"),
        ("\tQ1\tQ2\nRevenue\t5\t6\n", "Revenue; Q1: 5; Q2: 6"),
        ("2020,1.5\n2021,2.5\n", "2020; 1.5\n2021; 2.5"),
        ("a,b\n1,2,3\n4\n", "a: 1; b: 2; 3\na: 4"),
        ('note,by\n"two\nlines, ""quoted""",me\n', 'note: two lines, "quoted"; by: me'),
        ("only,one,row\n", "only; one; row"),
        ("\n\na,b\n\n1,2\n", "a: 1; b: 2"),
    ],
)
def test_each_row_names_its_columns(data, text):
    assert CsvReader().read(data.encode(), "a.csv").text == text


def test_a_table_in_a_legacy_encoding():
    assert (
        CsvReader().read("Größe;Gebühr\nübergroß;30 €\n".encode("cp1252"), "a.csv").text
        == "Größe: übergroß; Gebühr: 30 €"
    )


def test_a_cell_as_long_as_an_article():
    cell = "words " * 50_000
    assert CsvReader().read(f"title,body\nA,{cell}\n".encode(), "a.csv").text == f"title: A; body: {cell.strip()}"


def test_definitions_are_headings():
    text = "import os\n\nclass Reader:\n    def read(self):\n        def inner(): ...\n\nasync def main():\n    pass\n"
    document = CodeReader().read(text.encode(), "a.py")
    assert document.text == text
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "class Reader"),
        (2, "def read"),
        (3, "def inner"),
        (1, "async def main"),
    ]


@pytest.mark.parametrize(
    ("suffix", "text", "titles"),
    [
        (
            ".rs",
            "pub fn run<T>(x: T) {}\nimpl Foo for Bar {\n    fn go(&self) {}\n}\n",
            ["pub fn run<T>", "impl Foo for Bar", "fn go"],
        ),
        (".go", "func (s *Server) Run() {\n}\ntype Plan struct {\n", ["func (s *Server) Run", "type Plan"]),
        (".java", "public final class Plan {\n  enum Kind {}\n", ["public final class Plan", "enum Kind"]),
        (
            ".ts",
            "export default class Plan {}\nexport async function go() {}\n",
            ["export default class Plan", "export async function go"],
        ),
        (".c", "static int add(int a,\n    int b)\n{\n  if (a) { go(); }\n}\n", ["static int add(int a, int b)"]),
        (".sh", "go() {\n  echo\n}\n", ["go()"]),
        (".sql", "create table plans (\n", ["create table plans"]),
        (".json", '{"class Foo": 1}', []),
    ],
)
def test_definitions_in_other_languages(suffix, text, titles):
    assert [heading.title for heading in CodeReader().read(text.encode(), f"a{suffix}").headings] == titles


@pytest.mark.parametrize(
    "suffix", sorted({min(s for s in DEFINITIONS if DEFINITIONS[s] is p) for p in DEFINITIONS.values()})
)
@pytest.mark.parametrize(
    "unit", ["async async\n", "public ", "class ", "pub fn ", "func (s ", "def\n\n", "a b* c(d e "]
)
@pytest.mark.timeout(10)
def test_no_text_is_slow_to_search_for_definitions(suffix, unit):
    """A pattern that backtracks takes minutes here."""
    assert CodeReader().read((unit * 20_000).encode(), f"a{suffix}").text


@given(st.binary(max_size=200))
def test_any_bytes_are_clean_text_or_refused(data):
    with suppress(FileFailed):
        text = decode(data).text
        assert clean(text) == text


def test_random_data_is_not_text():
    with pytest.raises(FileFailed):
        decode(os.urandom(4096))
