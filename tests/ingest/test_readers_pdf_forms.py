"""Forms that draw one another: counted as pdfium draws them, and refused before it does where there is no end to it."""

from __future__ import annotations

import zlib
from contextlib import closing, nullcontext
from functools import cache
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileFailed
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_forms import DEEPEST, MOST_DRAWS, Drawings, refuse_form_bombs
from ingest.readers.pdf_pictures import draw_page
from ingest.readers.pypdf_file import PypdfFile
from tests.support import hostile_pdfs
from tests.support.hostile_pdfs import FORM, WORDS, page, pdf, stream

Graph = dict[int, dict[int, int]]  # how often a form draws each of the others; the page is 0
DOT = b"0 0 1 1 re f "
MOST_IN_PDFIUM = 1000  # of which each costs a turn in Python here


def counted(data: bytes) -> int:
    with closing(PypdfFile(data)) as file, file.page(0) as opened:
        return Drawings().of(opened)


def drawn_by_pdfium(data: bytes) -> int:
    """The page and the forms on it, at every depth."""
    import pypdfium2

    with closing(pypdfium2.PdfDocument(data)) as document:
        forms = document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_FORM], max_depth=DEEPEST + 9)
        return 1 + sum(1 for _ in forms)


def drawn_by_hand(graph: Graph) -> int:
    """Each drawing followed to the depth at which pdfium stops."""

    @cache
    def draws(form: int, depth: int) -> int:
        return 1 + sum(times * draws(other, depth + 1) for other, times in graph[form].items() if depth < DEEPEST)

    return draws(0, 0)


