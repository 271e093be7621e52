"""What it costs when workers compute with all processors each, beside their share: the same texts, the same processes.

    python -m tests.benchmarks.thread_shares [--processes N …] [--texts N]

So many processes embed at once, in turns: all, share, share, all. Loading is not in the figures. minilm runs on
OpenVINO; st is the same model on torch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from ingest.chunkers import open_chunker
from ingest.documents import Document
from ingest.embedders import open_embedder
from ingest.embedders.minilm import MiniLM
from ingest.embedders.packaged_model import folder as packaged_model
from ingest.processors import processors
from tests.benchmarks.judged import DATA

Embed = Callable[[int, Sequence[str]], object]


def child(name: str) -> None:
    """Reads the texts, then a number of threads a line; answers each with seconds by the clock and of processors."""
    texts = json.loads(sys.stdin.readline())
    embed = _minilm() if name == "minilm" else _torch()
    for threads in (1, processors()):
        embed(threads, texts[:4])
    print("ready", flush=True)
    for line in sys.stdin:
        before, began = time.process_time(), time.perf_counter()
        embed(int(line), texts)
        print(json.dumps([time.perf_counter() - began, time.process_time() - before]), flush=True)


def _minilm() -> Embed:
    made = {threads: MiniLM(threads=threads) for threads in {1, processors()}}
    return lambda threads, texts: made[threads].embed_documents(texts)


def _torch() -> Embed:
    import torch

    embedder = open_embedder(f"st:{packaged_model()}")

    def embed(threads: int, texts: Sequence[str]) -> object:
        torch.set_num_threads(threads)
        return embedder.embed_documents(texts)

    return embed


def measure(name: str, count: int, texts: Sequence[str]) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.thread_shares", "--child", name]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        for each in children:
            _say(each, json.dumps(texts))
        for each in children:
            _hear(each)
        sums = {"share": [0.0, 0.0], "all": [0.0, 0.0]}
        for way in ("all", "share", "share", "all"):
            threads = processors() if way == "all" else max(1, processors() // count)
            for each in children:
                _say(each, str(threads))
            told = [json.loads(_hear(each)) for each in children]
            sums[way][0] += max(wall for wall, _ in told)
            sums[way][1] += sum(processor for _, processor in told)
    finally:
        for each in children:
            each.kill()
            each.communicate()
    fast, slow = (2 * count * len(texts) / sums[way][0] for way in ("share", "all"))
    busy = f"{sums['all'][1]:.1f} | {sums['share'][1]:.1f} | {os.getloadavg()[0]:.1f}"
    print(f"| {name}, {count} processes | {slow:.0f} | {fast:.0f} | {fast / slow:.2f} | {busy} |", flush=True)


def _say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--texts", type=int, default=128, help="chunks of chunking_eval for each process")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return child(arguments.child)
    if not DATA.is_dir():
        parser.exit(0, f"skipped: no texts at {DATA}\n")
    text = (DATA / "chunking_eval" / "corpora" / "finance.md").read_text(encoding="utf-8")[: 2000 * arguments.texts]
    spans = open_chunker("sentence", MiniLM()).split(Document("", text, "finance.md"))[: arguments.texts]
    texts = [text[span.start : span.end] for span in spans]
    print("| | all: chunks a second | share | times | all: seconds of processors | share | load |")
    print("|---|---|---|---|---|---|---|")
    for name in ("minilm", "st"):
        for count in arguments.processes:
            measure(name, count, texts)
    return None


if __name__ == "__main__":
    main()
