"""Each import contract fails when it is broken: a contract that cannot fail holds nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
BREACHES = {  # first words of a contract's name: the file that breaks it, and how
    "Packages": ("ingest/pipeline.py", "from assistant import answers"),
    "Inside ingest": ("ingest/documents.py", "from ingest import errors"),
    "Inside the workers": ("ingest/workers/wire.py", "from ingest.workers import pool"),
    "Inside assistant": ("assistant/packing.py", "from assistant import cli"),
    "Inside eval": ("eval/samples.py", "from eval import cli"),
    "Inside ui": ("ui/theme.py", "from ui import state"),
    "Nouns": ("assistant/answers.py", "import sqlite3"),
    "Settings": ("assistant/answering.py", "from ingest import console"),
    "Ingestion opens": ("ingest/readers/html.py", "def f():\n    import requests"),
    "SQL": ("ingest/knowledge_base.py", "import sqlite3"),
    "PostgreSQL": ("ingest/knowledge_base.py", "import psycopg"),
    "pdfplumber": ("ingest/readers/pdf.py", "def f():\n    import pdfplumber"),
    "msoffcrypto": ("ingest/readers/docx.py", "def f():\n    import olefile"),
    "RapidOCR": ("ingest/readers/rapid_ocr.py", "def f():\n    import rapidocr"),
    "Ray": ("ingest/queue/crews.py", "def f():\n    import ray"),
    "FAISS": ("ingest/search.py", "def f():\n    import faiss"),
    "The text-generation": ("assistant/generating.py", "def f():\n    import text_generation"),
    "llama-index": ("ingest/readers/text.py", "from llama_index.core import Document"),
    "Streamlit": ("assistant/rendering.py", "import streamlit"),
    "PyTorch": ("ingest/embedders/minilm.py", "def f():\n    import torch"),
}
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(tree: Path) -> str:
    arguments = ["--no-cache", "--config", str(tree / "pyproject.toml")]
    done = subprocess.run(
        [sys.executable, "-c", LINT, *arguments], cwd=tree, capture_output=True, text=True, encoding="utf-8"
    )
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for package in ("ingest", "assistant", "eval", "ui"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_has_its_breach() -> None:
    names = [contract["name"] for contract in CONTRACTS]
    assert len(names) == len(BREACHES)
    assert all(any(name.startswith(start) for name in names) for start in BREACHES)


@pytest.mark.slow
def test_as_it_is_every_contract_is_kept(tree: Path) -> None:
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken" in lint(tree)


@pytest.mark.slow
@pytest.mark.parametrize("start", BREACHES)
def test_a_breach_is_seen(tree: Path, start: str) -> None:
    file, line = BREACHES[start]
    with (tree / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    (name,) = (contract["name"] for contract in CONTRACTS if contract["name"].startswith(start))
    assert f"{' '.join(name.split())} BROKEN" in lint(tree)
