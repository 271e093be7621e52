"""`make audit` says what was looked up; nothing looked up is not called clean."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.advisories import CLEAN, FOUND, UNKNOWN, audit, look_up

SOUND = {"name": "click", "version": "8.3.1", "vulns": []}
STRANGE = {"name": "kestrel-part", "skip_reason": "not found"}
BAD = {
    "name": "pypdf",
    "version": "6.0.0",
    "vulns": [{"id": "CVE-2026-24688", "fix_versions": ["6.6.2"], "aliases": [], "description": ""}],
}


@pytest.mark.parametrize(
    ("osv", "pypi", "code", "said"),
    [
        ([SOUND], None, CLEAN, "osv: 1 packages looked up, 0 advisories."),
        ([SOUND, BAD], None, FOUND, "pypdf 6.0.0: CVE-2026-24688, mended in 6.6.2"),
        ([SOUND, STRANGE], None, CLEAN, "not looked up: kestrel-part"),
        (None, [SOUND, BAD], FOUND, "osv: cannot be reached.\npypi: 2 packages"),
        (None, [STRANGE], UNKNOWN, "pypi: does not know the packages.\nNothing was looked up"),
        (None, None, UNKNOWN, "run this where the network is"),
    ],
)
def test_what_is_said(osv, pypi, code: int, said: str) -> None:
    lines: list[str] = []
    found = {"osv": osv, "pypi": pypi}
    reports = {service: {"dependencies": each} if each else None for service, each in found.items()}
    assert audit(reports.__getitem__, lines.append) == code
    assert said in "\n".join(lines)


def test_every_package_of_the_lock_is_asked_for(tmp_path: Path) -> None:
    """In the place of pip-audit a program that reports what it was given."""
    fake = tmp_path / "fake.py"
    fake.write_text(
        "import json, sys\n"
        "given = dict(zip(sys.argv, sys.argv[1:]))\n"
        "lines = [line.split('==') for line in open(given['--requirement']) if '==' in line]\n"
        "told = [{'name': name, 'version': version.split()[0], 'vulns': []} for name, version in lines]\n"
        "json.dump({'dependencies': told, 'service': given['--vulnerability-service']}, open(given['--output'], 'w'))\n"
    )
    report = look_up([sys.executable, str(fake)], "osv")
    assert report is not None
    assert report["service"] == "osv"
    assert {"pypdf", "streamlit", "torch"} <= {each["name"] for each in report["dependencies"]}
    assert look_up([sys.executable, "-c", "raise SystemExit(1)"], "osv") is None
    assert json.dumps(report)
