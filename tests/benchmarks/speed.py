"""Speed and memory beside llama-index's own pipeline: same files, same model, same chunk size, one run.

    python -m tests.benchmarks.speed [--json FILE] [--folder PDFS] [--repeat N]

Each figure is of whole processes started one after the other, ours and theirs in turn. Memory is the sum over all
processes of a side, sampled every 50 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.judged import DATA, northwind

ROOT = Path(__file__).resolve().parents[2]
THEIRS = [sys.executable, "-m", "tests.benchmarks.llama_index_side"]
INGEST = [sys.executable, "-m", "ingest"]
ASSISTANT = [sys.executable, "-m", "assistant"]


@dataclass(frozen=True, slots=True)
class Run:
    """One process and its children: seconds of wall clock and of processors, peak bytes, what it printed."""

    wall: float
    cpu: float
    peak: int
    output: str


def measured(command: Sequence[str], **environment: str) -> Run:
    """Run to the end. Raises when it fails: a benchmark of a failure is none."""
    before = os.times()
    started = time.perf_counter()
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | environment
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.DEVNULL, text=True
        )
        peak = _watch(process)
        wall = time.perf_counter() - started
        output.seek(0)
        text = output.read()
    if process.returncode not in (0, 8):
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {text}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(wall, cpu, peak, text)


def _watch(process: subprocess.Popen[str]) -> int:
    peak = 0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            family = [root, *root.children(recursive=True)]
            peak = max(peak, sum(member.memory_info().rss for member in family))
        except psutil.Error:
            continue
        time.sleep(0.05)
    return peak


def ingest(folder: Path, work: Path, repeat: int) -> dict[str, object]:
    ours: dict[str, list[Run]] = {"bf16": [], "f32": []}
    theirs = []
    for _ in range(repeat):
        theirs.append(measured([*THEIRS, "ingest", str(folder), str(_fresh(work / "theirs"))]))
        for precision, runs in ours.items():
            kb = _fresh(work / precision)
            embedder = ["--embedder", f"minilm:{precision}"]
            runs.append(measured([*INGEST, "add", str(folder), "--kb", str(kb), "--json", *embedder]))
    rows: dict[str, object] = {"llama-index": _row(theirs)}
    for precision, runs in ours.items():
        paired = [their.wall / our.wall for their, our in zip(theirs, runs, strict=True)]
        rows[f"kestrel {precision}"] = {**_row(runs), "times_faster": statistics.median(paired)}
    return rows


def cold_question(work: Path, repeat: int) -> dict[str, object]:
    question = "What protection does Contoso offer against balance billing?"
    ask = [*ASSISTANT, "ask", question, "--kb", str(work / "bf16"), "--json"]
    first = measured(ask, XDG_CACHE_HOME=str(_fresh(work / "cache")))
    ours, theirs = [], []
    for _ in range(max(3, repeat)):
        theirs.append(measured([*THEIRS, "ask", str(work / "theirs"), question]))
        ours.append(measured(ask))
    ratio = statistics.median(our.wall / their.wall for our, their in zip(ours, theirs, strict=True))
    return {"kestrel first": first.wall, "kestrel": _row(ours), "llama-index": _row(theirs), "ratio": ratio}


def warm_questions(work: Path) -> dict[str, float]:
    """Median milliseconds of retrieval in a running process, both sides over the same questions."""
    from ingest.knowledge_base import KnowledgeBase

    questions = [question.text for question in northwind(work).questions]
    listed = work / "questions.txt"
    listed.write_text("\n".join(questions), encoding="utf-8")
    theirs = json.loads(measured([*THEIRS, "warm", str(work / "theirs"), str(listed)]).output)["p50_ms"]
    seconds = []
    with KnowledgeBase.open(work / "bf16", read_only=True) as knowledge:
        for question in questions:
            started = time.perf_counter()
            knowledge.search(question, 10)
            seconds.append(time.perf_counter() - started)
    return {"kestrel": 1000 * statistics.median(seconds[3:]), "llama-index": theirs}


def unchanged(work: Path, files: int = 1000) -> dict[str, float]:
    """Seconds of `ingest add` over files that are all in already."""
    folder = _fresh(work / "many")
    folder.mkdir()
    for number in range(files):
        path = folder / f"note-{number:04}.txt"
        path.write_text(
            f"Note {number}. The meeting of day {number} was moved to room {number % 40}.", encoding="utf-8"
        )
        os.utime(path, (1.7e9, 1.7e9))
    kb = _fresh(work / "kb-many")
    command = [*INGEST, "add", str(folder), "--kb", str(kb), "--json"]
    first = measured(command)
    again = measured(command)
    assert json.loads(again.output)["unchanged"] == files
    return {"first": first.wall, "again": again.wall}


def start_up() -> dict[str, float]:
    commands = {"ingest --help": [*INGEST, "--help"], "assistant --help": [*ASSISTANT, "--help"]}
    return {name: min(measured(command).wall for _ in range(5)) for name, command in commands.items()}


def _row(runs: Sequence[Run]) -> dict[str, float]:
    return {
        "wall": statistics.median(run.wall for run in runs),
        "cpu": statistics.median(run.cpu for run in runs),
        "peak_mb": statistics.median(run.peak for run in runs) / 1e6,
    }


def _fresh(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=DATA / "northwind_hr" / "pdfs", help="PDFs to ingest")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.exit(0, f"skipped: no PDFs at {arguments.folder}\n")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        figures = {"load_before": os.getloadavg()[0], "start_up": start_up(), "unchanged_1000": unchanged(work)}
        figures["ingest"] = ingest(arguments.folder, work, arguments.repeat)
        figures["cold_question"] = cold_question(work, arguments.repeat)
        figures["warm_search_ms"] = warm_questions(work)
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
