"""Model servers kept beside the knowledge base."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from assistant.endpoints import FILE, Endpoint, forget_endpoint, keep_endpoint, kept_endpoints
from ingest.errors import StorageFailed, UsageError

FIRST = Endpoint("tgi:http://localhost:8080", "falconlite2", key="s3cret", tokenizer="/models/tokenizer.json")
SECOND = Endpoint("openai:http://localhost:8000/v1#model")


def test_what_is_kept_comes_back_without_its_key_until_it_is_forgotten(tmp_path: Path):
    assert kept_endpoints(tmp_path) == []
    forget_endpoint(tmp_path, FIRST.spec)
    keep_endpoint(tmp_path, FIRST)
    keep_endpoint(tmp_path, SECOND)
    assert kept_endpoints(tmp_path) == [Endpoint(FIRST.spec, FIRST.profile, tokenizer=FIRST.tokenizer), SECOND]
    assert "s3cret" not in (tmp_path / FILE).read_text(encoding="utf-8")
    keep_endpoint(tmp_path, Endpoint(FIRST.spec))
    assert kept_endpoints(tmp_path) == [SECOND, Endpoint(FIRST.spec)]
    forget_endpoint(tmp_path, SECOND.spec)
    assert kept_endpoints(tmp_path) == [Endpoint(FIRST.spec)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_file_is_for_its_owner_alone(tmp_path: Path):
    keep_endpoint(tmp_path, FIRST)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["", "{}{", "[1]", '[{"spec": "tgi:x"}]', "7"])
def test_a_file_that_holds_something_else_is_named_and_left(tmp_path: Path, text: str):
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=FILE):
        kept_endpoints(tmp_path)
    with pytest.raises(UsageError, match=FILE):
        keep_endpoint(tmp_path, FIRST)
    assert (tmp_path / FILE).read_text(encoding="utf-8") == text


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    with pytest.raises(StorageFailed, match=FILE):
        keep_endpoint(tmp_path / "not-there", FIRST)
