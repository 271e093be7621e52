"""Web pages: what is content, how blocks stand apart, and which encoding is believed."""

from __future__ import annotations

import gc
import sys
import threading

import pytest

from ingest.chunkers import open_chunker
from ingest.embedders.hashing import HashingEmbedder
from ingest.errors import FileFailed
from ingest.readers.html import HtmlReader


def read(markup: str | bytes):
    return HtmlReader().read(markup if isinstance(markup, bytes) else markup.encode(), "page.html")


def test_blocks_lists_tables_and_headings():
    document = read("""<html><head><title>Travel &amp; expenses</title></head><body>
        <h1>Travel <em>policy</em></h1><p>Book   trains
        early.<br>Taxis need a receipt.</p>
        <h2>Limits</h2>
        <ul><li>Hotel<ol><li>city</li><li>country</li></ol></li><li>Meals</li></ul>
        <table><tr><th>Plan</th><th>Fee</th></tr><tr><td>Basic</td><td>30 &lt;EUR&gt;</td></tr></table>
        <pre>a  b
    c</pre></body></html>""")
    assert document.text == (
        "Travel policy\n\nBook trains early.\nTaxis need a receipt.\n\nLimits\n\n"
        "• Hotel\n  1. city\n  2. country\n• Meals\n\n"
        "Plan | Fee\nPlan: Basic | Fee: 30 <EUR>\n\na  b\n    c"
    )
    assert document.title == "Travel & expenses"
    assert [(heading.level, heading.title, document.text[heading.start :][:6]) for heading in document.headings] == [
        (1, "Travel policy", "Travel"),
        (2, "Limits", "Limits"),
    ]


def test_what_surrounds_the_content_is_left_out():
    document = read("""<body><header>Logo</header><nav><a>Home</a></nav><div role="navigation">Menu</div>
        <p>The limit is 100 euros.</p><footer>Imprint</footer></body>""")
    assert document.text == "The limit is 100 euros."


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>hidden()</script>",
        "<style>hidden {}</style>",
        "<p hidden>hidden</p>",
        '<p style="color:red; display: none">hidden</p>',
        '<p style="visibility:hidden">hidden</p>',
        "<template>hidden</template>",
        "<!-- hidden -->",
        "<noscript>hidden</noscript>",
    ],
)
def test_what_nobody_sees_is_no_text(hidden):
    assert read(f"<p>Seen.</p>{hidden}").text == "Seen."


def test_the_main_element_is_read_alone():
    side = "<div>Read also: ten other articles</div>"
    assert (
        read(f"<body>{side}<main><p>{'The words of the article. ' * 5}</p></main>{side}</body>").text
        == ("The words of the article. " * 5).strip()
    )


def test_a_main_element_that_holds_nearly_nothing_is_not_believed():
    page = f"<body><main>Loading…</main><p>{'The words of the article. ' * 20}</p></body>"
    assert "The words of the article." in read(page).text


def test_several_articles_are_all_read():
    assert read("<article>One.</article><article>Two.</article>").text == "One.\nTwo."


def test_without_a_title_the_first_heading_is_it():
    assert read("<h2>Leave\n policy</h2><p>Text.</p>").title == "Leave policy"
    assert read("<title>-</title><h2>Leave</h2><p>Text.</p>").title == "Leave"
    assert read("<title> – </title><p>Text.</p>").title == ""


@pytest.mark.parametrize(
    ("encoding", "declared", "words"),
    [
        ("utf-8", "", "Löschung – 30 €"),
        ("cp1252", "windows-1252", "Löschung – 30 €"),
        ("utf-8", "iso-8859-1", "Löschung – 30 €"),  # a lie: the bytes are valid UTF-8
        ("shift_jis", "Shift_JIS", "契約期間は十二か月です"),
        ("koi8-r", "koi8-r", "Договор"),
        ("cp1251", "no-such-encoding", "Договор действует двенадцать месяцев"),
        ("utf-16", "", "مدة العقد"),
    ],
)
def test_encodings(encoding, declared, words):
    meta = f'<meta charset="{declared}">' if declared else ""
    assert read(f"<html><head>{meta}</head><body><p>{words}</p></body></html>".encode(encoding)).text == words


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<div>" * 20_000 + "deep", "deep"),
        ("<p>a<p>b</table>", "a\n\nb"),
        ("<h1>Open <p>after", "Open\n\nafter"),
        ("Fish &amp chips &nosuch; &lt;b>", "Fish & chips &nosuch; <b>"),
    ],
)
def test_malformed_markup_is_read(markup, text):
    assert read(markup).text == text


