"""PDF: pages that are pictures, pages whose fonts lie, pages that read badly."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.discovery import find_files
from ingest.errors import FileFailed
from ingest.places import place_name, printed_name
from ingest.readers import pdf_scans, rapid_ocr, tesseract
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_parts import Line
from ingest.readers.pdf_quality import Quality, judge
from ingest.readers.pdfium_file import PdfiumFile
from ingest.readers.pypdf_file import PypdfFile
from ingest.readers.rapid_ocr import RapidOcr
from ingest.readers.tesseract import Tesseract
from ingest.workers.pool import ParsedFile, ParserPool
from tests.support.odd_parts import HalvingChunker
from tests.support.pdf_files import make_pdf
from tests.support.scanned_files import misnamed_pdf, scanned_pdf

needs_ocr = pytest.mark.skipif(
    pdf_scans.open_engine() is None, reason="needs Tesseract (tesseract-ocr) or the extra ocr"
)
LINES = [
    "Employees may take parental leave for up to",
    "sixteen weeks after a birth, in two parts.",
    "Ask your manager before the first of May 2027.",
    "The employee tells the office when the leave begins,",
    "and the office answers within fourteen days of that.",
]


def read(data: bytes):
    return PdfReader().read(data, "/files/scan.pdf")


@pytest.fixture(params=[Tesseract, RapidOcr], ids=["tesseract", "rapidocr"])
def engine(request, monkeypatch):
    """One engine as if it were the only one."""
    if not request.param().is_installed():
        pytest.skip(f"needs {request.param.name}: tesseract-ocr, or the extra ocr")
    monkeypatch.setattr(pdf_scans, "ENGINES", (request.param,))
    return request.param


@pytest.fixture
def no_ocr(monkeypatch):
    monkeypatch.setattr(pdf_scans, "ENGINES", ())


def test_a_scan_is_read_and_said_to_be_one(engine):
    document = read(scanned_pdf([LINES, LINES[3:]]))
    assert document.text.split("\n") == [*LINES, "", *LINES[3:]]
    assert document.labels == ("1, OCR", "2, OCR")
    assert document.metadata["ocr_pages"] == 2
    assert 0.8 < document.metadata["ocr_confidence"] <= 1
    assert document.warnings[-1].startswith("read by OCR, which was 9")


@pytest.mark.slow
def test_nineteen_words_of_twenty_are_found_in_small_type(engine):
    """On a picture that lies a little askew."""
    lines = [f"{LINES[number % 5]} {number:03d} {LINES[(number + 2) % 5]}" for number in range(20)]
    document = read(scanned_pdf([lines], size=7.5, turned=0.4))
    wanted, found = (Counter(text.split()) for text in (" ".join(lines), document.text))
    assert (wanted & found).total() >= 0.95 * wanted.total()


@pytest.mark.slow
def test_columns_are_read_one_after_the_other(engine):
    left, right = ([f"{side} {number} {LINES[number % 5][:30]}" for number in range(12)] for side in ("left", "right"))
    rows = [(one, other) for one, other in zip(left, right, strict=True)]
    text = read(scanned_pdf([rows])).text
    assert text.rindex("left") < text.index("right")


@pytest.mark.slow
def test_an_engine_reads_on_after_a_picture_that_it_cannot_read(engine):
    opened = engine()
    try:
        with pytest.raises(FileFailed, match=f"{engine.name} failed") as failure:
            opened.recognise(b"no picture", 300)
        assert failure.value.outcome == "needs_ocr"
        with closing(PdfiumFile(scanned_pdf([LINES]))) as file:
            assert opened.recognise(*file.picture(0, 150)).lines[0].text == LINES[0]
    finally:
        opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("worker_engine", [Tesseract, RapidOcr], ids=["tesseract", "rapidocr"])
def test_scans_are_read_in_a_worker(worker_engine, tmp_path, monkeypatch):
    """As in every run: without a network, within its limits of memory and time."""
    if not worker_engine().is_installed():
        pytest.skip(f"needs {worker_engine.name}")
    if worker_engine is RapidOcr:
        monkeypatch.setenv("PATH", "")  # no Tesseract
    (tmp_path / "scan.pdf").write_bytes(scanned_pdf([LINES * 6, LINES[3:]]))
    with ParserPool(HalvingChunker(), workers=1) as pool:
        (parsed,) = pool.parse(find_files([tmp_path]).files)
    assert isinstance(parsed, ParsedFile), parsed
    assert parsed.document.metadata["ocr_pages"] == 2
    assert LINES[4] in parsed.document.text


def test_a_page_that_takes_rapidocr_too_long_costs_that_page(monkeypatch):
    if not rapid_ocr.is_installed():
        pytest.skip("needs the extra ocr")
    monkeypatch.setattr(pdf_scans, "ENGINES", (RapidOcr,))
    monkeypatch.setattr(rapid_ocr, "PAGE_SECONDS", 0.05)
    document = read(misnamed_pdf(LINES * 2, 0xE000))
    assert document.warnings[0] == "page 1 was not read by OCR: OCR took longer than 0.05 s"
    assert document.labels == ("1",)


@needs_ocr
@pytest.mark.parametrize("shift", [-29, 0xE000], ids=["a shifted alphabet", "no letters at all"])
def test_what_a_page_shows_is_read_where_its_font_lies(shift):
    document = read(misnamed_pdf(LINES * 2, shift))
    assert document.text.split("\n")[:5] == LINES
    assert document.labels == ("1, OCR",)


@pytest.mark.parametrize(
    ("shift", "fault"), [(-29, "of its words are none"), (0xE000, "100% of its characters stand for no letter")]
)
def test_without_ocr_a_page_that_reads_badly_is_named(no_ocr, shift, fault):
    document = read(misnamed_pdf(LINES * 2, shift))
    (warning,) = document.warnings
    assert warning.startswith("page 1 reads badly: ")
    assert fault in warning


def test_without_ocr_a_scan_says_what_to_install(no_ocr):
    with pytest.raises(
        FileFailed, match=r"none of its 1 pages holds text.*Install Tesseract .* or the extra ocr"
    ) as failure:
        read(scanned_pdf([LINES]))
    assert failure.value.outcome == "needs_ocr"


@needs_ocr
def test_an_empty_picture_holds_no_text():
    with pytest.raises(FileFailed) as failure:
        read(scanned_pdf([[]]))
    assert failure.value.outcome == "needs_ocr"


def test_a_page_that_takes_tesseract_too_long_costs_that_page(monkeypatch):
    if not Tesseract().is_installed():
        pytest.skip("needs Tesseract")
    monkeypatch.setattr(pdf_scans, "ENGINES", (Tesseract,))
    monkeypatch.setattr(tesseract, "PAGE_SECONDS", 0.01)
    document = read(misnamed_pdf(LINES * 2, 0xE000))
    assert document.warnings[0] == "page 1 was not read by OCR: OCR took longer than 0.01 s"
    assert document.labels == ("1",)


def test_the_library_that_reads_a_page_better_is_believed(monkeypatch, no_ocr):
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
