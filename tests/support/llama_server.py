"""llama.cpp's own OpenAI-compatible server in this process, on a port of the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ERRORS_ONLY = 1  # llama.cpp's verbosity; it writes to stderr


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """`url` is the server's root: /health, /props, /tokenize and /v1 are below it. `window` in tokens."""

    url: str
    model: str
    window: int


@contextmanager
def serving_gguf(path: Path, model: str, window: int, chat_template: str = "") -> Iterator[LlamaServer]:
    """Loads a GGUF file (0.02 s for a small one) and serves it under the name `model` until the block ends."""
    from xllamacpp import CommonParams, Server

    parameters: Any = CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {model}
    parameters.n_ctx = window
    parameters.n_parallel = 1  # slots would share the window
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0  # any that is free
    parameters.verbosity = _ERRORS_ONLY
    parameters.ui = False
    parameters.sse_ping_interval = 1  # seconds; also how long a request that was given up holds up the end
    if chat_template:
        parameters.chat_template = chat_template
        parameters.use_jinja = True
    native: Any = Server(parameters)
    try:
        yield LlamaServer(native.listening_address, model, window)
    finally:
        del native  # the binding ends the server when the last reference goes
