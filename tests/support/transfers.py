"""An export or an import in a process of its own, so that it can be killed: small pieces, each told as it gets done.

    python -m tests.support.transfers export|import KB FILE SECONDS [BYTES]

It rests SECONDS after each piece; no file may grow beyond BYTES: SIGXFSZ ends it inside the write that would.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from ingest import transfer
from ingest.store import open_store

PIECE_CHUNKS = 20


def main() -> None:
    kind, location, path, seconds, *limit = sys.argv[1:]
    transfer.PIECE_CHUNKS = PIECE_CHUNKS
    store = open_store(location, create=kind == "import", read_only=kind == "export")
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it otherwise
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    steps = transfer.export(store, Path(path)) if kind == "export" else transfer.import_file(store, Path(path))
    for step in steps:
        print(step, flush=True)
        time.sleep(float(seconds))


def run(kind: str, location: str | Path, path: Path, *, kill_at: int = -1, limit: int | None = None) -> tuple[int, int]:
    """The status of the process, and the last number of documents that it told.

    It is killed with SIGKILL, wherever it is, once it has told `kill_at` documents or more.
    """
    pause = "0.01" if kill_at >= 0 else "0"
    arguments = [kind, str(location), str(path), pause, *([str(limit)] if limit is not None else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.transfers", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = 0
    with process, process.stdout:
        for line in process.stdout:
            told = int(line) if line.strip().isdigit() else told
            if 0 <= kill_at <= told:
                process.kill()
                kill_at = -1
    return process.returncode, told


if __name__ == "__main__":
    main()
