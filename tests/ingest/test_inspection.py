"""`ingest doctor`: what it shows of each kind of file is what a run would store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest import pipeline
from ingest.cli import ingest
from ingest.commands.inspection import inspection_lines
from ingest.inspection import inspect
from ingest.knowledge_base import KnowledgeBase
from tests.support.messages import code, make_mbox, make_message, make_notebook, printed, prose
from tests.support.office_files import make_pptx, make_xlsx
from tests.support.pdf_files import make_pdf
from tests.support.zip_files import make_epub, make_odt

FACT = "The deductible of the Aurora plan is 740 euros"
NUMBERS = [["Plan", "Deductible"], *[[f"Plan {n}", n] for n in range(100, 160)], ["Aurora", 740]]
# By the name of a file: its bytes, the question, words of the place that is to be found, and its name.
FORMATS = {
    "plans.xlsx": (make_xlsx({"Other": [["x"]], "Plans": NUMBERS}), "Plan: Aurora; Deductible: 740", "Plans!A52:B62"),
    "plans.pptx": (make_pptx([("Start", ["Welcome"]), ("Plans", [FACT])]), FACT, "slide 2"),
    "plans.epub": (make_epub({"a.xhtml": "<p>Welcome</p>", "b.xhtml": f"<p>{FACT}</p>"}), FACT, "section 2"),
    "plans.odt": (make_odt(f"<text:p>{FACT}</text:p>"), FACT, ""),
    "plans.ipynb": (make_notebook(prose("# Welcome"), code("show()", printed(FACT))), FACT, "cell 2"),
    "plans.eml": (make_message(attached={"note.txt": FACT.encode()}).as_bytes(), FACT, "attachment note.txt"),
    "plans.mbox": (make_mbox(make_message(), make_message(FACT)), FACT, "message 2"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name, (data, _, _) in FORMATS.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def knowledge(folder):
    with KnowledgeBase.open(folder.parent / "kb", embedder="hashing", create=True) as opened:
        *_, report = pipeline.add(opened, [folder])
        assert report.failed == ()
        yield opened


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_found_at_its_place(name, knowledge):
    """From the bytes of the file to the name of the place on which the found words stand."""
    _, words, place = FORMATS[name]
    hits = [hit for hit in knowledge.search(words, 20) if Path(hit.source).name == name and words in hit.chunk.text]
    assert hits
    document = knowledge.document(hits[0].chunk.document_id)
    offset = hits[0].chunk.start + hits[0].chunk.text.index(words)
    assert document.label_of(document.page_at(offset)) == place


def test_what_is_shown_is_what_is_stored(folder, knowledge):
    for inspection in inspect([folder], embedder="hashing"):
        stored = knowledge.document(inspection.document.id)
        assert (stored.text, stored.labels) == (inspection.document.text, inspection.document.labels)
        spans = [(chunk.start, chunk.end) for chunk in knowledge.store.chunks(stored.id)]
        assert spans == [(span.start, span.end) for span in inspection.spans]


def doctor(*arguments: str):
    return CliRunner().invoke(ingest, ["doctor", "--embedder", "hashing", *arguments], standalone_mode=False)


def test_json_tells_all(folder):
    done = doctor(str(folder / "plans.xlsx"), "--chunks", "1", "--json")
    assert done.return_value == 0
    (shown,) = json.loads(done.stdout)
    assert (shown["outcome"], shown["reader"], shown["headings"]) == ("ok", "xlsx", 2)
    assert [page["label"] for page in shown["pages"]] == ["Other!A1", "Plans!A1:B26", "Plans!A27:B51", "Plans!A52:B62"]
    assert sum(page["characters"] for page in shown["pages"]) == shown["characters"]
    assert len(shown["first_chunks"]) == 1
    assert shown["chunks"] > 1


def test_what_cannot_be_read_says_why_and_costs_the_exit_code(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    (tmp_path / "b.txt").write_text("Words.")
    done = doctor(str(tmp_path))
    assert done.return_value == 3
    assert "a.zip: unsupported: an archive" in done.stdout
    assert "b.txt: ok" in done.stdout


def test_text_that_its_font_hides_is_marked(tmp_path):
    (tmp_path / "a.txt").write_text("&%§ /()= ?*+ ~#' <>| ^° words " * 20)
    (inspection,) = inspect([tmp_path / "a.txt"], embedder="hashing")
    assert inspection.pages[0].letters < 0.5
    assert any("its font hides" in line for line in inspection_lines(inspection, 0))


def test_a_page_without_text_is_said_to_be_so(tmp_path):
    (tmp_path / "a.pdf").write_bytes(make_pdf([["One."], [], ["Three."]]))
    (inspection,) = inspect([tmp_path / "a.pdf"], embedder="hashing")
    assert "            page 2: no text" in list(inspection_lines(inspection, 0))


def test_what_a_reader_leaves_out_is_shown(tmp_path):
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    (tmp_path / "a.eml").write_bytes(make_message(attached={"a.png": png, "b.png": png}).as_bytes())
    (inspection,) = inspect([tmp_path / "a.eml"], embedder="hashing")
    assert inspection.left_out == "2 pictures"
    assert "  left out  2 pictures" in list(inspection_lines(inspection, 0))
