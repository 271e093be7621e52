"""`python -m ui`: what it refuses to start on."""

from __future__ import annotations

from click.testing import CliRunner

from ui.__main__ import main


def test_a_database_is_told_to_be_followed_by_a_folder():
    result = CliRunner().invoke(main, ["--kb", "postgresql://somewhere/kb", "--no-open"])
    assert result.exit_code == 2
    assert "ingest follow" in result.output
