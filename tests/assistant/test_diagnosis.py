"""What `assistant doctor` says of parts that work and of parts that do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.answers import TokenCount
from assistant.diagnosis import diagnose_knowledge, diagnose_model
from assistant.llms.scripted import ScriptedModel
from tests.assistant.test_cli import run


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_text("# Parking\n\nParking is free on Sundays.\n", encoding="utf-8")
    with Assistant.open(tmp_path / "kb") as kestrel:
        kestrel.add(tmp_path / "a.md")
    return tmp_path / "kb"


def test_a_knowledge_base_that_works(kb: Path):
    checks = list(diagnose_knowledge(kb))
    assert [check.name for check in checks] == ["knowledge base", "its embedder", "integrity"]
    assert all(check.ok for check in checks)
    assert "1 documents, 1 chunks" in checks[0].detail


def test_a_folder_without_one_says_what_to_do(tmp_path: Path):
    [check] = diagnose_knowledge(tmp_path / "none")
    assert not check.ok
    assert "ingest add" in check.remedy


def test_a_damaged_one_is_told(kb: Path):
    segment = next(path for path in (kb).rglob("*") if path.suffix == ".db")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = b"\xff" * 4096
    segment.write_bytes(data)
    checks = list(diagnose_knowledge(kb))
    assert not all(check.ok for check in checks)
    assert all(check.remedy for check in checks if not check.ok)


class Counting(ScriptedModel):
    def count(self, text: str) -> TokenCount:
        return TokenCount(len(text.split()), exact=False)


def test_a_model_is_identified_counts_and_writes():
    identity, counting, sample = diagnose_model(Counting(["Paris is the capital."]))
    assert "tokens, prompts of up to" in identity.detail
    assert counting.detail.startswith("estimated, never too low")
    assert "'Paris is the capital.'" in sample.detail


def test_a_server_that_is_not_there_ends_the_questions(kb: Path):
    done = run("assistant", "doctor", "--kb", str(kb), "--llm", "tgi:http://127.0.0.1:9", "--json")
    checks = json.loads(done.stdout)
    assert done.returncode == 1
    assert [check["name"] for check in checks if not check["ok"]] == ["model"]
    assert checks[-1]["name"] == "model"
    assert "127.0.0.1:9" in checks[-1]["detail"]


def test_all_is_well_without_a_server(kb: Path):
    done = run("assistant", "doctor", "--kb", str(kb))
    assert done.returncode == 0
    assert done.stdout.count("✓") == 5
