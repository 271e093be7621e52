"""Word, Excel and PowerPoint files under a password: the right one opens them, and else they are told to be shut."""

from __future__ import annotations

import logging
import struct
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from ingest.errors import FileFailed
from ingest.readers.docx import DocxReader
from ingest.readers.mail import MailReader
from ingest.readers.office_lock import SILENT, without_lock
from ingest.unlocking import unlocked
from ingest.workers.parsing import FailedFile, ParsedFile, Parser
from tests.support.docx_files import paragraph
from tests.support.hostile_files import docx
from tests.support.messages import make_message
from tests.support.odd_parts import HalvingChunker
from tests.support.office_files import make_pptx, make_xlsx
from tests.support.office_locks import container, locked, locked_as_2007, locked_as_2010
from tests.support.zip_files import make_zip

PASSWORD = "sésame 4711"
NOISE = Random(4711).randbytes(50_000)  # what is below 4 kB the library cannot lock; no file of Office is
DOCX = docx(paragraph("Parental leave lasts sixteen weeks."), **{"word/media/noise.png": NOISE})
PPTX = make_pptx([("Leave", ["Sixteen weeks."]), ("Pay", ["In full."])])
XLSX = make_xlsx({"Prices": [["Plan", "Price", "Seats"], ["Basic", 12, 1], ["Pro", 40, 5]]})
FEW = 100  # rounds of hashing
AGILE = struct.pack("<HHI", 4, 4, 0x40)  # the version of the present lock
PACKAGE = struct.pack("<Q", 4992) + bytes(4992)


def parsed(folder: Path, name: str, data: bytes, password: str = "") -> ParsedFile | FailedFile:
    path = folder / name
    path.write_bytes(data)
    return Parser(HalvingChunker(), 10**9, (), password).parse(path, str(path))


def refused(data: bytes, password: str = "") -> tuple[str, str]:
    with unlocked(password), pytest.raises(FileFailed) as failure:
        without_lock(data)
    return failure.value.outcome, failure.value.reason


@pytest.mark.parametrize("lock", [locked, locked_as_2010, locked_as_2007])
@pytest.mark.parametrize(("name", "data"), [("a.docx", DOCX), ("b.pptx", PPTX), ("c.xlsx", XLSX)])
def test_a_locked_file_is_read_as_the_open_one(tmp_path, name, data, lock):
    shut = lock(data, PASSWORD)
    assert data not in shut
    plain, opened = parsed(tmp_path, name, data), parsed(tmp_path, name, shut, PASSWORD)
    assert isinstance(plain, ParsedFile)
    assert isinstance(opened, ParsedFile), opened.source.reason
    assert (opened.document.text, opened.document.labels) == (plain.document.text, plain.document.labels)
    assert (opened.document.pages, opened.spans, opened.reader) == (plain.document.pages, plain.spans, plain.reader)
    assert opened.document.id == opened.source.document_id != plain.document.id, "the id is that of the file as it lies"


def test_places_in_it_are_cited_as_ever(tmp_path):
    slides = parsed(tmp_path, "a.pptx", locked(PPTX, PASSWORD, FEW), PASSWORD)
    cells = parsed(tmp_path, "a.xlsx", locked(XLSX, PASSWORD, FEW), PASSWORD)
    assert isinstance(slides, ParsedFile)
    assert isinstance(cells, ParsedFile)
    assert slides.document.labels == ("slide 1", "slide 2")
    assert cells.document.labels == ("Prices!A1:C3",)
    assert "Plan: Pro; Price: 40; Seats: 5" in cells.document.text


@pytest.mark.parametrize("lock", [locked, locked_as_2010, locked_as_2007])
def test_any_other_password_leaves_it_shut(lock):
    shut = lock(DOCX, PASSWORD)
    assert refused(shut) == ("encrypted", "it needs a password")
    for other in ("wrong", PASSWORD.upper(), "\udcff", "x" * 10_000):
        assert refused(shut, other) == ("encrypted", "the password that was given does not open it")


@pytest.mark.parametrize("password", ["", "wrong"])
def test_what_excel_opens_unasked_is_opened_here_as_well(password):
    with unlocked(password):
        assert without_lock(locked(XLSX, SILENT, FEW)) == XLSX


@pytest.mark.parametrize("data", [b"", b"words", DOCX, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)])
def test_what_is_not_locked_is_left_as_it_is(data):
    assert without_lock(data) is data


