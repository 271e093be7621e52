"""Uploaded files are kept under names that lead nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.originals import original
from ingest.uploads import FOLDER, keep_upload


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\tax.docx", "tax.docx"),
        ("a\nb\u202ec.txt", "a b c.txt"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("what?.md", "what_.md"),
    ],
)
def test_only_the_last_part_of_a_name_counts(tmp_path: Path, name: str, kept: str):
    assert keep_upload(tmp_path, name, b"x") == tmp_path / FOLDER / kept


@given(name=st.text(max_size=400))
def test_no_name_leads_out_of_the_folder(tmp_path_factory, name: str):
    folder = tmp_path_factory.getbasetemp() / "kb"
    path = keep_upload(folder, name, b"abc")
    assert path.parent == folder / FOLDER
    assert path.read_bytes() == b"abc"
    assert path.stat().st_mode & 0o077 == 0


def test_a_new_version_replaces_the_old_one(tmp_path: Path):
    first = keep_upload(tmp_path, "a.md", b"one")
    assert keep_upload(tmp_path, "a.md", b"two") == first
    assert first.read_bytes() == b"two"
    assert [path.name for path in first.parent.iterdir()] == ["a.md"]


def test_an_original_is_the_same_changed_or_gone(tmp_path: Path):
    import hashlib

    path = tmp_path / "a.md"
    path.write_bytes(b"one")
    identity = hashlib.sha256(b"one").hexdigest()
    assert original(str(path), identity).data == b"one"
    path.write_bytes(b"two")
    assert original(str(path), identity).state == "changed"
    path.unlink()
    assert original(str(path), identity).state == "gone"
