# ruff: noqa: E501 - a case a line
"""PDF files that are made to stop, fill or crash what reads them, written object by object."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
WORDS = b"BT /F1 12 Tf 72 700 Td (Sixteen weeks of leave are granted.) Tj ET"


def pdf(objects: Mapping[int, str | bytes], trailer: str = "") -> bytes:
    """The objects by number, object 1 being the catalogue, with a right cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n" % number + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n" % size
    for number in range(size):
        out += b"%010d %05d %c \n" % (places.get(number, 0), 0 if number else 65535, b"n" if number in places else b"f")
    out += f"trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def stream(data: bytes, entries: str = "") -> bytes:
    return f"<</Length {len(data)}{entries}>>\nstream\n".encode() + data + b"\nendstream"


def page(
    content: bytes = WORDS, entries: str = "", box: str = "0 0 595 842", resources: str = ""
) -> dict[int, str | bytes]:
    """A PDF of one page; objects from 6 on are free."""
    return {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>{resources}>>{entries}>>",
        4: content if content.startswith(b"<<") else stream(content),
        5: FONT,
    }


def flate_bomb() -> bytes:
    """A gigabyte of operators in a megabyte."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 1_000_000) for _ in range(1000)) + packer.flush()
    return pdf(page(stream(packed, "/Filter/FlateDecode")))


def bomb_in_a_bomb() -> bytes:
    """The same, packed once more: two kilobytes."""
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(b" " * 1_000_000) for _ in range(1000)) + packer.flush()
    return pdf(page(stream(zlib.compress(once, 9), "/Filter[/FlateDecode/FlateDecode]")))


def many_operators(pages: int = 1) -> bytes:
    """Six hundred thousand operators in some kilobytes, on each of so many pages."""
    content = stream(zlib.compress(b"q 1 0 0 1 0 0 cm Q\n" * 150_000 + WORDS, 9), "/Filter/FlateDecode")
    objects = page(content)
    objects[2] = f"<</Type/Pages/Kids[{'3 0 R ' * pages}]/Count {pages}>>"
    return pdf(objects)


FORM = "/Type/XObject/Subtype/Form/BBox[0 0 9 9]"


def form_that_draws_itself(times: int = 2) -> bytes:
    """To any depth, each level `times` as often."""
    form = stream(b"0 0 1 1 re f" + b" /X Do" * times, f"{FORM}/Resources<</XObject<</X 6 0 R>>>>")
    return pdf({**page(b"/X Do " + WORDS, resources="/XObject<</X 6 0 R>>"), 6: form})


def doubling(depth: int) -> dict[int, str | bytes]:
    """Forms from number 6 on: 2 ** depth drawings of the last one."""
    objects: dict[int, str | bytes] = {}
    for number in range(6, 6 + depth):
        objects[number] = stream(b"/X Do /X Do", f"{FORM}/Resources<</XObject<</X {number + 1} 0 R>>>>")
    return {**objects, 6 + depth: stream(b"0 0 1 1 re f", FORM)}


def forms_that_double(depth: int = 20) -> bytes:
    return pdf({**page(b"/X Do " + WORDS, resources="/XObject<</X 6 0 R>>"), **doubling(depth)})


def glyphs_that_double(depth: int = 20) -> bytes:
    """A letter that is drawn by them."""
    objects = page(b"BT /T 12 Tf 72 720 Td (a) Tj ET " + WORDS)
    objects[3] = str(objects[3]).replace("/F1 5 0 R", "/F1 5 0 R/T 98 0 R")
    font = (
        "<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/CharProcs<</a 99 0 R>>/FirstChar 97"
        "/LastChar 97/Widths[9]/Encoding<</Differences[97/a]>>/Resources<</XObject<</X 6 0 R>>>>>>"
    )
    return pdf({**objects, **doubling(depth), 98: font, 99: stream(b"9 0 d0 /X Do")})


def annotation_that_doubles(depth: int = 20) -> bytes:
    note = "<</Type/Annot/Subtype/Stamp/Rect[0 0 99 99]/F 4/AP<</N<</On 6 0 R>>>>/AS/On>>"
    return pdf({**page(entries="/Annots[99 0 R]"), **doubling(depth), 99: note})


def page_tree_in_a_circle() -> bytes:
    return pdf({**page(), 2: "<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2/Parent 2 0 R>>"})


def claimed_pages() -> bytes:
    return pdf({**page(), 2: "<</Type/Pages/Kids[3 0 R]/Count 1000000000>>"})


def tables_in_a_circle() -> bytes:
    data = pdf(page(), trailer="/Prev 0000000000")
    return data.replace(b"/Prev 0000000000", b"/Prev %010d" % data.rindex(b"xref\n0"))


def deep_array(depth: int = 100_000) -> bytes:
    return pdf({**page(), 6: "[" * depth + "]" * depth, 1: "<</Type/Catalog/Pages 2 0 R/Names 6 0 R>>"})


def deep_outline(depth: int = 100_000) -> bytes:
    objects = {**page(), 1: "<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>", 6: "<</First 7 0 R/Last 7 0 R/Count 1>>"}
    for number in range(7, 7 + depth):
        objects[number] = (
            f"<</Title(Deeper)/Parent {number - 1} 0 R/First {number + 1} 0 R/Last {number + 1} 0 R/Dest[3 0 R/Fit]>>"
        )
    return pdf({**objects, 7 + depth: "<</Title(End)>>"})


def outline_in_a_circle() -> bytes:
    objects = {**page(), 1: "<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>", 6: "<</First 7 0 R/Last 8 0 R/Count 2>>"}
    entry = "<</Title(Round)/Parent 6 0 R/Next {} 0 R/Dest[3 0 R/Fit]>>"
    return pdf({**objects, 7: entry.format(8), 8: entry.format(7)})


def script_and_attachment() -> bytes:
    action = '/OpenAction<</S/JavaScript/JS(app.launchURL\\("http://127.0.0.1/"\\))>>'
    names = "/Names<</EmbeddedFiles<</Names[(evil.txt) 6 0 R]>>>>/AcroForm<</XFA 8 0 R>>"
    return pdf({
        **page(),
        1: f"<</Type/Catalog/Pages 2 0 R{action}{names}>>",
        6: "<</Type/Filespec/F(evil.txt)/EF<</F 7 0 R>>>>",
        7: stream(b"the attached secret"),
        8: stream(b"<xdp><script>the form secret</script></xdp>"),
    })  # fmt: skip


def many_pages(count: int) -> bytes:
    objects: dict[int, str | bytes] = {5: FONT}
    for number in range(count):
        content = b"BT /F1 12 Tf 72 700 Td (Page number %d speaks of matter %d at length.) Tj ET" % (number, number * 7)
        objects[6 + 2 * number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {7 + 2 * number} 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
        )
        objects[7 + 2 * number] = stream(content)
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(count))
    return pdf({1: "<</Type/Catalog/Pages 2 0 R>>", 2: f"<</Type/Pages/Kids[{kids}]/Count {count}>>", **objects})


SOUND = pdf(page())
# Number of the case in the fault matrix, what it is, how it is made, the outcome.
CASES: tuple[tuple[str, str, Callable[[], bytes], str], ...] = (
    ("F1", "empty", lambda: b"", "empty"),
    ("F2", "no pages", lambda: pdf({**page(), 2: "<</Type/Pages/Kids[]/Count 0>>"}), "empty"),
    ("F6", "cut in half", lambda: SOUND[: len(SOUND) // 2], "parse_error"),
    ("F6", "cut at its end", lambda: SOUND[: len(SOUND) * 99 // 100], "ok"),
    ("F7", "garbage", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40, "parse_error"),
    ("F7", "a web page", lambda: b"<!DOCTYPE html><html><body><p>Sixteen weeks.</p></body></html>", "ok"),
    ("F8", "flate bomb", flate_bomb, "too_large"),
    ("F8", "flate bomb in a bomb", bomb_in_a_bomb, "too_large"),
    ("F9", "many operators", many_operators, "ok"),
    ("F9", "many operators on 1,000 pages", lambda: many_operators(1000), "timeout"),
    ("F10", "a form that draws itself", lambda: form_that_draws_itself(1), "ok"),
    ("F10", "a form that draws itself twice", form_that_draws_itself, "too_large"),
    ("F10", "forms that double", forms_that_double, "too_large"),
    ("F10", "glyphs that double", glyphs_that_double, "too_large"),
    ("F10", "an annotation that doubles", annotation_that_doubles, "too_large"),
    ("F10", "a page tree in a circle", page_tree_in_a_circle, "ok"),
    ("F10", "cross-reference tables in a circle", tables_in_a_circle, "ok"),
    ("F10", "a billion pages claimed", claimed_pages, "ok"),
    ("F11", "100,000 arrays in each other", deep_array, "ok"),
    ("F11", "100,000 outlines in each other", deep_outline, "ok"),
    ("F11", "an outline in a circle", outline_in_a_circle, "ok"),
    ("F13", "a huge page", lambda: pdf(page(box="0 0 1e30 1e30")), "ok"),
    ("F13", "a page of no size", lambda: pdf(page(box="NaN nan 0 -")), "ok"),
    ("F13", "type that is set nowhere", lambda: pdf(page(b"1 0 0 1 9 7" + b"9" * 50 + b".5 cm " + WORDS)), "ok"),
    ("F15", "script, attachment and form", script_and_attachment, "ok"),
)  # fmt: skip
