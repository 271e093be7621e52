"""E-books and OpenDocument texts: the order of reading, headings, places, and what is refused or counted."""

from __future__ import annotations

import pytest

from ingest.errors import FileFailed
from ingest.readers.epub import EpubReader
from ingest.readers.odt import OdtReader
from tests.support.zip_files import make_epub, make_odt, make_zip

FONT = "http://www.idpf.org/2008/embedding"


def epub(*arguments, **more):
    return EpubReader().read(make_epub(*arguments, **more), "book.epub")


def odt(body: str, **more):
    return OdtReader().read(make_odt(body, **more), "letter.odt")


def protected(part: str) -> dict[str, str]:
    encryption = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:CipherData>'
        f'<enc:CipherReference URI="{part}"/></enc:CipherData></enc:EncryptedData></encryption>'
    )
    return {"META-INF/encryption.xml": encryption}


def test_chapters_follow_the_spine():
    document = epub({"b.xhtml": "<h1>Leave</h1><p>Sixteen weeks.</p>", "a.xhtml": "<h1>Travel</h1><p>By train.</p>"})
    assert document.text == "Leave\n\nSixteen weeks.\n\nTravel\n\nBy train."
    assert [heading.title for heading in document.headings] == ["Leave", "Travel"]
    assert document.label_of(document.page_at(document.text.index("By train"))) == "section 2"
    assert (document.title, dict(document.metadata)) == ("The Handbook", {"author": "A. Writer", "language": "en"})


def test_the_table_of_contents_names_chapters_without_a_heading():
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Leave</text></navLabel>'
        '<content src="a%20b.xhtml#top"/></navPoint></navMap></ncx>'
    )
    item = '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    document = epub({"a b.xhtml": "<p>Sixteen weeks.</p>"}, {"OEBPS/toc.ncx": ncx}, item)
    assert document.text == "Leave\n\nSixteen weeks."


def test_pictures_are_counted_and_a_page_of_pictures_keeps_its_number():
    document = epub({"a.xhtml": '<svg><image href="c.png"/></svg>', "b.xhtml": '<p>Words <img src="x.png"/></p>'})
    assert document.warnings == ("not read: 2 pictures",)
    assert document.labels == ("section 1", "section 2")


def test_a_protected_book_is_encrypted_and_one_with_protected_fonts_is_not():
    chapters = {"a.xhtml": "<p>Words.</p>"}
    with pytest.raises(FileFailed) as failure:
        epub(chapters, protected("OEBPS/a.xhtml"))
    assert failure.value.outcome == "encrypted"
    assert epub(chapters, protected("OEBPS/font.otf")).text == "Words."


def test_a_missing_chapter_is_counted():
    manifest = '<item id="ix" href="x.xhtml" media-type="application/xhtml+xml"/>'
    data = make_epub({"a.xhtml": "<p>Words.</p>", "gone.xhtml": ""}, manifest=manifest)
    parts = {"mimetype": "application/epub+zip"}
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts |= {name: archive.read(name) for name in archive.namelist() if not name.endswith("gone.xhtml")}
    assert EpubReader().read(make_zip(parts), "a.epub").warnings == ("not read: 1 missing section",)


def test_paragraphs_headings_and_lists_of_a_letter():
    document = odt(
        '<text:h text:outline-level="2">Leave</text:h><text:p>Sixteen<text:s text:c="2"/>weeks<text:line-break/>paid.'
        "</text:p><text:list><text:list-item><text:p>One</text:p><text:list><text:list-item><text:p>Inner</text:p>"
        "</text:list-item></text:list></text:list-item><text:list-item><text:p>Two</text:p></text:list-item></text:list>"
        "<text:section><text:p>In a <text:span>section</text:span>.</text:p></text:section>",
        title="Rules",
        author="A. Writer",
    )
    assert document.text == "Leave\n\nSixteen  weeks\npaid.\n• One\n  • Inner\n• Two\n\nIn a section."
    assert [(heading.level, heading.title) for heading in document.headings] == [(2, "Leave")]
    assert (document.title, dict(document.metadata)) == ("Rules", {"author": "A. Writer"})


def test_deleted_words_are_gone_and_notes_stand_at_the_end():
    document = odt(
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>old</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes><text:p>Weeks<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>Paid.</text:p></text:note-body></text:note> off.</text:p>"
    )
    assert document.text == "Weeks off.\n\nPaid."


def test_rows_carry_the_names_of_their_columns():
    def row(*cells: str) -> str:
        return "<table:table-row>" + "".join(
            f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells
        ) + "</table:table-row>"  # fmt: skip

    table = (
        f"<table:table><table:table-header-rows>{row('Plan', 'Price')}</table:table-header-rows>{row('Basic', '$12')}"
        '<table:table-row><table:table-cell table:number-columns-repeated="2"/></table:table-row></table:table>'
    )
    assert odt(table).text == "Plan: Basic; Price: $12"


def test_boxes_are_read_and_pictures_charts_and_comments_counted():
    document = odt(
        "<text:p>Text<draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame></text:p>"
        "<text:p><draw:frame><draw:image/></draw:frame><draw:frame><draw:object/><draw:image/></draw:frame>"
        "<office:annotation><text:p>Really?</text:p></office:annotation></text:p>"
    )
    assert document.text == "Text\nIn a box"
    assert document.warnings == ("not read: 1 comment, 1 embedded object, 1 picture",)


def test_a_letter_under_a_password_is_encrypted():
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    with pytest.raises(FileFailed) as failure:
        odt("", parts={"META-INF/manifest.xml": manifest})
    assert failure.value.outcome == "encrypted"
