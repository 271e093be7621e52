"""`make audit`: known advisories of every package in constraints.txt, by pip-audit; and whether they could be had.

pip-audit ends with 0 when its source knows none of the packages, as a mirror without advisories does: so what it looked
up is counted here, and nothing looked up is no clean bill.

    python -m tests.support.advisories PIP_AUDIT
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVICES = ("osv", "pypi")  # in this order: OSV has the advisories of GitHub as well
CLEAN, FOUND, UNKNOWN = 0, 1, 3  # exit codes


@dataclass(frozen=True)
class Audit:
    """`found` are lines about advisories; `skipped` packages that the source does not know."""

    service: str
    looked_up: int
    skipped: tuple[str, ...]
    found: tuple[str, ...]

    @classmethod
    def of(cls, service: str, report: dict[str, Any]) -> Audit:
        known = [each for each in report["dependencies"] if "skip_reason" not in each]
        skipped = tuple(each["name"] for each in report["dependencies"] if "skip_reason" in each)
        found = tuple(
            f"{each['name']} {each['version']}: {advisory['id']}, "
            f"mended in {', '.join(advisory['fix_versions']) or 'no version yet'}"
            for each in known
            for advisory in each["vulns"]
        )
        return cls(service, len(known), skipped, found)


def look_up(command: Sequence[str], service: str) -> dict[str, Any] | None:
    """pip-audit's report, None where its source cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = ["--requirement", str(ROOT / "constraints.txt"), "--no-deps", "--disable-pip", "--progress-spinner=off"]
        where = ["--vulnerability-service", service, "--format", "json", "--output", str(report)]
        subprocess.run([*command, *asked, *where], capture_output=True, check=False, timeout=600)
        if not report.is_file():
            return None
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found


def audit(reports: Callable[[str], dict[str, Any] | None], say: Callable[[str], None] = print) -> int:
    """Tells what the first source that knows anything says; returns the exit code."""
    for service in SERVICES:
        report = reports(service)
        done = Audit.of(service, report) if report else None
        if done is None or not done.looked_up:
            say(f"{service}: {'does not know the packages' if done else 'cannot be reached'}.")
            continue
        say(f"{service}: {done.looked_up} packages looked up, {len(done.found)} advisories.")
        for line in done.found:
            say(f"  {line}")
        if done.skipped:
            say(f"Not known there, and so not looked up: {', '.join(done.skipped)}.")
        return FOUND if done.found else CLEAN
    say("Nothing was looked up, so nothing is known: run this where the network is.")
    return UNKNOWN


if __name__ == "__main__":
    sys.exit(audit(lambda service: look_up(sys.argv[1:], service)))
