"""A GGUF model of Kestrel's own, no server to start: `gguf:PATH`, with the extra `[local]`.

llama.cpp runs beside this process on a port of the loopback that is guarded by a key made for it, so everything that
holds for a served model (deadlines, cancelling, counting, the final event) holds for this one too.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from assistant.answers import ModelProfile
from assistant.llms.address import Address
from assistant.llms.deadline import Timeouts
from assistant.llms.gguf_file import Header, read_header, with_window
from assistant.llms.llama_child import Settings
from assistant.llms.llama_process import LlamaProcess
from assistant.llms.openai_compatible import OpenAICompatible
from assistant.llms.served import Options, ServedModel
from assistant.profiles import builtin_profiles, check_same_model, profile_named, profile_of
from assistant.protocols import LLM

# A processor reads some 10 to 500 tokens of a prompt a second: minutes for a full window, and nobody else waits for it.
PATIENT = Timeouts(total=7200.0, first_token=3600.0, between_tokens=300.0)


def open_gguf(path: str, options: Options) -> LLM:
    """The model of a GGUF file. Loading takes seconds to minutes, by its size."""
    return LocalModel(Path(path).expanduser(), options)


class LocalModel(ServedModel):
    """See `assistant.protocols.LLM`. The model is loaded at once.

    Its memory is given back by `close`, which ends open streams as incomplete, or with the object and its last stream.
    """

    def __init__(self, path: Path, options: Options) -> None:
        header = read_header(path)
        profile = _profile(path, header, options)
        if profile.models:  # a known model; of any other, the file tells the window
            path = with_window(path, header, profile.window)
        key = secrets.token_urlsafe(32)
        window = profile.window if profile.models else 0
        self._server = LlamaProcess(Settings(str(path), window, profile.serving.rope_base, key))
        address = Address(f"{self._server.url}/v1", key)
        served = Options(profile, options.tokenizer, timeouts=options.timeouts or PATIENT, any_model=True)
        super().__init__(OpenAICompatible(address, any_model=True), served)

    def close(self) -> None:
        self._server.close()


def _profile(path: Path, header: Header, options: Options) -> ModelProfile:
    """The one asked for, unless the file's name or its own shows another; else the one that fits; else `chat`."""
    names = tuple(name for name in (header.name, path.stem) if name)
    if options.profile is None:
        found = (profile_of(name, builtin_profiles().values()) for name in names)
        return next((profile for profile in found if profile), profile_named("chat"))
    if not options.any_model and any(profile_of(name, builtin_profiles().values()) for name in names):
        check_same_model(options.profile, names, str(path))
    return options.profile
