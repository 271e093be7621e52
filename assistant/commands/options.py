"""Flags that the commands of the assistant share: what is searched, which model answers, how its window is filled."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ingest.console import embedder_option, gathered, json_option, knowledge_base_option

if TYPE_CHECKING:
    from assistant.assistant import Assistant, Expansion
    from assistant.packing import PackingOptions
    from assistant.protocols import LLM
    from ingest.documents import Filter

KEY_VARIABLE = "KESTREL_LLM_KEY"
KEPT = ("embedder", "reranker", "expand", "max_risk")  # of SearchOptions, with an answer
LLM_HELP = (
    "extractive: built in, answers in the documents' own words. tgi:URL, openai:URL#MODEL, gguf:PATH: "
    "a served model writes the answer."
)


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What was said on the command line, or in the settings, about the model."""

    llm: str
    profile: str | None = None
    tokenizer: Path | None = None
    mode: Literal["auto", "chunks", "whole"] = "auto"
    budget: int | None = None
    reserve: int | None = None
    any_model: bool = False

    def packing(self) -> PackingOptions:
        from assistant.packing import PackingOptions

        return PackingOptions(self.mode, self.budget, self.reserve)

    def open(self) -> str | LLM:
        """What `Assistant.open` takes: the built-in answerer's name, or the model."""
        if self.llm == "extractive":
            return self.llm
        from assistant.llms import open_llm

        key = os.environ.get(KEY_VARIABLE, "")  # never a flag: every user of a machine sees command lines
        return open_llm(self.llm, self.profile, tokenizer=self.tokenizer, key=key, any_model=self.any_model)

    def counter(self) -> LLM:
        """A model that is only asked to count: no server is spoken to unless one was named."""
        if self.llm != "extractive":
            model = self.open()
            assert not isinstance(model, str)
            return model
        from assistant.counting import TokenizerFile, cached_tokenizer
        from assistant.llms.scripted import ScriptedModel
        from assistant.profiles import profile_named

        profile = profile_named(self.profile or "falconlite2")
        tokenizer = (
            TokenizerFile(self.tokenizer, profile.control_tokens) if self.tokenizer else cached_tokenizer(profile)
        )
        return ScriptedModel([], profile, tokenizer)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What was said on the command line about the knowledge base, and about what is searched there and how."""

    kb: Path
    embedder: str | None = None
    sources: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    reranker: str | None = None
    expand: Expansion = "off"
    max_risk: float | None = None

    @property
    def only(self) -> Filter | None:
        """Raises `UsageError` for metadata that is not KEY=VALUE."""
        from ingest.filtering import parse_filter

        return parse_filter(self.sources, self.metadata)

    def opened(self, model: ModelOptions, llm: LLM | None = None) -> Assistant:
        """The assistant of these and of `model`, for which `llm` can stand in."""
        from assistant.assistant import Assistant

        return Assistant.open(
            self.kb,
            llm=llm or model.open(),
            embedder=self.embedder,
            reranker=self.reranker,
            expand=self.expand,
            packing=model.packing(),
            max_risk=self.max_risk,
            read_only=True,
        )


passages_option = click.option(
    "-k", "--passages", type=click.IntRange(1), help="How many to look for. Default: as many as can be made use of."
)

keep_option = click.option(
    "--keep/--no-keep",
    "kept",
    default=True,
    envvar="KESTREL_KEEP",
    show_default=True,
    show_envvar=True,
    help="Write the answer down beside the knowledge base, for `assistant history`.",
)


def settings_of(model: ModelOptions, search: SearchOptions) -> dict[str, Any]:
    """What a kept answer must know of its flags to be asked again: plain values, without the folder and the filter."""
    flags = {field.name: getattr(model, field.name) for field in fields(ModelOptions)}
    searched = {name: getattr(search, name) for name in KEPT}
    return {**flags, **searched, "tokenizer": str(model.tokenizer.absolute()) if model.tokenizer else None}


model_options = gathered(
    ModelOptions,
    "model",
    (
        click.option(
            "--llm",
            metavar="SPEC",
            envvar="KESTREL_LLM",
            default="extractive",
            show_default=True,
            show_envvar=True,
            help=LLM_HELP,
        ),
        click.option(
            "--profile",
            metavar="NAME",
            envvar="KESTREL_PROFILE",
            show_envvar=True,
            help="The served model, of `assistant models` or a FILE.toml. Default: found out from the server.",
        ),
        click.option(
            "--tokenizer",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            envvar="KESTREL_TOKENIZER",
            show_envvar=True,
            help="The served model's tokenizer.json, for exact counts without asking the server.",
        ),
        click.option(
            "--mode",
            type=click.Choice(["auto", "chunks", "whole"]),
            default="auto",
            show_default=True,
            help="Whole documents or passages. auto: whole ones where they fit and the model is known to cope.",
        ),
        click.option(
            "--budget", type=click.IntRange(1), metavar="TOKENS", help="Longest prompt. Default: the full window."
        ),
        click.option(
            "--reserve", type=click.IntRange(1), metavar="TOKENS", help="Kept for the answer. Default: the profile's."
        ),
        click.option("--any-model", is_flag=True, help="Do not ask whether the server serves the model of --profile."),
    ),
)

_search_options = gathered(
    SearchOptions,
    "search",
    (
        click.option("--source", "sources", multiple=True, metavar="GLOB", help="Only from these sources; repeatable."),
        click.option(
            "--where", "metadata", multiple=True, metavar="KEY=VALUE", help="Only where metadata says so; repeatable."
        ),
        click.option("--reranker", metavar="MODEL", help="A sentence-transformers cross-encoder for a second look."),
        click.option(
            "--expand",
            type=click.Choice(["off", "words", "model"]),
            default="off",
            show_default=True,
            help="Search with further queries: with words of the first finds, or with wordings of the model.",
        ),
        click.option(
            "--max-risk",
            type=click.FloatRange(0, 1, min_open=True),
            metavar="R",
            help="Answer only where at most this share was wrong on your questions. Needs: python -m eval calibrate.",
        ),
        embedder_option,
        json_option,
        knowledge_base_option,
    ),
)


def answer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Every flag of a command that answers from a knowledge base, as `model`, `search` and `as_json`."""
    return model_options(_search_options(command))
