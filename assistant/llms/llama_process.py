"""llama.cpp's server in a process of its own, which lives no longer than the one that started it.

In a thread of this process it can be neither loaded nor ended safely: `xllamacpp` does both with the interpreter's lock
held, and its end waits for open requests, whose connections only a thread that gets the lock can close. A process also
gives back every byte of the model's memory, and its crash is an error of one answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from typing import IO

from assistant.llms import llama_child
from assistant.llms.llama_child import Settings
from ingest.errors import MissingExtra, UsageError

# -P: the working folder holds documents, and a json.py among them must not be imported.
COMMAND = (sys.executable, "-P", llama_child.__file__)
_LAST_WORDS = 500  # characters of llama.cpp's own messages that an error tells


class LlamaProcess:
    """Started, with the model loaded. `url` is the server's root; /health, /props, /tokenize and /v1 are below it.

    `close` ends it at once, as do the end of the object and that of this process. Raises `MissingExtra`, and
    `UsageError` when the model cannot be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        if find_spec("xllamacpp") is None:
            raise MissingExtra(
                "A GGUF model needs the package 'xllamacpp'.", "Run: pip install 'kestrel-assistant[local]'"
            )
        with tempfile.TemporaryFile() as log:
            self.process = _spawn(log)
            self._end = weakref.finalize(self, _end, self.process, os.getpid())
            try:
                self.url = _address(self.process, settings, log)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        self._end()


def _spawn(log: IO[bytes]) -> subprocess.Popen[bytes]:
    """In a process group of its own: Ctrl-C reaches this process alone."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        process_group=None if sys.platform == "win32" else 0,
    )


def _address(process: subprocess.Popen[bytes], settings: Settings, log: IO[bytes]) -> str:
    """Waits until the model is loaded."""
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018
    with suppress(BrokenPipeError):  # it died: its output says so by ending
        process.stdin.write(json.dumps(asdict(settings)).encode() + b"\n")
        process.stdin.flush()
    line = process.stdout.readline()
    process.stdout.close()
    answer = json.loads(line) if line else {"error": f"its process ended with status {process.wait()}"}
    if "error" in answer:
        log.seek(0)
        words = " ".join(log.read().decode(errors="replace").split())[-_LAST_WORDS:]
        raise UsageError(
            f"llama.cpp cannot load {settings.path}: {answer['error'].rstrip('.')}{f' ({words})' if words else ''}.",
            "Check the file, and the free memory.",
        )
    return str(answer["url"])


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    """In a fork of the owner there is nothing to end: the model is still the owner's."""
    if os.getpid() != owner:
        return
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(OSError):
                stream.close()
