"""llama.cpp's own OpenAI-compatible server, on a port of the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.llms.llama_child import Settings
from assistant.llms.llama_process import LlamaProcess


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """`url` is the server's root: /health, /props, /tokenize and /v1 are below it. `window` in tokens."""

    url: str
    model: str
    window: int


@contextmanager
def serving_gguf(path: Path, model: str, window: int, chat_template: str = "") -> Iterator[LlamaServer]:
    """Loads a GGUF file and serves it under the name `model` until the block ends."""
    process = LlamaProcess(Settings(str(path), window, name=model, chat_template=chat_template))
    try:
        yield LlamaServer(process.url, model, window)
    finally:
        process.close()
