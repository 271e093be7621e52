"""The ingest command line as a stranger and as a script meets it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HANDBOOK = "# Leave\n\nParental leave lasts sixteen weeks.\n\n# Travel\n\nTrains are booked through the portal.\n"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "handbook.md").write_text(HANDBOOK, encoding="utf-8")
    (tmp_path / "docs" / "note.txt").write_text("Ärzte: 医院在北京。 The clinic opens at eight.", encoding="utf-8")
    return tmp_path


def ingest(here: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest", *arguments],
        cwd=here,
        env={**os.environ, "KESTREL_EMBEDDER": "hashing", "NO_COLOR": "1", "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def added(here: Path) -> dict:
    done = ingest(here, "add", "docs", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "command", ["", "add", "sync", "list", "remove", "search", "text", "verify", "rebuild", "doctor", "watch"]
)
def test_help(command, here, snapshot):
    done = ingest(here, *command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout == snapshot


def test_a_life_of_a_knowledge_base(here):
    report = added(here)
    assert set(report) == {"added", "updated", "unchanged", "removed", "failed", "documents", "chunks", "seconds"}
    assert (report["added"], report["documents"], report["failed"]) == (2, 2, [])

    found = json.loads(ingest(here, "search", "parental leave", "-k", "1", "--json").stdout)
    assert [set(hit) for hit in found] == [
        {"rank", "score", "source", "page", "page_end", "label", "start", "end", "text"}
    ]
    (hit,) = found
    assert Path(hit["source"]).name == "handbook.md"
    text = ingest(here, "text", "handbook.md").stdout
    assert text[hit["start"] : hit["end"]] == hit["text"]
    assert "sixteen weeks" in hit["text"]

    listed = json.loads(ingest(here, "list", "--json").stdout)
    assert [Path(row["source"]).name for row in listed] == ["handbook.md", "note.txt"]
    assert all(row["outcome"] == "ok" and row["chunks"] > 0 for row in listed)

    assert json.loads(ingest(here, "verify", "--full", "--json").stdout)["ok"] is True
    receipt = json.loads(ingest(here, "remove", "note.txt", "--json").stdout)
    assert receipt["chunks"] == 1
    assert ingest(here, "rebuild").returncode == 0
    again = json.loads(ingest(here, "sync", "docs", "--json").stdout)
    assert (again["added"], again["unchanged"]) == (1, 1)


def test_removed_text_leaves_no_byte_behind(here):
    (here / "docs" / "secret.md").write_text("The codeword of the vault is xylograph.", encoding="utf-8")
    added(here)
    assert ingest(here, "remove", "secret.md").returncode == 0
    assert ingest(here, "rebuild").returncode == 0
    remains = [path for path in (here / "kb").rglob("*") if path.is_file() and b"xylograph" in path.read_bytes()]
    assert remains == []
    found = json.loads(ingest(here, "search", "xylograph", "--json").stdout)
    assert not any("xylograph" in hit["text"] for hit in found)


@pytest.mark.parametrize(("query", "needle"), [("医院", "北京"), ("Ärzte", "clinic")])
def test_text_in_any_language_is_found_by_its_words(here, query, needle):
    added(here)
    (best, *_) = json.loads(ingest(here, "search", query, "--json").stdout)
    assert needle in best["text"]


def test_many_queries_give_one_array_a_line(here):
    added(here)
    (here / "queries.txt").write_text("parental leave\n\ntrain tickets\n", encoding="utf-8")
    lines = ingest(here, "search", "--queries", "queries.txt", "-k", "1").stdout.splitlines()
    assert [len(json.loads(line)) for line in lines] == [1, 1]


def test_only_the_sources_that_were_asked_for(here):
    added(here)
    found = json.loads(ingest(here, "search", "parental leave", "--source", "*.txt", "--json").stdout)
    assert {Path(hit["source"]).name for hit in found} == {"note.txt"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["search", "leave"], 4, "no knowledge base"),
        (["add", "nowhere"], 2, "nowhere"),
        (["search"], 2, "Give either a query or --queries"),
        (["search", "leave", "--where", "author"], 2, "has no '='"),
        (["add", "docs", "--embedder", "minilmm"], 2, "Did you mean 'minilm'?"),
        (["add", "docs", "--chunker", "sentences"], 2, "Did you mean 'sentence'?"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_mistakes_are_answered_with_what_to_do(here, arguments, code, words):
    done = ingest(here, *arguments)
    assert done.returncode == code
    assert words.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_another_model_is_refused_with_the_command_to_run(here):
    added(here)
    done = ingest(here, "search", "leave", "--embedder", "minilm")
    assert done.returncode == 2
    assert "hashing" in done.stderr
    assert "ingest add PATH --kb" in done.stderr


def test_some_files_failed_is_exit_code_3(here):
    (here / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    done = ingest(here, "add", "docs", "--json")
    assert done.returncode == 3
    (failure,) = json.loads(done.stdout)["failed"]
    assert set(failure) == {"source", "error"}


def test_settings_come_from_the_file_then_the_environment_then_the_flag(here):
    (here / "kestrel.toml").write_text('kb = "from-file"\n', encoding="utf-8")
    added(here)
    assert (here / "from-file" / "kb.db").exists()
    ingest(here, "add", "docs", KESTREL_KB="from-environment")
    assert (here / "from-environment" / "kb.db").exists()
    ingest(here, "add", "docs", "--kb", "from-flag", KESTREL_KB="unused")
    assert (here / "from-flag" / "kb.db").exists()
    assert not (here / "unused").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('embeder = "minilm"', "Did you mean 'embedder'?"),
        ("workers = 0", "greater than 0"),
        ("kb = ", "not valid TOML"),
    ],
)
def test_a_wrong_settings_file_is_named(here, settings, words):
    (here / "kestrel.toml").write_text(settings, encoding="utf-8")
    done = ingest(here, "list")
    assert done.returncode == 2
    assert words in done.stderr


def test_a_read_only_knowledge_base_can_be_searched(here):
    added(here)
    frozen = here / "frozen"
    shutil.copytree(here / "kb", frozen)
    for path in [frozen, *frozen.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert ingest(here, "search", "parental leave", "--kb", "frozen").returncode == 0
    finally:
        for path in [frozen, *frozen.rglob("*")]:
            path.chmod(0o700)