def test_a_locked_attachment_is_read():
    letter = make_message(attached={"leave.docx": locked(DOCX, PASSWORD, FEW)}).as_bytes()
    with unlocked(PASSWORD):
        assert "sixteen weeks" in MailReader().read(letter, "a.eml").text
    document = MailReader().read(letter, "a.eml")
    assert "sixteen weeks" not in document.text
    assert document.warnings == ("not read: 1 locked attachment",)


@pytest.mark.parametrize("rounds", [10_000_001, 10**20 - 1])
def test_a_lock_beyond_all_measure_is_not_tried(rounds):
    outcome, reason = refused(locked_as_2010(DOCX, PASSWORD, FEW, rounds), PASSWORD)
    assert (outcome, f"asks for {rounds:,} rounds" in reason) == ("too_large", True)


def test_a_description_without_end_is_not_read():
    outcome, _ = refused(grown(locked(DOCX, PASSWORD, FEW), "EncryptionInfo", 2_000_000), PASSWORD)
    assert outcome == "too_large"


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_is_damaged_and_not_shut(kept):
    shut = locked(DOCX, PASSWORD, FEW)
    assert refused(shut[: int(kept * len(shut))], PASSWORD)[0] == "parse_error"


def test_a_package_that_says_it_is_larger_than_the_file_is_not_read_in_a_circle():
    assert refused(grown(locked(PPTX, PASSWORD, FEW), "EncryptedPackage", 1 << 31), PASSWORD)[0] == "parse_error"


@pytest.mark.parametrize(
    "lock",
    [
        pytest.param(AGILE + b"<encryption", id="no XML"),
        pytest.param(AGILE + b"<encryption/>", id="nothing in it"),
        pytest.param(struct.pack("<HHI", 3, 2, 0x24) + b"\xff" * 60, id="numbers without sense"),
        pytest.param(AGILE + b"<encryption spinCount='-1'/>", id="fewer rounds than none"),
        pytest.param(b"\x04", id="a single byte"),
    ],
)
def test_a_damaged_lock_is_told(lock):
    outcome, reason = refused(container(lock, PACKAGE), PASSWORD)
    assert (outcome, reason.startswith("its lock is damaged: ")) == ("parse_error", True)


def test_a_lock_of_another_kind_is_told():
    outcome, reason = refused(container(struct.pack("<HHI", 4, 3, 0) + bytes(60), PACKAGE), PASSWORD)
    assert (outcome, reason) == (
        "encrypted", "it is locked in a way that is not known here; save a copy without a password"
    )  # fmt: skip


def test_a_bomb_behind_a_lock_is_one(tmp_path):
    bomb = make_zip({"[Content_Types].xml": "", "word/document.xml": "<w>" + "<p>words</p>" * 2_500_000 + "</w>"})
    assert len(bomb) < 1_000_000
    result = parsed(tmp_path, "bomb.docx", locked(bomb, PASSWORD, FEW), PASSWORD)
    assert result.source.outcome == "too_large"
    assert "200 times its size" in result.source.reason


def test_the_notes_of_the_library_do_not_tell_the_password(caplog):
    caplog.set_level(logging.DEBUG)
    with unlocked(PASSWORD):
        assert without_lock(locked_as_2007(DOCX, PASSWORD)) == DOCX
    assert "msoffcrypto" not in caplog.text


def test_a_reader_alone_takes_no_locked_file():
    with unlocked(PASSWORD), pytest.raises(FileFailed, match="damaged"):
        DocxReader().read(locked(DOCX, PASSWORD, FEW), "a.docx")


def grown(shut: bytes, stream: str, size: int) -> bytes:
    """The same container, whose directory says that the stream is of this size ([MS-CFB] 2.6.1)."""
    entry = shut.index(stream.encode("utf-16-le"))
    return shut[: entry + 120] + struct.pack("<Q", size) + shut[entry + 128 :]


@pytest.mark.parametrize("lock", [locked_as_2010, locked_as_2007])
def test_whatever_is_damaged_in_it_has_an_outcome(lock):
    dice, shut = Random(4711), lock(DOCX, PASSWORD)
    outcomes = Counter()
    for _ in range(100):
        data = bytearray(shut)
        for _ in range(dice.choice((1, 8, 40))):
            data[dice.randrange(dice.choice((512, 4096, len(data))))] = dice.choice((0, 255, dice.randrange(256)))
        try:
            with unlocked(PASSWORD):
                outcomes["opened" if without_lock(bytes(data)) != data else "no lock"] += 1
        except FileFailed as failure:
            outcomes[failure.outcome] += 1
    assert set(outcomes) <= {"opened", "no lock", "parse_error", "encrypted", "too_large"}
    assert outcomes["parse_error"] > 10
    assert outcomes["opened"] > 10
