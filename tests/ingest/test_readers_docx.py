"""Word files: what stands in them as text, and what is refused."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import FileFailed
from ingest.readers import archive
from ingest.readers.docx import DocxReader
from tests.support.docx_files import STYLES, WORD, make_docx, paragraph

CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The  Travel\n Policy</dc:title>'
    "<dc:creator>A. Writer</dc:creator></cp:coreProperties>"
)


def read(data: bytes):
    return DocxReader().read(data, "policy.docx")


def outcome_of(data: bytes) -> str:
    with pytest.raises(FileFailed) as failure:
        read(data)
    return failure.value.outcome


def test_paragraphs_are_parted_by_an_empty_line():
    assert read(make_docx(paragraph("One.") + "<w:p/>" + paragraph("Two."))).text == "One.\n\nTwo."


def test_headings_follow_the_styles_in_any_language():
    body = "".join(
        [
            paragraph("Handbook", "Titel"),
            paragraph("Leave", "berschrift1"),
            paragraph("Text."),
            paragraph("Parental", "Mine"),
            paragraph("Details", "Deep"),
            paragraph("No heading", "Plain"),
            paragraph("Circular", "A"),
            '<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Own</w:t></w:r></w:p>',
        ]
    )
    document = read(make_docx(body))
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Leave"),
        (1, "Parental"),
        (3, "Details"),
        (2, "Own"),
    ]
    assert all(document.text[heading.start :].startswith(heading.title) for heading in document.headings)
    assert document.title == "Handbook"


def test_the_stated_title_wins():
    document = read(make_docx(paragraph("Handbook", "Titel"), {**STYLES, "docProps/core.xml": CORE}))
    assert (document.title, document.metadata) == ("The Travel Policy", {"author": "A. Writer"})


def test_a_table_is_read_row_by_row():
    def row(*cells: str) -> str:
        return "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"

    body = paragraph("Before.") + f"<w:tbl>{row('Plan', 'Deductible')}{row('Standard', '$2,000')}{row('', '')}</w:tbl>"
    assert read(make_docx(body)).text == "Before.\n\nPlan | Deductible\nStandard | $2,000"


def test_what_a_person_does_not_see_is_no_text():
    body = (
        "<w:p><w:r><w:t>kept</w:t></w:r>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t xml:space='preserve'> inserted</w:t></w:r></w:ins>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        "<w:r><w:tab/><w:t>tab</w:t><w:br/><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t></w:r></w:p>"
    )
    assert read(make_docx(body)).text == "kept inserted\ttab\nco-op"


def test_content_controls_lists_and_notes_are_read():
    body = f"<w:sdt><w:sdtContent>{paragraph('Inside.')}</w:sdtContent></w:sdt>" + (
        '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>item</w:t></w:r></w:p>'
    )
    notes = f'<w:footnotes xmlns:w="{WORD}"><w:footnote>{paragraph("A note.")}</w:footnote></w:footnotes>'
    assert read(make_docx(body, {"word/footnotes.xml": notes})).text == "Inside.\n\n• item\n\nA note."


def test_a_text_box_is_read_once():
    box = f"<w:txbxContent>{paragraph('boxed')}</w:txbxContent>"
    body = (
        '<w:p xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:r><w:t>around</w:t></w:r><w:r>'
        f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
        "</w:r></w:p>"
    )
    assert read(make_docx(body)).text == "around\nboxed"


def test_the_strict_namespace_means_the_same():
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    assert read(make_docx(paragraph("Strict."), {}, namespace=strict)).text == "Strict."


def test_any_language_comes_through():
    assert read(make_docx(paragraph("مدة العقد 十二か月 👩‍👩‍👧"))).text == "مدة العقد 十二か月 👩‍👩‍👧"


def test_no_text_is_empty():
    assert outcome_of(make_docx("<w:p/>")) == "empty"


def test_unpacked_size_is_counted_not_believed(monkeypatch):
    monkeypatch.setattr(archive, "UNPACKED_BYTES", 1_000_000)
    bomb = make_docx(paragraph("x" * 2_000_000))
    assert len(bomb) < 10_000
    assert outcome_of(bomb) == "too_large"
    directory = bomb.index(b"PK\x01\x02")
    lying = bomb[: directory + 24] + (1000).to_bytes(4, "little") + bomb[directory + 28 :]  # its uncompressed size
    assert zipfile.ZipFile(io.BytesIO(lying)).infolist()[0].file_size == 1000
    assert outcome_of(lying) == "parse_error"


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghx", strict=True))
        + "]>",
    ],
    ids=["from a file", "a billion"],
)
def test_entities_bring_nothing_in(prologue):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        xml = f'{prologue}<w:document xmlns:w="{WORD}"><w:body>{paragraph("&x;")}</w:body></w:document>'
        archive.writestr("word/document.xml", xml)
    assert outcome_of(stream.getvalue()) == "parse_error"


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        pytest.param(b"PK\x03\x04 nothing more", "parse_error", id="no directory"),
        pytest.param(make_docx(paragraph("Cut."))[:-40], "parse_error", id="cut"),
        pytest.param(make_docx("<w:p>"), "parse_error", id="broken XML"),
        pytest.param(make_docx("<w:sdt>" * 3000 + paragraph("Deep.") + "</w:sdt>" * 3000), "parse_error", id="deep"),
    ],
)
def test_damage_is_named(data, outcome):
    assert outcome_of(data) == outcome


def test_an_encrypted_part_asks_for_a_password():
    data = bytearray(make_docx(paragraph("Secret.")))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    assert outcome_of(bytes(data)) == "encrypted"


plain = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="<&>"), max_size=20)


@given(st.lists(st.tuples(plain, st.sampled_from(["", "Titel", "berschrift1", "Deep"])), max_size=8))
def test_headings_ascend_and_stand_in_the_text(paragraphs):
    body = paragraph("Always here.") + "".join(paragraph(text, style) for text, style in paragraphs)
    document = read(make_docx(body))
    starts = [heading.start for heading in document.headings]
    assert starts == sorted(set(starts))
    for heading in document.headings:
        assert " ".join(document.text[heading.start :].partition("\n\n")[0].split()) == heading.title
