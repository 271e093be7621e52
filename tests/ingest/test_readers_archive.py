"""Zips of strangers: read in memory, counted as they inflate."""

from __future__ import annotations

import io
import zipfile

import pytest

from ingest.errors import FileFailed
from ingest.readers import archive
from ingest.readers.archive import joined, opened


def zipped(**parts: bytes | str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return stream.getvalue()


def outcome_of(data: bytes) -> str:
    with pytest.raises(FileFailed) as failure, opened(data) as package:
        package.read("a")
    return failure.value.outcome


def test_a_part_is_read():
    with opened(zipped(a="one", b="two")) as package:
        assert package.names == {"a", "b"}
        assert package.read("b") == b"two"


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "PARTS", 3)
    assert outcome_of(zipped(a="", b="", c="", d="")) == "too_large"


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(archive, "UNPACKED_BYTES", 1000)
    assert outcome_of(zipped(a="x" * 1001)) == "too_large"


def test_parts_count_together(monkeypatch):
    monkeypatch.setattr(archive, "UNPACKED_BYTES", 1000)
    with opened(zipped(a="x" * 600, b="x" * 600)) as package:
        package.read("a")
        with pytest.raises(FileFailed, match="more than"):
            package.read("b")


def test_a_bomb_is_refused_by_its_ratio():
    data = zipped(a=bytes(20_000_000))
    assert len(data) < 30_000
    assert outcome_of(data) == "too_large"


def test_what_is_missing_is_damage():
    assert outcome_of(zipped(b="")) == "parse_error"
    assert outcome_of(b"PK\x03\x04 and nothing more") == "parse_error"


@pytest.mark.parametrize(
    ("part", "target", "name"),
    [
        ("ppt/slides/slide1.xml", "../notesSlides/notesSlide1.xml", "ppt/notesSlides/notesSlide1.xml"),
        ("ppt/presentation.xml", "/ppt/slides/slide1.xml", "ppt/slides/slide1.xml"),
        ("", "word/document.xml", "word/document.xml"),
        ("OEBPS/content.opf", "Text/chapter%201.xhtml#top", "OEBPS/Text/chapter 1.xhtml"),
        ("a.xml", "../../../etc/passwd", "etc/passwd"),
    ],
)
def test_references_stay_inside(part, target, name):
    assert joined(part, target) == name
