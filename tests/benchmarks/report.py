"""Runs every benchmark and writes its table into the README.

    python -m tests.benchmarks.report [--repeat N] [--only speed|quality]

What `make bench` does. Speed is a ratio to llama-index's own pipeline in the same run; quality is on the half of each
set of questions on which nothing was chosen. The figures themselves go to `docs/benchmarks.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs" / "benchmarks.json"
README = ROOT / "README.md"
START, END = "<!-- benchmark:start -->", "<!-- benchmark:end -->"


def run(name: str, *arguments: str) -> dict[str, Any]:
    """One benchmark in a process of its own, so that none sees what another has loaded."""
    target = ROOT / "docs" / f".{name}.json"
    subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", "--json", str(target), *arguments], cwd=ROOT, check=True
    )
    if not target.exists():
        return {}
    figures: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    target.unlink()
    return figures


def machine() -> dict[str, Any]:
    from ingest.embedders.openvino_runtime import core, processor

    return {
        "date": date.today().isoformat(),
        "processor": core().get_property("CPU", "FULL_DEVICE_NAME"),
        "cores": os.cpu_count(),
        "bf16": processor().bf16,
        "python": platform.python_version(),
    }


def table(figures: dict[str, Any]) -> Iterator[str]:
    """The README's block, line by line."""
    where = figures["machine"]
    yield f"Measured by `make bench` on {where['date']}: {where['processor']}, {where['cores']} shared cores."
    if speed := figures.get("speed"):
        yield from (
            "",
            "| beside llama-index: same model, files, chunk size | Kestrel | llama-index | ratio |",
            "|---|---|---|---|",
        )
        yield from (f"| {' | '.join(row)} |" for row in _speed(speed))
    if quality := figures.get("quality"):
        yield from (
            "",
            "| retrieval on real questions | questions | found (all questions) | search |",
            "|---|---|---|---|",
        )
        yield from (f"| {' | '.join(row)} |" for row in _quality(quality))


def _speed(speed: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    ingest, cold, warm = speed["ingest"], speed["cold_question"], speed["warm_search_ms"]
    theirs = ingest["llama-index"]
    for name, precision in (("kestrel bf16", "bf16"), ("kestrel f32", "fp32")):
        ours = ingest[name]
        faster = f"{ours['times_faster']:.1f} × faster"
        yield f"ingest of 263 PDF pages, {precision}", _seconds(ours["wall"]), _seconds(theirs["wall"]), faster
    yield _compared("– processor time, bf16", ingest["kestrel bf16"]["cpu"], theirs["cpu"], _seconds)
    yield _compared(
        "– peak memory of all processes, bf16", ingest["kestrel bf16"]["peak_mb"], theirs["peak_mb"], _megabytes
    )
    other = cold["llama-index"]["wall"]
    yield _compared("first question after installation, new process", cold["kestrel first"], other, _seconds)
    yield _compared("any later one (we answer, they retrieve)", cold["kestrel"]["wall"], other, _seconds)
    yield _compared("search in a running process, median", warm["kestrel"], warm["llama-index"], _milliseconds)
    yield "`ingest add` of 1,000 unchanged files", _seconds(speed["unchanged_1000"]["again"]), "", ""
    yield "`ingest --help`", _seconds(speed["start_up"]["ingest --help"]), "", ""


def _quality(quality: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, row in quality.items():
        for metric, halves in row.items():
            if isinstance(halves, dict):
                found = f"{halves['reported']:.3f} ({halves['all']:.3f})"
                yield f"{name}: {metric}", str(row["questions"]), found, _milliseconds(row["search_ms_p50"])


def _compared(name: str, ours: float, theirs: float, unit: Callable[[float], str]) -> tuple[str, ...]:
    return name, unit(ours), unit(theirs), f"{ours / theirs:.2f}"


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.2f} s"


def _milliseconds(value: float) -> str:
    return f"{value:.0f} ms"


def _megabytes(value: float) -> str:
    return f"{value:.0f} MB"


def publish(lines: list[str]) -> None:
    """Put the table between the README's two marks."""
    before, _, rest = README.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{START}\n{chr(10).join(lines)}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each side")
    parser.add_argument("--only", choices=["speed", "quality"])
    arguments = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    figures["machine"] = machine()
    if arguments.only != "quality":
        figures["speed"] = run("speed", "--repeat", str(arguments.repeat))
    if arguments.only != "speed":
        figures["quality"] = run("quality")
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    publish(list(table(figures)))


if __name__ == "__main__":
    main()
