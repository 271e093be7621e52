"""PDF: pages that are pictures, pages whose fonts lie, pages that read badly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.discovery import find_files
from ingest.errors import FileFailed
from ingest.places import place_name, printed_name
from ingest.readers import tesseract
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_parts import Line
from ingest.readers.pdf_quality import Quality, judge
from ingest.readers.pdfium_file import PdfiumFile
from ingest.readers.pypdf_file import PypdfFile
from ingest.workers.pool import ParsedFile, ParserPool
from tests.support.odd_parts import HalvingChunker
from tests.support.pdf_files import make_pdf
from tests.support.scanned_files import misnamed_pdf, scanned_pdf

needs_tesseract = pytest.mark.skipif(not tesseract.languages(), reason="needs Tesseract (tesseract-ocr)")
LINES = [
    "Employees may take parental leave for up to",
    "sixteen weeks after a birth, in two parts.",
    "Ask your manager before the first of May 2027.",
    "The employee tells the office when the leave begins,",
    "and the office answers within fourteen days of that.",
]


def read(data: bytes):
    return PdfReader().read(data, "/files/scan.pdf")


@pytest.fixture
def no_tesseract(monkeypatch):
    monkeypatch.setattr(tesseract, "languages", tuple)
    monkeypatch.setattr("ingest.readers.pdf.languages", tuple)


@needs_tesseract
def test_a_scan_is_read_and_said_to_be_one(tmp_path):
    """In a worker, as in every run: without a network, within its limits."""
    (tmp_path / "scan.pdf").write_bytes(scanned_pdf([LINES, LINES[3:]]))
    with ParserPool(HalvingChunker(), workers=1) as pool:
        (parsed,) = pool.parse(find_files([tmp_path]).files)
    assert isinstance(parsed, ParsedFile), parsed
    document = parsed.document
    assert document.text.split("\n") == [*LINES, "", *LINES[3:]]
    assert document.labels == ("1, OCR", "2, OCR")
    assert document.metadata["ocr_pages"] == 2
    assert 0.8 < document.metadata["ocr_confidence"] <= 1
    assert document.warnings[-1].startswith("read by OCR, which was 9")


@needs_tesseract
@pytest.mark.parametrize("shift", [-29, 0xE000], ids=["a shifted alphabet", "no letters at all"])
def test_what_a_page_shows_is_read_where_its_font_lies(shift):
    document = read(misnamed_pdf(LINES * 2, shift))
    assert document.text.split("\n")[:5] == LINES
    assert document.labels == ("1, OCR",)


@pytest.mark.parametrize(
    ("shift", "fault"), [(-29, "of its words are none"), (0xE000, "100% of its characters stand for no letter")]
)
def test_without_ocr_a_page_that_reads_badly_is_named(no_tesseract, shift, fault):
    document = read(misnamed_pdf(LINES * 2, shift))
    (warning,) = document.warnings
    assert warning.startswith("page 1 reads badly: ")
    assert fault in warning


def test_without_ocr_a_scan_says_what_to_install(no_tesseract):
    with pytest.raises(FileFailed, match=r"none of its 1 pages holds text.*Install Tesseract") as failure:
        read(scanned_pdf([LINES]))
    assert failure.value.outcome == "needs_ocr"


@needs_tesseract
def test_an_empty_picture_holds_no_text():
    with pytest.raises(FileFailed) as failure:
        read(scanned_pdf([[]]))
    assert failure.value.outcome == "needs_ocr"


def test_ocr_that_takes_too_long_costs_its_page(monkeypatch):
    def slow(picture, dots_per_inch):
        raise FileFailed("timeout", "OCR took longer than 30 s")

    monkeypatch.setattr(tesseract, "languages", lambda: ("eng",))
    monkeypatch.setattr(tesseract, "recognise", slow)
    document = read(misnamed_pdf(LINES * 2, 0xE000))
    assert document.warnings[0] == "page 1 was not read by OCR: OCR took longer than 30 s"
    assert document.labels == ("1",)


@needs_tesseract
def test_a_broken_picture_is_a_failure_of_its_own():
    with pytest.raises(FileFailed, match="Tesseract failed"):
        tesseract.recognise(b"no picture", 300)


def test_the_library_that_reads_a_page_better_is_believed(monkeypatch, no_tesseract):
    glued = [Line("".join(line.split())) for line in LINES * 2]
    monkeypatch.setattr(PdfiumFile, "lines", lambda self, page: glued)
    assert "sixteen weeks" in read(make_pdf([LINES * 2])).text
    monkeypatch.setattr(PypdfFile, "lines", lambda self, page: [Line("\ufffd" * 400)])
    assert "sixteenweeks" in read(make_pdf([LINES * 2])).text


@pytest.mark.parametrize(
    "text",
    [
        " ".join(LINES),
        "Geschwindigkeitsbegrenzungsschild und Donaudampfschifffahrtsgesellschaft " + "Der Hund lief weg. " * 20,
        "Всего хорошего, сказал он и ушёл домой, потому что было уже очень поздно и темно. " * 3,
        "会社の従業員は出産後最大十六週間の育児休暇を取得することができます。" * 5,
        "الموظفون يحق لهم الحصول على إجازة والدية تصل إلى ستة عشر أسبوعا بعد الولادة " * 4,
        "strč prst skrz krk " * 2 + "a pak už se nikdo nedivil tomu, co se stalo na louce za domem. " * 3,
        "HTTP TCP SMTP DNS TLS are protocols; HTML and XML are formats of text that people write. " * 3,
        "2021 2022 2023\n14,301.5 12.7 % 99\n" * 30,
        "def f(x_1, y_2): return x_1 ** 2 + y_2 if x_1 else None  # the usual way of writing such things\n" * 5,
        "",
    ],
)
def test_text_of_any_kind_reads_well(text):
    assert judge(text).is_good


@given(st.text())
def test_every_text_has_a_quality(text):
    quality = judge(text)
    assert 0 <= quality.score <= 1
    assert quality.fault


def test_quality_is_worst_where_all_is_wrong():
    assert Quality(1.0, 0.0, 0.0).score == 0 < Quality(0.5, 0.5, 0.0).score < Quality().score == 1


def test_places_say_that_a_page_was_read_by_ocr():
    assert place_name(7, "7, OCR") == "page 7, OCR"
    assert place_name(7, "iv, OCR") == "page 7 (iv), OCR"
    assert printed_name("iv, OCR") == "page iv, OCR"