def written(graph: Graph, packed: bool = False, own: bool = True) -> bytes:
    """A file of such a graph. Forms without resources of their own find each other in those of the page."""
    named = "/XObject<<" + "".join(f"/X{form} {form + 6} 0 R" for form in graph if form) + ">>"
    contents = {
        form: DOT + b" ".join(b"/X%d Do" % other for other, times in drawn.items() for _ in range(times))
        for form, drawn in graph.items()
    }
    objects = page(contents[0] + b"\n" + WORDS, resources=named)
    for form in filter(None, graph):
        body = zlib.compress(contents[form]) if packed else contents[form]
        entries = FORM + "/Filter/FlateDecode" * packed + f"/Resources<<{named}>>" * own
        objects[form + 6] = stream(body, entries)
    return pdf(objects)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Of up to seven forms, in circles and not."""
    forms = range(draw(st.integers(1, 7)) + 1)
    circles = draw(st.booleans())
    return {
        form: draw(
            st.dictionaries(
                st.sampled_from([other for other in forms if other and (circles or other > form)] or [forms[-1]]),
                st.integers(1, 3),
                max_size=3 if circles or form < forms[-1] else 0,
            )
        )
        for form in forms
    }


@settings(deadline=None, max_examples=60)
@given(graphs(), st.booleans(), st.booleans())
def test_the_drawings_are_counted_as_pdfium_draws_them(graph: Graph, packed: bool, own: bool) -> None:
    data = written(graph, packed, own)
    right = drawn_by_hand(graph)
    assert counted(data) == min(right, MOST_DRAWS + 1)
    if right <= MOST_IN_PDFIUM:
        assert drawn_by_pdfium(data) == right
    with pytest.raises(FileFailed, match="forms within forms") if right > MOST_DRAWS else nullcontext():
        refuse_form_bombs(data, lambda: PypdfFile(data))


BOMBS = {
    "a form that draws itself": hostile_pdfs.form_that_draws_itself,
    "forms that double": hostile_pdfs.forms_that_double,
    "a glyph": hostile_pdfs.glyphs_that_double,
    "an annotation": hostile_pdfs.annotation_that_doubles,
    "many on one page": lambda: pdf(many(MOST_DRAWS)),
}


def many(times: int) -> dict[int, str | bytes]:
    content = stream(zlib.compress(b"/X Do " * times + WORDS), "/Filter/FlateDecode")
    return {**page(content, resources="/XObject<</X 6 0 R>>"), 6: stream(DOT, FORM)}


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS)
def test_what_draws_without_end_is_refused_before_pdfium_has_it(make, monkeypatch):
    def opened(*_: object) -> None:
        raise AssertionError("pdfium was given the file")

    monkeypatch.setattr("pypdfium2.PdfDocument", opened)
    data = make()
    for read in (lambda: PdfReader().read(data, "bomb.pdf"), lambda: draw_page(data, 1)):
        with pytest.raises(FileFailed, match=r"page 1 draws forms within forms more than 500,000 times") as failure:
            read()
        assert failure.value.outcome == "too_large"


def test_a_form_that_draws_itself_once_is_read():
    """pdfium stops at forty-one of them."""
    data = hostile_pdfs.form_that_draws_itself(1)
    assert counted(data) == drawn_by_pdfium(data) == DEEPEST + 1
    assert "Sixteen weeks" in PdfReader().read(data, "self.pdf").text


def test_a_tiling_is_read():
    data = pdf(many(10_000))
    assert counted(data) == 10_001
    assert "Sixteen weeks" in PdfReader().read(data, "tiles.pdf").text


def test_a_logo_of_forms_on_every_page_is_read():
    objects = page(b"/X Do " + WORDS, resources="/XObject<</X 6 0 R>>") | hostile_pdfs.doubling(10)
    objects[2] = f"<</Type/Pages/Kids[{'3 0 R ' * 30}]/Count 30>>"
    document = PdfReader().read(pdf(objects), "logo.pdf")
    assert len(document.pages) == 30


def test_words_of_a_text_draw_nothing():
    """Forms that name each other in one dictionary, with "Do" in what they say."""
    says = b"BT /F1 9 Tf (What We Do, and Do not) Tj (Do) Tj [(Do )-20( Do)] TJ ET "
    shared = "/XObject<</A 6 0 R/B 7 0 R>>"
    objects = page(says + b"/A Do", resources=shared)
    data = pdf({**objects, 6: stream(says + b"/B Do", FORM), 7: stream(says * 9, FORM)})
    assert counted(data) == drawn_by_pdfium(data) == 3


OTHER_WAYS = [
    b"(X) Do",
    b"<58> Do",
    b"/#58 Do",
    b"/X%comment of words\nDo",
    b"/X\x80Do",
    b"/X\xff Do",
    b"/X" + b" " * 5000 + b"Do",
]


@pytest.mark.parametrize("operator", OTHER_WAYS, ids=[repr(way[:12]) for way in OTHER_WAYS])
def test_a_form_is_counted_however_it_is_named(operator):
    objects = page(b"/X Do", resources="/XObject<</X 6 0 R>>") | {7: stream(DOT, FORM)}
    objects[6] = stream((operator + b" ") * 3, f"{FORM}/Resources<</XObject<</X 7 0 R>>>>")
    assert counted(pdf(objects)) == drawn_by_pdfium(pdf(objects)) == 5


def test_a_name_and_its_operator_in_two_parts_of_a_page():
    objects = page(b"/X", resources="/XObject<</X 6 0 R>>") | {6: stream(DOT, FORM), 7: stream(b"Do")}
    objects[3] = str(objects[3]).replace("/Contents 4 0 R", "/Contents[4 0 R 7 0 R]")
    assert counted(pdf(objects)) == drawn_by_pdfium(pdf(objects)) == 2


@pytest.mark.parametrize(
    "told", ["/Subtype (Form)", "/Sub#74ype/F#6frm", "/Subtype/#46orm", "/Subtype<466f726d>", "/Subtype 99 0 R"]
)
def test_a_form_is_one_however_that_is_said(told):
    objects = page(b"/X Do " * 2, resources="/XObject<</X 6 0 R>>") | {99: "/Form"}
    objects[6] = stream(DOT, FORM.replace("/Subtype/Form", told))
    asked = count()
    refuse_form_bombs(pdf(objects), lambda: next(asked) or PypdfFile(pdf(objects)))
    assert next(asked) == 1, "it was told by its bytes that there is no form"
    assert counted(pdf(objects)) == drawn_by_pdfium(pdf(objects)) == 3


def test_a_file_without_forms_is_not_opened_for_them():
    def opened() -> PypdfFile:
        raise AssertionError("pypdf was asked")

    refuse_form_bombs(hostile_pdfs.SOUND, opened)
    refuse_form_bombs(hostile_pdfs.many_pages(50), opened)


@pytest.mark.parametrize(
    "entries", ["/Bad 98 0 R/Direct<<>>/None null", "/Bad 6 9 R", "/Bad 4 0 R", "/Bad 99 0 R"], ids=repr
)
def test_what_is_damaged_beside_a_bomb_does_not_hide_it(entries):
    objects = page(b"/X Do /Bad Do", resources=f"/XObject<<{entries}/X 6 0 R>>", entries="/Annots[98 0 R 99 0 R 7]")
    data = pdf({**objects, **hostile_pdfs.doubling(20), 99: "<</Kids[<<(>>"})
    with pytest.raises(FileFailed, match="forms within forms"):
        refuse_form_bombs(data, lambda: PypdfFile(data))


@given(st.binary(max_size=60))
def test_no_content_stops_the_count(noise):
    objects = page(noise + b" /X Do " + noise, resources="/XObject<</X 6 0 R>>")
    assert counted(pdf({**objects, 6: stream(noise, FORM)})) >= 1
