"""The process that holds a GGUF model: llama.cpp's server, run as a script by `assistant.llms.llama_process`.

It reads its settings from the first line of its standard input, writes where it listens as one line of JSON, and ends
when its input is closed: by its parent, or by the system when the parent died, however that happened. It imports
nothing of Kestrel, and so starts in a tenth of a second.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

_ERRORS_ONLY = 1  # llama.cpp's verbosity; it writes to stderr


@dataclass(frozen=True, slots=True)
class Settings:
    """`window` in tokens, 0 for what the file states; `rope_base` and `chat_template` only where the file lacks them.

    Requests need the `key`, unless it is empty. `name` is what the model is called; "" for the file's name.
    """

    path: str
    window: int = 0
    rope_base: float | None = None
    key: str = ""
    name: str = ""
    chat_template: str = ""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which may go on
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints, the pipe carries one line
    settings = Settings(**json.loads(sys.stdin.buffer.readline()))
    answer, server = _started(settings)
    os.write(answers, json.dumps(answer).encode() + b"\n")
    os.close(answers)
    if server is not None:
        sys.stdin.buffer.read()
    # Dropping the server would wait for its open requests with the interpreter's lock held.
    os._exit(0 if server is not None else 1)


def _started(settings: Settings) -> tuple[dict[str, str], Any]:
    """Where the server listens, or why it does not; and the server, which ends with its last reference."""
    from xllamacpp import CommonParams, Server

    try:
        server = Server(_parameters(CommonParams(), settings))
    except RuntimeError as error:
        return {"error": str(error)}, None
    return {"url": server.listening_address}, server


def _parameters(parameters: Any, settings: Settings) -> Any:
    parameters.model.path = settings.path
    parameters.n_ctx = settings.window
    if settings.rope_base:
        parameters.rope_freq_base = settings.rope_base
    if settings.name:
        parameters.model_alias = {settings.name}
    if settings.chat_template:
        parameters.chat_template = settings.chat_template
        parameters.use_jinja = True
    if settings.key:
        parameters.api_keys = [settings.key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0  # any that is free
    parameters.n_parallel = 1  # slots would share the window
    parameters.sse_ping_interval = 1  # seconds; also how long a request that was given up occupies the model
    parameters.ui = False
    parameters.verbosity = _ERRORS_ONLY
    return parameters


if __name__ == "__main__":
    main()
