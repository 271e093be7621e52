"""A worker process: `python -m ingest.workers.worker` reads the files that its pool names, inside its limits.

The first frame from the pool is a pickled `Setup`, every later one names some files. A worker answers for each of them
with one frame and ends when its input does, so that none outlives its pool.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from ingest.errors import KestrelError, UsageError
from ingest.patience import watch
from ingest.workers.confinement import deny_network, limit_memory, limit_processor_time
from ingest.workers.parsing import Parser
from ingest.workers.wire import WireClosed, encode, encode_error, flush, put, receive, send

READY = b""
MORE_TIME = b"+"  # in place of an answer: the reader begins a part that has the whole time of a file
OUT_OF_MEMORY = 70  # exit status; EX_SOFTWARE of sysexits.h


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is told once. `memory` is bytes of address space, `seconds` processor time for one file."""

    parser: Parser
    memory: int
    seconds: int


def main() -> None:
    """Serve the pool at the other end of standard input and output until it closes them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's to handle
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    deny_network()
    try:
        _serve(sys.stdin.buffer, answers)
    except WireClosed:
        return
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # there may be no memory to leave in an orderly way


def _serve(tasks: IO[bytes], answers: IO[bytes]) -> None:
    try:
        setup = _setup(receive(tasks))
        send(answers, READY)
        watch(partial(_start_anew, answers, setup.seconds))
        while True:
            for path, uri in json.loads(receive(tasks)):
                limit_processor_time(setup.seconds)
                put(answers, encode(setup.parser.parse(Path(path), uri)))
            flush(answers)
    except KestrelError as error:
        send(answers, encode_error(error))


def _start_anew(answers: IO[bytes], seconds: int) -> None:
    limit_processor_time(seconds)
    send(answers, MORE_TIME)


def _setup(payload: bytes) -> Setup:
    try:
        setup: Setup = pickle.loads(payload)  # noqa: S301 - from our own pool, before any file is read
    except (AttributeError, ImportError) as error:
        raise UsageError(
            f"A worker process cannot load the chunker: {error}.", "Define it in a module that can be imported."
        ) from error
    limit_memory(setup.memory)
    return setup


if __name__ == "__main__":
    main()