@pytest.mark.parametrize("markup", ["<![", "<a " * 50_000, "<!--" + "x" * 500_000])
def test_markup_without_words_is_empty(markup):
    with pytest.raises(FileFailed, match="no text"):
        read(markup)


@pytest.mark.parametrize(
    ("markup", "warnings"),
    [
        ("<p>Words <img src=a alt='A chart'> and <img src=b></p>", ("not read: 2 pictures",)),
        ("<p>Words <img src=line alt=''></p>", ()),
        ("<main><p>The main part <img src=a></p></main><footer><img src=logo></footer>", ("not read: 1 picture",)),
        ("<p>Words</p>" + "<div><img src=a>" * 10_000, ("not read: 10000 pictures",)),
    ],
    ids=["told or not", "decoration", "of the main part", "nested deeply"],
)
def test_pictures_that_say_something_are_counted(markup, warnings):
    assert read(markup).warnings == warnings


def test_a_page_of_pictures_is_empty():
    with pytest.raises(FileFailed, match="no text") as failure:
        read("<html><body><img src='a.png'></body></html>")
    assert failure.value.outcome == "empty"


HEAD = "<tr><th>Plan</th><th>Price:</th></tr>"


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("<td>Pro<td>$24", "Plan: Pro | Price: $24"),
        ("<th>Pro<td><b>$24</b> a month", "Plan: Pro | Price: $24 a month"),
        ("<td>Pro<td> ", "Plan: Pro"),
        ("<td>Plan: Pro<td>$24", "Plan: Pro | Price: $24"),
        ("<td>Pro<td><div><p>$24</p></div>", "Plan: Pro\n\nPrice: $24"),
    ],
)
def test_values_of_a_table_carry_the_names_of_their_columns(row, line):
    assert read(f"<table>{HEAD}<tr>{row}</tr></table>").text == f"Plan | Price:\n{line}"


@pytest.mark.parametrize(
    "table",
    [
        "<tr><td>Plan<td>Price</tr><tr><td>Pro<td>$24</tr>",
        f"{HEAD}<tr><td>Pro<td>$24<td>now</tr>",
        f"{HEAD}<tr><td colspan=2>Pro</tr>",
        "<tr><th>Plan<th>Plan</tr><tr><td>Pro<td>$24</tr>",
        HEAD,
        f"{HEAD}<tr><td>Pro<td><table><tr><td>$24</table></tr>",
    ],
    ids=["no names", "another length", "over two columns", "one name twice", "names alone", "a table inside"],
)
def test_where_a_name_is_not_certain_none_is_put(table):
    assert "Plan: Pro" not in read(f"<table>{table}</table>").text


def test_every_chunk_of_a_long_table_says_what_its_values_are():
    rows = "".join(f"<tr><td>Plan {number}</td><td>${number}.50</td></tr>" for number in range(300))
    document = read(f"<table>{HEAD}{rows}</table>")
    embedder = HashingEmbedder()
    spans = open_chunker("sentence", embedder).split(document)
    assert len(spans) > 5
    assert all("Price: $" in document.text[span.start : span.end] for span in spans)


def test_an_error_that_is_kept_keeps_no_tree(monkeypatch: pytest.MonkeyPatch):
    """A tree may be freed by its own thread alone; an error that is part of a cycle is collected by any."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)

    def refused() -> None:
        with pytest.raises(FileFailed) as kept:  # a cycle: it holds this frame, which holds it
            HtmlReader().read(b"<html><body></body></html>", "empty.html")
        assert kept.value.__traceback__ is not None

    gc.collect()
    refused()
    other = threading.Thread(target=gc.collect)
    other.start()
    other.join()
    assert complaints == []
