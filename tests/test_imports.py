"""Importing costs nothing, and a question loads what it needs and no more. Fresh processes tell; this one is spoilt."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import assistant
import eval as evaluation
import ingest
from ingest.errors import MissingExtra
from ingest.registry import Registry

HEAVY = frozenset(
    {"faiss", "llama_index", "openvino", "pypdf", "pypdfium2", "scipy", "sentence_transformers", "streamlit"}
    | {"text_generation", "tokenizers", "torch", "transformers", "xllamacpp"}
)
NEVER_BY_DEFAULT = frozenset(
    {"llama_index", "openvino_telemetry", "scipy", "sentence_transformers", "streamlit", "torch", "transformers"}
)
PRINT_MODULES = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}), sep='\\n')"


def modules_of(*arguments: str, code: str = "") -> set[str]:
    """The top-level modules that a fresh interpreter holds after running `code`, or `python -m` with arguments."""
    if arguments:
        code = (
            f"import runpy, sys; sys.argv = {list(arguments)!r}\n"
            f"try: runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=False)\n"
            f"except SystemExit as end: assert not end.code, end.code\n"
        )
    marked = f"{code}\nprint('--modules--')\n{PRINT_MODULES}"
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", marked], capture_output=True, text=True, encoding="utf-8", env=environment
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("--modules--")[2].split())


@pytest.mark.parametrize("module", ["ingest.cli", "assistant", "assistant.cli", "eval", "eval.cli", "ui"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert modules_of(code=f"import {module}") & HEAVY == set()


def test_the_package_loads_its_names_when_they_are_asked_for() -> None:
    code = "import sys, assistant; assert not [name for name in sys.modules if name.startswith('assistant.')]"
    modules_of(code=f"{code}; from assistant import *; Assistant, KestrelError; assert 'Passage' in dir(assistant)")
    with pytest.raises(AttributeError, match="'assistant' has no attribute 'Asistant'"):
        _ = assistant.Asistant  # type: ignore[attr-defined]


@pytest.mark.parametrize("program", ["ingest", "assistant", "eval"])
def test_help_needs_no_numpy(program: str) -> None:
    assert modules_of(program, "--help") & (HEAVY | {"numpy", "pydantic", "rich"}) == set()


@pytest.fixture(scope="module")
def knowledge_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imports")
    (folder / "lease.md").write_text("# Lease\n\nThe deposit is 1,450 euros and is due in March.\n", encoding="utf-8")
    loaded = modules_of("ingest", "add", str(folder / "lease.md"), "--kb", str(folder / "kb"))
    assert loaded & NEVER_BY_DEFAULT == set(), "adding a document"
    return folder / "kb"


def test_a_question_loads_neither_torch_nor_llama_index(knowledge_base: Path) -> None:
    loaded = modules_of("assistant", "ask", "How much is the deposit?", "--kb", str(knowledge_base))
    assert loaded & NEVER_BY_DEFAULT == set()
    assert "openvino" in loaded, "the dense search must have run, or this test shows nothing"


def test_a_search_loads_no_parser(knowledge_base: Path) -> None:
    loaded = modules_of("ingest", "search", "deposit", "--kb", str(knowledge_base))
    assert loaded & {"pypdf", "pypdfium2", "resiliparse", "pebble"} == set()


def registries() -> dict[str, Registry]:
    """Every registry of the project, by the module and name that hold it."""
    found = {}
    for package in (ingest, assistant, evaluation):
        for information in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if information.name.endswith("__main__"):
                continue
            module = importlib.import_module(information.name)
            tables = {name: value for name, value in vars(module).items() if isinstance(value, Registry)}
            found |= {f"{module.__name__}.{name}": table for name, table in tables.items()}
    return found


def test_every_entry_of_every_registry_loads() -> None:
    """A linter does not see names in strings. Packages of optional extras may be absent; those of the core may not."""
    found = registries()
    assert found
    for place, registry in found.items():
        for name in registry.names():
            try:
                assert callable(registry.load(name)), f"{place}: {name}"
            except MissingExtra as missing:
                assert "[" in missing.remedy, f"{place}: {name} needs a package that is no extra: {missing}"  # noqa: PT017
