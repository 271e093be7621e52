"""A GGUF model inside this process, no server to start: `gguf:PATH`, with the extra `[local]`.

llama.cpp runs as the native server of `xllamacpp` on a port of the loopback that is guarded by a key made for it, so
everything that holds for a served model (deadlines, cancelling, counting, the final event) holds for this one too.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from assistant.answers import ModelProfile
from assistant.llms.address import Address
from assistant.llms.deadline import Timeouts
from assistant.llms.gguf_file import Header, read_header, with_window
from assistant.llms.openai_compatible import OpenAICompatible
from assistant.llms.served import Options, ServedModel
from assistant.profiles import builtin_profiles, check_same_model, profile_named, profile_of
from assistant.protocols import LLM
from ingest.errors import MissingExtra, UsageError

# A processor reads some 10 to 500 tokens of a prompt a second: minutes for a full window, and nobody else waits for it.
PATIENT = Timeouts(total=7200.0, first_token=3600.0, between_tokens=300.0)
_ERRORS_ONLY = 1  # llama.cpp's verbosity; it writes to stderr


def open_gguf(path: str, options: Options) -> LLM:
    """The model of a GGUF file. Loading takes seconds to minutes, by its size."""
    return LocalModel(Path(path).expanduser(), options)


class LocalModel(ServedModel):
    """See `assistant.protocols.LLM`. The model is loaded at once, and freed by `close` or with the object."""

    def __init__(self, path: Path, options: Options) -> None:
        header = read_header(path)
        profile = _profile(path, header, options)
        if profile.models:  # a known model; of any other, the file tells the window
            path = with_window(path, header, profile.window)
        self._server = _start(path, profile)
        address = Address(f"{self._server.url}/v1", self._server.key)
        served = Options(profile, options.tokenizer, timeouts=options.timeouts or PATIENT, any_model=True)
        super().__init__(OpenAICompatible(address, any_model=True), served)

    def close(self) -> None:
        """Ends the server and gives the model's memory back."""
        self._server.close()


class _LlamaServer:
    """llama.cpp's server in this process. `close` waits until it has ended."""

    def __init__(self, parameters: Any, key: str) -> None:
        from xllamacpp import Server

        self._native: Any = Server(parameters)
        self.url: str = self._native.listening_address
        self.key = key

    def close(self) -> None:
        self._native = None  # the binding ends it when the last reference goes


def _profile(path: Path, header: Header, options: Options) -> ModelProfile:
    """The one asked for, unless the file's name or its own shows another; else the one that fits; else `chat`."""
    names = tuple(name for name in (header.name, path.stem) if name)
    if options.profile is None:
        found = (profile_of(name, builtin_profiles().values()) for name in names)
        return next((profile for profile in found if profile), profile_named("chat"))
    if not options.any_model and any(profile_of(name, builtin_profiles().values()) for name in names):
        check_same_model(options.profile, names, str(path))
    return options.profile


def _start(path: Path, profile: ModelProfile) -> _LlamaServer:
    try:
        from xllamacpp import CommonParams
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "A GGUF model needs the package 'xllamacpp'.", "Run: pip install 'kestrel-assistant[local]'"
        ) from error
    parameters = CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = profile.window if profile.models else 0  # 0: what the file states
    if profile.serving.rope_base:
        parameters.rope_freq_base = profile.serving.rope_base
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0  # any that is free
    key = secrets.token_urlsafe(32)
    parameters.api_keys = [key]
    parameters.n_parallel = 1  # slots would share the window
    parameters.sse_ping_interval = 1  # seconds; also how long a request that was given up holds up `close`
    parameters.ui = False
    parameters.verbosity = _ERRORS_ONLY
    try:
        return _LlamaServer(parameters, key)
    except RuntimeError as error:
        raise UsageError(f"llama.cpp cannot load {path}: {error}.", "Check the file, and the free memory.") from error
