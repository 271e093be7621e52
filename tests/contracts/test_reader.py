"""What every reader keeps to, whatever bytes it is given."""

from __future__ import annotations

import json
import random
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.documents import Document, document_id
from ingest.errors import FileFailed
from ingest.readers import READERS, open_reader
from tests.support.docx_files import make_docx, paragraph
from tests.support.messages import code, make_mbox, make_message, make_notebook, printed, prose
from tests.support.office_files import make_pptx, make_xlsx
from tests.support.pdf_files import Set, make_pdf
from tests.support.zip_files import make_epub, make_odt

WORDS = "The limit is one hundred euros."
TEXTUAL = f"{WORDS}\r\nمدة العقد\rdéjà vu, 契約期間\r\n\x00\x07\x0b"
PRINTABLE = TEXTUAL.replace("\x00\x07\x0b", "")
SAMPLES = {
    "pdf": make_pdf([[Set("Limits", size=16), WORDS], [], ["The second page."]], title="On limits"),
    "docx": make_docx(paragraph("Limits", "berschrift1") + paragraph(PRINTABLE)),
    "pptx": make_pptx([("Limits", [PRINTABLE]), ("", [])], notes="More."),
    "xlsx": make_xlsx({"Limits": [["Name", "Text"], ["Limit", PRINTABLE], ["None", ""]]}),
    "odt": make_odt(f"<text:h>Limits</text:h><text:p>{PRINTABLE}</text:p><text:p/>"),
    "epub": make_epub({"a.xhtml": f"<h1>Limits</h1><p>{PRINTABLE}</p>", "b.xhtml": "", "c.xhtml": "<p>More.</p>"}),
    "html": f"<h1>Limits</h1>\r\n<pre>{TEXTUAL}</pre><p>{TEXTUAL}</p>".encode(),
    "markdown": f"# Limits\r\n\r\n{TEXTUAL}\r\n\r\nMore\r\n====\r\n".encode(),
    "csv": f'name,limit\r\n"two\r\nlines",{TEXTUAL}'.encode(),
    "json": json.dumps(
        {"title": "Limits", "parts": [{"text": [{"is": TEXTUAL}]}], "limit": 100}, ensure_ascii=False
    ).encode(),
    "notebook": make_notebook(prose(f"# Limits\n\n{TEXTUAL}"), code("1", printed(TEXTUAL)), prose("")),
    "mail": make_message(TEXTUAL.replace("\0", ""), html="<p>no</p>", attached={"a.txt": TEXTUAL.encode()}).as_bytes(),
    "mbox": make_mbox(make_message(TEXTUAL.replace("\0", "")), make_message(subject="")),
    "code": f"class Limits:\r\n    def read(self):\r\n        # {TEXTUAL}".encode(),
    "text": f"Limits\r\n\r\n{TEXTUAL}".encode(),
}
pytestmark = pytest.mark.parametrize("name", sorted(READERS.table))


def source(name: str) -> str:
    return f"/files/sample{min(open_reader(name).suffixes)}"


def assert_well_formed(document: Document, data: bytes) -> None:
    text = document.text
    starts = [heading.start for heading in document.headings]
    assert document.id == document_id(data)
    assert text.strip()
    assert "\r" not in text
    assert "\x00" not in text
    text.encode("utf-8")
    assert document.pages[0] == 0
    assert list(document.pages) == sorted(document.pages)
    assert document.pages[-1] <= len(text)
    assert len(document.labels) in {0, len(document.pages)}
    assert starts == sorted(starts)
    assert all(0 <= start < len(text) and not text[start].isspace() for start in starts)
    titles = [document.title, *(heading.title for heading in document.headings)]
    assert all(title == " ".join(title.split()) for title in titles)
    assert all(heading.title and heading.level >= 1 for heading in document.headings)
    assert all("\n" not in warning for warning in document.warnings)


def test_a_sample_is_read_well(name):
    data = SAMPLES[name]
    document = open_reader(name).read(data, source(name))
    assert_well_formed(document, data)
    assert document.source == source(name)
    assert WORDS in document.text
    if name != "pdf":  # whose standard fonts have no such letters
        assert all(words in document.text for words in ("مدة العقد", "déjà vu", "契約期間"))


def test_the_same_bytes_give_the_same_document(name):
    reader = open_reader(name)
    assert reader.read(SAMPLES[name], "a") == reader.read(SAMPLES[name], "a")


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_sample_is_read_or_refused(name, seed):
    """Bytes changed, cut and doubled: no other exception than `FileFailed` may come out."""
    dice = random.Random(seed)
    data = bytearray(SAMPLES[name])
    for _ in range(dice.randint(1, 30)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    start = dice.randrange(len(data))
    damaged = bytes(data[:start] + data[start : dice.randrange(start, len(data) + 1)] * dice.randint(0, 3))
    with suppress(FileFailed):
        assert_well_formed(open_reader(name).read(damaged, source(name)), damaged)


@given(data=st.binary(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_garbage_is_refused_or_text(name, data):
    with suppress(FileFailed):
        assert_well_formed(open_reader(name).read(data, source(name)), data)


@pytest.mark.parametrize("data", [b"", b" \n\t ", "\ufeff\u00a0\u2028".encode()], ids=["nothing", "spaces", "marks"])
def test_nothing_is_no_document(name, data):
    with pytest.raises(FileFailed) as failure:
        open_reader(name).read(data, source(name))
    assert failure.value.outcome in {"empty", "parse_error"}
    assert "\n" not in failure.value.reason
