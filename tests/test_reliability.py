"""`docs/reliability.md` has a row for every case, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
TESTS = [*(ROOT / "tests").rglob("test_*.py")]
CASES = {"F": 38, "D": 22, "C": 12, "B": 22, "U": 24, "P": 18, "S": 18}  # how many there are of each letter


def told(letter: str) -> set[int]:
    """The numbers that stand behind a letter at the beginning of a row, "U14 to U16" being three of them, and in the
    sentence that says which have nothing to be held against."""
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ")]
    rows += re.findall(r"^Kestrel offers no HTTP interface.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    found: set[int] = set()
    for row in rows:
        found.update(int(number) for number in re.findall(rf"\b{letter}(\d+)\b", row))
        for first, last in re.findall(rf"\b{letter}(\d+) to {letter}(\d+)\b", row):
            found.update(range(int(first), int(last) + 1))
    return found


@pytest.mark.parametrize("letter", CASES)
def test_every_case_has_a_row(letter: str) -> None:
    assert told(letter) == set(range(1, CASES[letter] + 1))


def test_every_test_that_is_named_is_there() -> None:
    defined = {name for path in TESTS for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))}
    files = {path.name for path in TESTS}
    named = set(re.findall(r"`(?:[\w/]*/)?(test_\w+(?:\.py)?)`", PAGE))
    assert len(named) > 100
    assert named - defined - files == set()
