"""Language models by name: `tgi:URL`, `openai:URL#model`, `gguf:PATH`, `scripted:FILE`, or `module:function`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.errors import UnknownPart, UsageError
from ingest.plain import without_secrets
from ingest.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.answers import ModelProfile
    from assistant.llms.deadline import Timeouts
    from assistant.protocols import LLM

LLMS = Registry(
    "llms",
    {
        "tgi": "assistant.llms.tgi:open_tgi",
        "openai": "assistant.llms.openai_compatible:open_openai",
        "gguf": "assistant.llms.gguf:open_gguf",
        "extractive": "assistant.llms.extractive:ExtractiveAnswerer",  # a value of --llm, but no language model
        "scripted": "assistant.llms.scripted:open_scripted",
    },
)

_PART = re.compile(r"[\w.]+:\w+")  # module:function


def open_llm(
    specification: str,
    profile: str | ModelProfile | None = None,
    *,
    tokenizer: Path | None = None,
    key: str = "",
    timeouts: Timeouts | None = None,
    any_model: bool = False,
) -> LLM:
    """The model that a specification names; no request is sent before its first use.

    `profile` is a name of `assistant models`, a file of profiles, or a profile; None finds it out from the server.
    `tokenizer` is the model's `tokenizer.json`, for exact counts. `key` is sent as a bearer token. Raises `UsageError`
    for a malformed specification, `UnknownPart` and `MissingExtra`.
    """
    from assistant.llms.served import Options
    from assistant.profiles import profile_named

    name, separator, place = specification.partition(":")
    if name == "extractive":
        raise UsageError("'extractive' answers without a language model, so there is none to open.")
    if name in LLMS.names():
        if not place:
            raise UsageError(f"{specification!r} names no place.", f"Write it as {name}:PLACE, see `assistant models`.")
    else:
        if separator and not _PART.fullmatch(specification):
            shown = f"{name}:{without_secrets(place)}"
            raise UnknownPart(
                f"No module named {name!r} for the llms {shown!r}.",
                f"Known: {', '.join(LLMS.names())}, module:function.",
            )
        name, place = specification, ""
        if not separator:
            LLMS.load(name)  # raises, with the names that there are
    known = profile_named(profile) if isinstance(profile, str) else profile
    options = Options(known, tokenizer, key, timeouts, any_model)
    model: LLM = LLMS.load(name)(place, options)
    return model
