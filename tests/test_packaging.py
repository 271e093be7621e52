"""The wheel holds what it must, installs into an empty environment and runs there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("assistant", "eval", "ingest", "ui")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, since setuptools leaves build folders beside the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--wheel-dir", str(source / "dist"), str(source)], check=True)
    (built,) = (source / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it. Other packages are seen through a path file, Kestrel itself is not."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return scripts


def run(command: list[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_the_packages_and_their_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".toml", ".sql", ".md", ".pdf", ".css"} or path.name == "py.typed"
    }
    assert modules <= names
    assert {"assistant/sample/kestrel-guide.pdf", "ingest/py.typed", "assistant/py.typed"} <= names


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    (metadata,) = tops - set(PACKAGES)
    assert metadata.endswith(".dist-info")
    assert wheel.stat().st_size < 1_000_000


def test_metadata(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    lines = archive.read(metadata).decode("utf-8").splitlines()
    assert f"Version: {project['version']}" in lines
    assert "License-Expression: Apache-2.0" in lines
    assert "Requires-Python: >=3.11" in lines


@pytest.mark.parametrize("program", ["ingest", "assistant"])
def test_commands_run_from_the_wheel(environment: Path, tmp_path: Path, program: str) -> None:
    where = run([environment / "python", "-c", f"import {program}; print({program}.__file__)"], tmp_path)
    assert Path(where.strip()).is_relative_to(environment.parent), "the checkout was imported instead of the wheel"
    usage = run([environment / "python", "-m", program, "--help"], tmp_path)
    assert usage.startswith(f"Usage: {program} [OPTIONS] COMMAND")
    assert run([environment / program, "--help"], tmp_path) == usage


def test_the_demo_runs_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    shown = run([environment / "python", "-m", "assistant.demo"], tmp_path)
    assert shown.count("✓") == 3
    assert (tmp_path / ".demo" / "kb" / "kb.db").is_file()
